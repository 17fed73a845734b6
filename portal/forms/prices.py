"""The form of new prices, of a list that is there or of a new one."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from billing.queries.price_lists import PriceList
from portal.forms.fields import SeenForm, date_line, line, mono_area, select


class PricesForm(SeenForm):
    """The fields are `ask_prices`' arguments, but for the day, which begins at 00:00 UTC."""

    code = forms.SlugField(
        label=_("Short name"), max_length=80, widget=line(spellcheck="false"),
        help_text=_("A new one makes a new price list; it never changes."),
    )  # fmt: skip
    name = forms.CharField(label=_("Name"), max_length=120, required=False, widget=line())
    currency = forms.CharField(label=_("Currency"), min_length=3, max_length=3, initial="USD",
                               widget=line())  # fmt: skip
    audience = forms.ChoiceField(
        label=_("For"), widget=select(),
        choices=[("everyone", _("everyone: retail prices")),
                 ("internal", _("us: what usage costs"))],
    )  # fmt: skip
    day = forms.DateField(
        label=_("In force from"), help_text=_("The first day, from 00:00 UTC."), widget=date_line(),
    )  # fmt: skip
    lines = forms.CharField(
        label=_("Prices"), max_length=20_000, widget=mono_area(6),
        help_text=_("One a line: a meter and its price per unit, or a rate as JSON (tiers, "
                    "packages, what is included)."),
    )  # fmt: skip

    @classmethod
    def of(cls, row: PriceList) -> PricesForm:
        """The form of new prices of a list."""
        card = row.card
        return cls(prefix=card.code, initial={
            "code": card.code, "name": card.name, "currency": card.currency,
            "audience": card.audience, "lines": row.lines, "seen": row.mark,
        })  # fmt: skip
