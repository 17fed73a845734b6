"""The form of a new deal: a template and what of it was agreed otherwise."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from billing.rules.figures import parse_discounts
from billing.rules.money import Money
from billing.rules.splits import PARTNER, PLATFORM
from billing.rules.templates import OEM_UNIT_PRICE, Deal
from billing.rules.terms import (
    COLLECTED,
    CREDITS,
    FEES,
    INTERVALS,
    INVOICED,
    PORTAL,
    REFUNDS,
    REPORTED,
    TAX,
)
from portal import words
from portal.words.terms import FIGURES


def _input(**attrs: Any) -> forms.TextInput:
    return forms.TextInput(attrs={"class": "input", "autocomplete": "off", **attrs})


def _day(label: Any, help_text: Any = "") -> forms.DateField:
    widget = forms.DateInput(attrs={"class": "input", "type": "date"}, format="%Y-%m-%d")
    return forms.DateField(label=label, widget=widget, help_text=help_text)


def _bps(percent: Decimal | None) -> int | None:
    return None if percent is None else int(percent * 100)


class SignForm(forms.Form):
    """A deal from a template; empty figures take the template's own."""

    template = forms.ChoiceField(
        label=_("Kind of deal"), choices=list(words.TEMPLATES.items()),
        widget=forms.Select(attrs={"class": "select"}),
    )  # fmt: skip
    name = forms.CharField(label=_("Name"), max_length=160, required=False, widget=_input(),
                           help_text=_("As lists show it. Empty: partner and kind."))  # fmt: skip
    day = _day(_("Starts on"), _("The first day, from 00:00 UTC."))
    currency = forms.CharField(label=_("Currency"), min_length=3, max_length=3, initial="USD",
                               widget=_input())  # fmt: skip
    card = forms.ChoiceField(
        label=_("Rate card"), required=False, widget=forms.Select(attrs={"class": "select"}),
        help_text=_("What usage costs. An OEM licence needs none."),
    )  # fmt: skip
    share = forms.DecimalField(
        label=_("Partner's share, %"), required=False, min_value=0, max_value=100,
        decimal_places=2, widget=_input(inputmode="decimal"),
        help_text=_("Empty: the default of the partner's type and of who collects."),
    )  # fmt: skip
    base_fee = forms.DecimalField(
        label=_("Base fee a year"), required=False, min_value=0, decimal_places=2,
        widget=_input(inputmode="decimal"),
    )  # fmt: skip
    unit_price = forms.DecimalField(
        label=_("OEM price per cached request"), required=False, min_value=0, decimal_places=12,
        widget=_input(inputmode="decimal"), help_text=_("Empty: 0.001."),
    )  # fmt: skip
    minimum = forms.DecimalField(
        label=_("Minimum a month"), required=False, min_value=0, decimal_places=2,
        widget=_input(inputmode="decimal"),
    )  # fmt: skip
    min_payout = forms.DecimalField(
        label=_("Minimum payout"), required=False, min_value=0, decimal_places=2,
        widget=_input(inputmode="decimal"),
    )  # fmt: skip
    poc_months = forms.IntegerField(
        label=_("Free months (proof of concept)"), required=False, min_value=0, max_value=36,
        widget=_input(inputmode="numeric"), help_text=_("Empty: 6 for a proof of concept, else 0."),
    )  # fmt: skip
    term_months = forms.IntegerField(
        label=_("Term, months"), required=False, min_value=1, max_value=120,
        widget=_input(inputmode="numeric"), help_text=_("Empty: 36 for OEM, else open."),
    )  # fmt: skip
    payment_days = forms.IntegerField(
        label=_("Payment within days"), initial=30, min_value=0, max_value=365,
        widget=_input(inputmode="numeric"),
    )  # fmt: skip
    base_interval = forms.ChoiceField(
        label=_("Base fee invoiced"), required=False,
        choices=[(one, FIGURES[one]) for one in INTERVALS],
        widget=forms.Select(attrs={"class": "select"}),
    )  # fmt: skip
    savings = forms.DecimalField(
        label=_("Part of the savings, %"), required=False, min_value=0, max_value=100,
        decimal_places=2, widget=_input(inputmode="decimal"),
        help_text=_("What customers pay of the model cost they saved."),
    )  # fmt: skip
    savings_cap = forms.DecimalField(
        label=_("of the savings at most a month"), required=False, min_value=0, decimal_places=3,
        widget=_input(inputmode="decimal"),
    )  # fmt: skip
    cap = forms.DecimalField(
        label=_("Usage at most a month"), required=False, min_value=0, decimal_places=3,
        widget=_input(inputmode="decimal"), help_text=_("Of a licence or wholesale."),
    )  # fmt: skip
    factor = forms.DecimalField(
        label=_("Wholesale factor, %"), required=False, min_value=0, max_value=100,
        decimal_places=2, widget=_input(inputmode="decimal"), help_text=_("Empty: 50."),
    )  # fmt: skip
    discounts = forms.CharField(
        label=_("Wholesale discounts"), required=False, max_length=200,
        widget=_input(placeholder="10000: 0, 50000: 5, more: 10"),
        help_text=_("Up to a monthly value: percent, and so on; the last is “more”."),
    )  # fmt: skip
    discount_mode = forms.ChoiceField(
        label=_("A discount is of"), required=False,
        choices=[("volume", _("the whole value")), ("graduated", _("each step's own part"))],
        widget=forms.Select(attrs={"class": "select"}),
    )  # fmt: skip
    tie = forms.ChoiceField(
        label=_("Half a cent goes to"), required=False,
        choices=[(PLATFORM, _("us")), (PARTNER, _("the partner"))],
        widget=forms.Select(attrs={"class": "select"}),
    )  # fmt: skip
    cutoff_days = forms.IntegerField(
        label=_("Usage awaited for days"), required=False, min_value=0, max_value=60,
        widget=_input(inputmode="numeric"),
        help_text=_("After a month's end; until then it is not settled."),
    )  # fmt: skip
    lock_days = forms.IntegerField(
        label=_("Statements can be disputed for days"), required=False, min_value=0, max_value=60,
        widget=_input(inputmode="numeric"), help_text=_("Empty: 14."),
    )  # fmt: skip
    tax_charged = forms.BooleanField(label=_("Documents carry tax"), required=False)
    netting = forms.BooleanField(label=_("Claims of both sides are netted"), required=False)
    agent = forms.BooleanField(label=_("We collect as the partner's agent"), required=False)
    self_billing = forms.BooleanField(label=_("Statements are self-billed invoices"),
                                      required=False)  # fmt: skip
    sales_reported = forms.BooleanField(
        label=_("The partner invoices its customers outside the portal and reports its sales"),
        required=False,
    )  # fmt: skip
    share_base = forms.ChoiceField(
        label=_("The share is taken of"), initial=INVOICED, required=False,
        choices=[(INVOICED, _("what customers are invoiced")),
                 (COLLECTED, _("what customers have paid"))],
        widget=forms.Select(attrs={"class": "select"}),
    )  # fmt: skip
    share_after = forms.MultipleChoiceField(
        label=_("Taken off before the share"), required=False,
        choices=[(CREDITS, _("Credit notes")), (REFUNDS, _("Refunds")), (FEES, _("Payment fees")),
                 (TAX, _("Tax"))],
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None ticked: as usual, which is credit notes and tax of what is invoiced, "
                    "refunds and tax of what is paid."),
    )  # fmt: skip

    def __init__(self, *args: Any, cards: list[tuple[Any, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice: Any = self.fields["card"]
        choice.choices = [("", _("none")), *((str(key), name) for key, name in cards)]

    def deal(self) -> Deal:
        """The figures as a deal, in minor units and basis points. Raises BillingError."""
        data = self.cleaned_data
        price = data["unit_price"]
        return Deal(
            share_bps=_bps(data["share"]),
            poc_months=data["poc_months"], base_yearly_minor=self._minor("base_fee"),
            unit_price=OEM_UNIT_PRICE if price is None else price,
            minimum_minor=self._minor("minimum"), payment_days=data["payment_days"],
            min_payout_minor=self._minor("min_payout") or 0, term_months=data["term_months"],
            self_billing=data["self_billing"], share_base=data["share_base"] or INVOICED,
            base_interval=data["base_interval"] or "monthly", tie=data["tie"] or PLATFORM,
            savings_bps=_bps(data["savings"]), savings_cap_minor=self._minor("savings_cap"),
            cap_minor=self._minor("cap"), netting=data["netting"], principal=not data["agent"],
            tax="charged" if data["tax_charged"] else "none",
            cutoff_days=data["cutoff_days"] or 0, lock_days=data["lock_days"] or 0,
            **self._wholesale(),
            share_after=tuple(sorted(data["share_after"])) or None,
            sales=REPORTED if data["sales_reported"] else PORTAL,
        )  # fmt: skip

    def _wholesale(self) -> dict[str, Any]:
        data, currency = self.cleaned_data, self.cleaned_data["currency"].upper()
        found: dict[str, Any] = {}
        if data["factor"] is not None:
            found["factor_bps"] = _bps(data["factor"])
        if data["discounts"]:
            found["discount_mode"] = data["discount_mode"] or "volume"
            found["discount_tiers"] = parse_discounts(data["discounts"], currency)
        return found

    def _minor(self, name: str) -> int | None:
        amount = self.cleaned_data[name]
        if amount is None:
            return None
        return Money.from_decimal(amount, self.cleaned_data["currency"].upper()).amount_minor
