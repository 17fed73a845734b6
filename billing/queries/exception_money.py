"""What of moving money waits for a person: bank lines, Stripe, payouts on hold."""

from datetime import datetime
from typing import Any

from django.db.models import Q

from billing.models import BankLine, Chargeback, Payout, RemoteDifference, RemoteIntent
from billing.queries.payments import open_minor
from billing.rules import exceptions as rules
from billing.rules.chargebacks import CLOSED, LOST, NEEDS_ANSWER
from billing.rules.exceptions import Exceptional
from billing.rules.payouts import HELD
from tenants.rules.sayings import Said

PAYMENTS, PAYOUTS, STRIPE = ("payments", ""), ("payouts", ""), ("stripe", "")


def bank_lines(now: datetime) -> list[Exceptional]:
    """Lines of bank files that nobody has decided on."""
    rows = BankLine.objects.filter(state=BankLine.State.UNMATCHED).select_related("file")
    return [
        Exceptional(
            key=f"bank line {line.id}", kind=rules.BANK_LINE, since=line.file.uploaded_at,
            title=Said("%(payer)s, %(day)s", payer=line.payer or Said("Bank line"),
                       day=line.booked_date), detail=line.reason,
            money_minor=line.amount_minor, currency=line.currency, target=PAYMENTS,
        )
        for line in rows
    ]  # fmt: skip


def remote_intents(now: datetime) -> list[Exceptional]:
    """What Stripe refused, or never answered clearly."""
    rows = RemoteIntent.objects.filter(state=RemoteIntent.State.NEEDS_REVIEW)
    return [
        Exceptional(
            key=f"intent {intent.id}", kind=rules.STRIPE, since=intent.changed_at,
            title=Said("Stripe: %(what)s", what=intent.label or intent.kind.replace("_", " ")),
            detail=intent.problem,
            partner_id=str(intent.partner_id), target=STRIPE, **_amount(intent.facts),
        )
        for intent in rows
    ]  # fmt: skip


def remote_differences(now: datetime) -> list[Exceptional]:
    """Where Stripe's books and ours differ."""
    return [
        Exceptional(
            key=f"difference {row.id}", kind=rules.STRIPE, since=row.found_at,
            title=Said("Stripe's books: %(what)s", what=row.remote_id), detail=row.message,
            partner_id=str(row.partner_id or ""), target=STRIPE, currency=row.currency,
            money_minor=abs(row.local_minor - row.remote_minor),
        )
        for row in RemoteDifference.objects.filter(gone_at=None)
    ]  # fmt: skip


def chargebacks(now: datetime) -> list[Exceptional]:
    """Card payments under dispute, with the day to answer by; lost ones while something is open."""
    rows = Chargeback.objects.filter(Q(status=LOST) | ~Q(status__in=CLOSED))
    return [
        Exceptional(
            key=f"chargeback {row.id}", kind=rules.CHARGEBACK, since=row.opened_at,
            title=Said("Chargeback of %(what)s",
                       what=row.document.number if row.document else row.payment.key),
            detail=_what_to_do(row), partner_id=str(row.partner_id), money_minor=row.amount_minor,
            currency=row.currency, target=PAYMENTS,
        )
        for row in rows.select_related("document", "payment")
        if row.status != LOST or (row.document and open_minor(row.document))
    ]  # fmt: skip


def _what_to_do(row: Chargeback) -> str:
    if row.status == LOST:
        return Said("Lost. Ask for the money another way, credit the invoice, or write it off.")
    if row.status in NEEDS_ANSWER and row.answer_by:
        return Said(
            "Reason: %(reason)s. Answer at Stripe by %(day)s.",
            reason=row.reason,
            day=f"{row.answer_by:%Y-%m-%d}",
        )
    return Said("Reason: %(reason)s. The bank decides.", reason=row.reason)


def held_payouts(now: datetime) -> list[Exceptional]:
    """Payouts somebody or something stopped."""
    return [
        Exceptional(
            key=f"payout {row.id}", kind=rules.PAYOUT, since=row.changed_at,
            title=Said("Payout %(reference)s is on hold", reference=row.reference),
            detail=row.reason,
            partner_id=str(row.partner_id), money_minor=row.amount_minor, currency=row.currency,
            target=PAYOUTS,
        )
        for row in Payout.objects.filter(state=HELD)
    ]  # fmt: skip


def _amount(facts: dict[str, Any]) -> dict[str, Any]:
    if "currency" not in facts:
        return {}
    parts = ("amount_minor", "net_minor", "tax_minor")
    return {"money_minor": sum(facts.get(name, 0) for name in parts), "currency": facts["currency"]}
