"""Forms about money that moves."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from billing.rules.errors import BadMoney
from billing.rules.money import EXPONENTS
from billing.rules.money_text import parse_money
from portal.forms.again import AgainForm
from portal.forms.fields import date_line, line, select, upload
from portal.words.told import told

MOST_MINOR = 10**14


class AmountForm(forms.Form):
    """An amount in a currency; `cleaned_data["amount_minor"]` once both are right."""

    amount = forms.CharField(label=_("Amount"), max_length=30,
                             widget=line(inputmode="decimal"))  # fmt: skip
    currency = forms.CharField(label=_("Currency"), max_length=3, initial="USD", widget=line())

    def clean(self) -> dict[str, Any]:
        """The amount in minor units of the currency."""
        found: dict[str, Any] = super().clean() or {}
        currency = str(found.get("currency", "")).upper()
        if currency not in EXPONENTS:
            self.add_error("currency", _("Write a currency as three letters: USD."))
        elif "amount" in found:
            try:
                money = parse_money(found["amount"], currency)
            except BadMoney as error:
                self.add_error("amount", told(error))
                return found
            if abs(money.amount_minor) > MOST_MINOR:
                self.add_error("amount", _("This is more than anybody pays."))
            else:
                found |= {"amount_minor": money.amount_minor, "currency": currency}
        return found


class PaymentForm(AmountForm):
    """A receipt by hand. `token` makes a form that is sent twice one payment."""

    token = forms.UUIDField(widget=forms.HiddenInput)
    number = forms.CharField(label=_("Invoice number"), max_length=60, widget=line())
    received = forms.DateField(label=_("Received on"), widget=date_line())
    payer = forms.CharField(label=_("Payer"), max_length=200, required=False, widget=line())
    reference = forms.CharField(
        label=_("Reference"), max_length=500, required=False, widget=line(),
        help_text=_("What the slip or the bank says."),
    )  # fmt: skip
    fee = forms.CharField(
        label=_("Fee kept"), max_length=30, required=False, widget=line(inputmode="decimal"),
        help_text=_("What a bank or processor kept of the amount before we got it."),
    )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        """The fee too in minor units: `fee_minor`, 0 where none is given."""
        found = super().clean()
        if "amount_minor" in found:
            found["fee_minor"] = self._fee(found)
        return found

    def _fee(self, found: dict[str, Any]) -> int:
        if not found.get("fee"):
            return 0
        try:
            fee = parse_money(found["fee"], found["currency"]).amount_minor
        except BadMoney as error:
            self.add_error("fee", told(error))
            return 0
        if not 0 <= fee <= found["amount_minor"]:
            self.add_error("fee", _("A fee is a part of the amount, and not negative."))
        return fee


class BankFileForm(forms.Form):
    """A file from the bank."""

    file = forms.FileField(
        label=_("Bank file"), widget=upload(),
        help_text=_("CAMT.053 (XML), or CSV with the columns date, amount, currency, payer, text, "
                    "id. At most 10 MB."),
    )  # fmt: skip


class RefundForm(AmountForm):
    """Money that goes back; without a number, what the payment has paid nothing with."""

    token = forms.UUIDField(widget=forms.HiddenInput)
    number = forms.CharField(label=_("Of invoice"), max_length=60, required=False, widget=line())
    reason = forms.CharField(label=_("Reason"), max_length=500, widget=line())


class PayoutDetailsForm(AgainForm):
    """Where a partner wants its money; the password makes sure of the person, each time."""

    asked_because = _("Asked again each time, because this decides where money goes.")
    kind = forms.ChoiceField(
        label=_("Paid to"), choices=[("bank", _("Bank account")), ("stripe", _("Stripe account"))],
        widget=select(),
    )  # fmt: skip
    holder = forms.CharField(label=_("Account holder"), max_length=70, widget=line())
    account = forms.CharField(
        label=_("IBAN or Stripe account"), max_length=60, widget=line(spellcheck="false")
    )
    bic = forms.CharField(label=_("BIC"), max_length=11, required=False,
                          widget=line(spellcheck="false"))  # fmt: skip
