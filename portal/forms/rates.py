"""Forms of what finance enters: an exchange rate, a country's tax rate, a party's tax status."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from portal import words
from portal.forms.own_ids import OwnIdsForm


def _input(**attrs: Any) -> forms.TextInput:
    return forms.TextInput(attrs={"class": "input", "autocomplete": "off", **attrs})


def _day() -> forms.DateInput:
    return forms.DateInput(attrs={"class": "input", "type": "date"}, format="%Y-%m-%d")


class _Upper(forms.CharField):
    def clean(self, value: Any) -> str:
        """Codes are capital letters; whoever types small ones means them."""
        return str(super().clean(value)).upper()


LAST_DAY = _("A month's documents take what holds on its last day.")


class FxForm(OwnIdsForm):
    """One unit of `base` in `quote` on a day; the fields are `ask_fx_rate`'s arguments."""

    day = forms.DateField(
        label=_("Day"), widget=_day(),
        help_text=LAST_DAY,
    )  # fmt: skip
    base = _Upper(label=_("One unit of"), min_length=3, max_length=3, initial="USD",
                  widget=_input())  # fmt: skip
    quote = _Upper(label=_("in"), min_length=3, max_length=3, widget=_input(placeholder="EUR"))
    rate = forms.DecimalField(label=_("Rate"), max_digits=24, decimal_places=12,
                              widget=_input(inputmode="decimal", placeholder="0.92"))  # fmt: skip


class TaxForm(OwnIdsForm):
    """A country's rate from a day on; the fields are `ask_tax_rate`'s arguments."""

    country = _Upper(label=_("Country"), min_length=2, max_length=2,
                     widget=_input(placeholder="DE"))  # fmt: skip
    label = forms.CharField(label=_("Called"), max_length=40, initial="VAT", widget=_input())
    percent = forms.DecimalField(label=_("Percent"), min_value=0, max_value=100, max_digits=7,
                                 decimal_places=4, widget=_input(inputmode="decimal"))  # fmt: skip
    valid_from = forms.DateField(label=_("From"), widget=_day(), help_text=LAST_DAY)


class StatusForm(OwnIdsForm):
    """How a party is taxed from a day on; the fields are `ask_party_status`'s arguments."""

    slug = forms.ChoiceField(label=_("Partner"), widget=forms.Select(attrs={"class": "select"}))
    external_id = forms.CharField(
        label=_("Customer"), max_length=200, required=False, widget=_input(),
        help_text=_("The partner's own id of it. Empty: the partner itself."),
    )  # fmt: skip
    treatment = forms.ChoiceField(label=_("Taxed by"), choices=list(words.TREATMENTS.items()),
                                  widget=forms.Select(attrs={"class": "select"}))  # fmt: skip
    charges = forms.ChoiceField(
        label=_("On"), choices=list(words.CHARGES.items()), required=False,
        widget=forms.Select(attrs={"class": "select"}),
        help_text=_("Fees and usage can be taxed apart; an invoice then prints several rates. What "
                    "a partner is paid is taxed as its own sale, on its statement."),
    )  # fmt: skip
    country = _Upper(label=_("Country"), max_length=2, required=False,
                     widget=_input(placeholder="DE"))  # fmt: skip
    percent = forms.DecimalField(
        label=_("Percent, of a reduced rate or held back"), required=False, min_value=0,
        max_value=100, max_digits=7, decimal_places=4, widget=_input(inputmode="decimal"),
    )  # fmt: skip
    reason = forms.CharField(label=_("Reason on documents"), max_length=300, required=False,
                             widget=_input())  # fmt: skip
    valid_from = forms.DateField(label=_("From"), widget=_day(), help_text=LAST_DAY)

    def __init__(self, *args: Any, partners: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["slug"].choices = partners  # type: ignore[attr-defined]
