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
from portal.forms.fields import amount, calendar_day, choice, count, flag, line, percent
from portal.words.terms import FIGURES


def _bps(percent: Decimal | None) -> int | None:
    return None if percent is None else int(percent * 100)


class SignForm(forms.Form):
    """A deal from a template; empty figures take the template's own."""

    template = choice(_("Kind of deal"), words.TEMPLATES.items(), required=True)
    name = forms.CharField(label=_("Name"), max_length=160, required=False, widget=line(),
                           help_text=_("As lists show it. Empty: partner and kind."))  # fmt: skip
    day = calendar_day(_("Starts on"), _("The first day, from 00:00 UTC."))
    currency = forms.CharField(label=_("Currency"), min_length=3, max_length=3, initial="USD",
                               widget=line())  # fmt: skip
    card = choice(_("Rate card"), help_text=_("What usage costs. An OEM licence needs none."))
    share = percent(_("Partner's share, %"),
                    _("Empty: the default of the partner's type and of who collects."))  # fmt: skip
    base_fee = amount(_("Base fee a year"))
    unit_price = amount(_("OEM price per cached request"), _("Empty: 0.001."), places=12)
    minimum = amount(_("Minimum a month"))
    min_payout = amount(_("Minimum payout"))
    poc_months = count(_("Free months (proof of concept)"), 36,
                       _("Empty: 6 for a proof of concept, else 0."))  # fmt: skip
    term_months = count(_("Term, months"), 120, _("Empty: 36 for OEM, else open."), min_value=1)
    payment_days = count(_("Payment within days"), 365, initial=30, required=True)
    base_interval = choice(_("Base fee invoiced"), [(one, FIGURES[one]) for one in INTERVALS])
    savings = percent(_("Part of the savings, %"),
                      _("What customers pay of the model cost they saved."))  # fmt: skip
    savings_cap = amount(_("of the savings at most a month"), places=3)
    cap = amount(_("Usage at most a month"), _("Of a licence or wholesale."), places=3)
    factor = percent(_("Wholesale factor, %"), _("Empty: 50."))
    discounts = forms.CharField(
        label=_("Wholesale discounts"), required=False, max_length=200,
        widget=line(placeholder="10000: 0, 50000: 5, more: 10"),
        help_text=_("Up to a monthly value: percent, and so on; the last is “more”."),
    )  # fmt: skip
    discount_mode = choice(
        _("A discount is of"),
        [("volume", _("the whole value")), ("graduated", _("each step's own part"))],
    )
    tie = choice(_("Half a cent goes to"), [(PLATFORM, _("us")), (PARTNER, _("the partner"))])
    cutoff_days = count(_("Usage awaited for days"), 60,
                        _("After a month's end; until then it is not settled."))  # fmt: skip
    lock_days = count(_("Statements can be disputed for days"), 60, _("Empty: 14."))
    tax_charged = flag(_("Documents carry tax"))
    netting = flag(_("Claims of both sides are netted"))
    agent = flag(_("We collect as the partner's agent"))
    self_billing = flag(_("Statements are self-billed invoices"))
    sales_reported = flag(
        _("The partner invoices its customers outside the portal and reports its sales")
    )
    share_base = choice(
        _("The share is taken of"),
        [(INVOICED, _("what customers are invoiced")), (COLLECTED, _("what customers have paid"))],
        initial=INVOICED,
    )
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
        cards_field: Any = self.fields["card"]
        cards_field.choices = [("", _("none")), *((str(key), name) for key, name in cards)]

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
