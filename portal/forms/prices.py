"""The form of new prices, of a list that is there or of a new one."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from billing.queries.price_lists import PriceList


def _input(**attrs: Any) -> forms.TextInput:
    return forms.TextInput(attrs={"class": "input", "autocomplete": "off", **attrs})


class PricesForm(forms.Form):
    """The fields are `ask_prices`' arguments, but for the day, which begins at 00:00 UTC."""

    code = forms.SlugField(
        label=_("Short name"), max_length=80, widget=_input(spellcheck="false"),
        help_text=_("A new one makes a new price list; it never changes."),
    )  # fmt: skip
    name = forms.CharField(label=_("Name"), max_length=120, required=False, widget=_input())
    currency = forms.CharField(label=_("Currency"), min_length=3, max_length=3, initial="USD",
                               widget=_input())  # fmt: skip
    audience = forms.ChoiceField(
        label=_("For"), widget=forms.Select(attrs={"class": "select"}),
        choices=[("everyone", _("everyone: retail prices")),
                 ("internal", _("us: what usage costs"))],
    )  # fmt: skip
    day = forms.DateField(
        label=_("In force from"), help_text=_("The first day, from 00:00 UTC."),
        widget=forms.DateInput(attrs={"class": "input", "type": "date"}, format="%Y-%m-%d"),
    )  # fmt: skip
    lines = forms.CharField(
        label=_("Prices"), max_length=20_000,
        widget=forms.Textarea(attrs={"class": "textarea mono", "rows": 6, "spellcheck": "false"}),
        help_text=_("One a line: a meter and its price per unit, or a rate as JSON (tiers, "
                    "packages, what is included)."),
    )  # fmt: skip

    @classmethod
    def of(cls, row: PriceList) -> PricesForm:
        """The form of new prices of a list."""
        card = row.card
        return cls(prefix=card.code, initial={
            "code": card.code, "name": card.name, "currency": card.currency,
            "audience": card.audience, "lines": row.lines,
        })  # fmt: skip
