"""Forms of what finance enters: an exchange rate, a country's tax rate, a party's tax status."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from portal import words
from portal.forms.fields import date_line, line, select
from portal.forms.own_ids import OwnIdsForm


class _Upper(forms.CharField):
    def clean(self, value: Any) -> str:
        """Codes are capital letters; whoever types small ones means them."""
        return str(super().clean(value)).upper()


LAST_DAY = _("A month's documents take what holds on its last day.")


class FxForm(OwnIdsForm):
    """One unit of `base` in `quote` on a day; the fields are `ask_fx_rate`'s arguments."""

    day = forms.DateField(
        label=_("Day"), widget=date_line(),
        help_text=LAST_DAY,
    )  # fmt: skip
    base = _Upper(label=_("One unit of"), min_length=3, max_length=3, initial="USD",
                  widget=line())  # fmt: skip
    quote = _Upper(label=_("in"), min_length=3, max_length=3, widget=line(placeholder="EUR"))
    rate = forms.DecimalField(label=_("Rate"), max_digits=24, decimal_places=12,
                              widget=line(inputmode="decimal", placeholder="0.92"))  # fmt: skip


class TaxForm(OwnIdsForm):
    """A country's rate from a day on; the fields are `ask_tax_rate`'s arguments."""

    country = _Upper(label=_("Country"), min_length=2, max_length=2,
                     widget=line(placeholder="DE"))  # fmt: skip
    label = forms.CharField(label=_("Called"), max_length=40, initial="VAT", widget=line())
    percent = forms.DecimalField(label=_("Percent"), min_value=0, max_value=100, max_digits=7,
                                 decimal_places=4, widget=line(inputmode="decimal"))  # fmt: skip
    valid_from = forms.DateField(label=_("From"), widget=date_line(), help_text=LAST_DAY)


class StatusForm(OwnIdsForm):
    """How a party is taxed from a day on; the fields are `ask_party_status`'s arguments."""

    slug = forms.ChoiceField(label=_("Partner"), widget=select())
    external_id = forms.CharField(
        label=_("Customer"), max_length=200, required=False, widget=line(),
        help_text=_("The partner's own id of it. Empty: the partner itself."),
    )  # fmt: skip
    treatment = forms.ChoiceField(label=_("Taxed by"), choices=list(words.TREATMENTS.items()),
                                  widget=select())  # fmt: skip
    charges = forms.ChoiceField(
        label=_("On"), choices=list(words.CHARGES.items()), required=False, widget=select(),
        help_text=_("Fees and usage can be taxed apart; an invoice then prints several rates. What "
                    "a partner is paid is taxed as its own sale, on its statement."),
    )  # fmt: skip
    country = _Upper(label=_("Country"), max_length=2, required=False,
                     widget=line(placeholder="DE"))  # fmt: skip
    percent = forms.DecimalField(
        label=_("Percent, of a reduced rate or held back"), required=False, min_value=0,
        max_value=100, max_digits=7, decimal_places=4, widget=line(inputmode="decimal"),
    )  # fmt: skip
    reason = forms.CharField(label=_("Reason on documents"), max_length=300, required=False,
                             widget=line())  # fmt: skip
    valid_from = forms.DateField(label=_("From"), widget=date_line(), help_text=LAST_DAY)

    def __init__(self, *args: Any, partners: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["slug"].choices = partners  # type: ignore[attr-defined]
