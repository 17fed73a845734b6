"""Words of the books: types of accounts, what an entry is of, what Stripe is asked for."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

ACCOUNT_TYPES: dict[str, Any] = {
    "asset": _("Asset"), "liability": _("Liability"), "income": _("Income"),
    "expense": _("Expense"),
}  # fmt: skip
# By the kinds of `billing.rules.journal`, `payments`, `chargebacks` and `accruals`.
POSTINGS: dict[str, Any] = {
    "document": _("Document"),
    "recognition": _("Fees earned"),
    "share": _("Partner share"),
    "netting": _("Set off"),
    "payment": _("Payment"),
    "application": _("Payment applied"),
    "refund": _("Refund"),
    "chargeback": _("Chargeback"),
    "bad_debt": _("Bad debt"),
    "payout sent": _("Payout sent"),
    "payout settled": _("Payout arrived"),
    "payout failed": _("Payout failed"),
    "payout reversed": _("Payout came back"),
    "accrual": _("Accrual"),
    "accrual_reversal": _("Accrual taken back"),
}
INTENTS: dict[str, Any] = {
    "customer": _("Customer"), "invoice": _("Invoice"), "credit_note": _("Credit note"),
    "refund": _("Refund"), "transfer": _("Transfer"), "account": _("Account"),
    "account_link": _("Link to the account"),
}  # fmt: skip
