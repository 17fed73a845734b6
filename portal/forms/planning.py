"""The what-if form: an agreement's terms and prices as fields, filled with what is signed."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from billing.rules.inputs import RunInput
from billing.rules.money import to_major
from billing.rules.rates import FLAT, PACKAGE, PER_UNIT, RateCard
from billing.rules.templates import TEMPLATES
from billing.rules.terms import BaseFee, Minimum, PerUnit, RevenueShare, Terms, Wholesale
from portal.forms.fields import number_line, select

_UNIT_MODES = (PER_UNIT, PACKAGE, FLAT)
_TEMPLATE_NAMES: dict[str, Any] = {
    "revenue_share_platform": _("Revenue share, we collect"),
    "revenue_share_partner": _("Revenue share, the partner collects"),
    "poc": _("Proof of concept, then 30 %"),
    "oem": _("OEM licence"),
    "wholesale": _("Wholesale"),
    "direct": _("Direct"),
}


def _number(label: Any, places: int, most: int | None = None, help_text: Any = "") -> Any:
    step = str(Decimal(1).scaleb(-places))
    return forms.DecimalField(
        label=label, required=False, min_value=0, max_value=most, decimal_places=places,
        max_digits=24, help_text=help_text,
        widget=number_line(step=step),
    )  # fmt: skip


class WhatIfForm(forms.Form):
    """Amounts in major units, shares in percent; what is left as signed changes nothing."""

    template = forms.ChoiceField(
        label=_("Kind of deal"), required=False, widget=select(),
        choices=[("", _("As signed")), *((name, _TEMPLATE_NAMES[name]) for name in TEMPLATES)],
    )  # fmt: skip
    share = _number(_("Partner's share in percent"), 2, 100)
    factor = _number(_("Wholesale factor in percent of retail"), 2, 100)
    base_yearly = _number(_("Base fee a year"), 2)
    minimum = _number(_("Minimum a month"), 2)
    unit_price = _number(_("Licence price per cached request"), 12)
    tie = forms.ChoiceField(
        label=_("An exact half cent goes to"), required=False, widget=select(),
        choices=[("", _("As signed")), ("platform", _("Us")), ("partner", _("The partner"))],
    )  # fmt: skip

    def __init__(self, data: Any, *, run_input: RunInput) -> None:
        last = run_input.segments[-1]
        self.currency = last.terms.currency
        self.signed = {**_signed(last.terms), **_prices(last.retail)}
        super().__init__(data, initial=self.signed)
        for name in _prices(last.retail):
            label = _("Price of %(rate)s") % {"rate": name.removeprefix("price.")}
            self.fields[name] = _number(label, 12)

    def price_fields(self) -> list[Any]:
        """The fields of the price list's rates."""
        return [self[name] for name in self.fields if name.startswith("price.")]

    def changed(self) -> dict[str, Any]:
        """Given values that differ from what is signed; with another kind of deal, all given."""
        kept = {name: value for name, value in self.cleaned_data.items() if value not in (None, "")}
        if kept.get("template"):
            return kept
        return {name: value for name, value in kept.items() if value != self.signed.get(name)}

    def prices(self) -> dict[str, Decimal]:
        """Rate key → unit price, of the rates whose price was changed."""
        return {
            name.removeprefix("price."): value
            for name, value in self.cleaned_data.items()
            if name.startswith("price.") and value is not None and value != self.signed[name]
        }


def _signed(terms: Terms) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for part in terms.components:
        if isinstance(part, RevenueShare):
            found["share"] = Decimal(part.partner_bps).scaleb(-2)
        elif isinstance(part, Wholesale):
            found["factor"] = Decimal(part.factor_bps).scaleb(-2)
        elif isinstance(part, BaseFee):
            found["base_yearly"] = to_major(part.yearly_minor, terms.currency)
        elif isinstance(part, Minimum):
            found["minimum"] = to_major(part.monthly_minor, terms.currency)
        elif isinstance(part, PerUnit) and part.rate.mode == PER_UNIT:
            found["unit_price"] = part.rate.unit_price
    return found


def _prices(card: RateCard | None) -> dict[str, Decimal]:
    rates = card.rates if card else ()
    return {f"price.{rate.key}": rate.unit_price for rate in rates if rate.mode in _UNIT_MODES}
