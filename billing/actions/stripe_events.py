"""Stripe's notices: kept at once, processed later from what Stripe says then."""

import logging
import uuid
from datetime import UTC, datetime
from typing import Any

from django.db import transaction

from billing.actions.chargebacks import book_chargeback
from billing.actions.connected_accounts import look_at_account
from billing.actions.payments import Receipt, apply_payment, record_payment
from billing.actions.payouts import locked_payout, move_payout
from billing.actions.refunds import ask_refund, fail_refund, send_refund
from billing.gateways.stripe_api import Stripe, Unanswered
from billing.models import Payment, Refund, RemoteIntent, StripeEvent
from billing.rules.errors import BillingError, WrongState
from billing.rules.payments import STRIPE
from billing.rules.payouts import SETTLED
from billing.rules.remote import our_amount
from tenants.rules.sayings import Said
from tenants.tasking import enqueue_on_commit

ACTOR = "stripe"
EVENT_TASK = "billing.process_stripe_event"
MOST_TRIES = 20
log = logging.getLogger(__name__)


def keep_event(*, event: dict[str, Any], now: datetime) -> bool:
    """Keep a signed notice and queue it; whether it was new. Safe to repeat: by its id."""
    about = event.get("data", {}).get("object", {})
    row = StripeEvent(
        id=str(event["id"])[:80], type=str(event["type"])[:80],
        object_id=str(about.get("id", ""))[:80], received_at=now,
        created_at=datetime.fromtimestamp(int(event["created"]), UTC),
    )  # fmt: skip
    with transaction.atomic():
        known = StripeEvent.objects.filter(pk=row.id).exists()
        StripeEvent.objects.bulk_create([row], ignore_conflicts=True)
        if not known:
            enqueue_on_commit(EVENT_TASK, partner_id=str(uuid.UUID(int=0)), event_id=row.id)
    return not known


def process_event(*, event_id: str, stripe: Stripe, now: datetime) -> StripeEvent:
    """Fetch what the notice is about and book how it stands: late, twice or out of order alike.

    Nothing is taken from the notice but the object's id. Safe to repeat.
    """
    with transaction.atomic():
        event = StripeEvent.objects.select_for_update().get(pk=event_id)
        if event.processed_at is not None:
            return event
        event.tries += 1
        event.save(update_fields=["tries"])
    work = _WORK.get(event.type)
    try:
        outcome = work(event.object_id, stripe, now) if work else "nothing to do"
    except Unanswered as error:
        if event.tries < MOST_TRIES:
            return event
        outcome = f"given up: {error}"
    except BillingError as error:
        outcome = f"needs review: {error}"
        log.warning("stripe event %s needs review: %s", event.id, error)
    event.processed_at, event.outcome = now, outcome
    event.save(update_fields=["processed_at", "outcome"])
    return event


def sweep_events(*, now: datetime, limit: int = 100) -> int:
    """Queue the notices that are not processed; how many. Safe to repeat."""
    rows = StripeEvent.objects.filter(processed_at=None).values_list("id", flat=True)[:limit]
    for event_id in rows:
        enqueue_on_commit(EVENT_TASK, partner_id=str(uuid.UUID(int=0)), event_id=event_id)
    return len(rows)


def book_invoice(remote_id: str, stripe: Stripe, now: datetime) -> str:
    """Record the payment of one of our invoices, if Stripe took one."""
    intent = RemoteIntent.objects.filter(
        kind=RemoteIntent.Kind.INVOICE, steps__invoice=remote_id
    ).first()
    if intent is None:
        return "not one of our invoices"
    invoice = stripe.fetch("invoices", remote_id)
    if invoice["status"] != "paid" or not invoice.get("charge"):
        return f"invoice is {invoice['status']}, without a charge"
    charge = stripe.fetch("charges", invoice["charge"], ("balance_transaction",))
    currency = charge["currency"].upper()
    fee = charge["balance_transaction"]
    payment = record_payment(
        partner_id=intent.partner_id, actor=ACTOR, now=now, pays=(),
        receipt=Receipt(
            key=f"stripe {charge['id']}", method=STRIPE, currency=currency,
            amount_minor=our_amount(charge["amount"], currency),
            fee_minor=our_amount(fee["fee"], currency) if fee["currency"] == charge["currency"]
            else 0,
            received_at=datetime.fromtimestamp(charge["created"], UTC),
            payer=_payer(intent), reference=remote_id,
        ),
    )  # fmt: skip
    return _apply(payment, intent, now)


def book_refunds(charge_id: str, stripe: Stripe, now: datetime) -> str:
    """Record what was sent back of a charge, whoever asked for it."""
    payment = Payment.objects.filter(key=f"stripe {charge_id}").first()
    if payment is None:
        return "not one of our charges"
    done = [_book_refund(payment, one, now) for one in stripe.every("refunds", charge=charge_id)]
    return ", ".join(done) or "no refund"


def book_transfer(remote_id: str, stripe: Stripe, now: datetime) -> str:
    """A transfer that came back wholly is owed again; a part of one is for a person."""
    intent = RemoteIntent.objects.filter(
        kind=RemoteIntent.Kind.TRANSFER, remote_id=remote_id
    ).first()
    if intent is None:
        return "not one of our transfers"
    transfer = stripe.fetch("transfers", remote_id)
    if not transfer["amount_reversed"]:
        return "transfer stands"
    if not transfer["reversed"]:
        raise WrongState(
            Said(
                "A part of %(remote_id)s was reversed: %(amount_reversed)s.",
                remote_id=remote_id,
                amount_reversed=transfer["amount_reversed"],
            )
        )
    with transaction.atomic():
        payout = locked_payout(intent.subject_id)
        if payout.state == SETTLED:
            move_payout(payout, "reverse", actor=ACTOR, now=now, reason=Said("Reversed at Stripe."))
    return f"payout is {payout.state}"


def book_dispute(remote_id: str, stripe: Stripe, now: datetime) -> str:
    """A card payment is disputed at the bank: its payment first, then what that moved."""
    remote = stripe.fetch("disputes", remote_id)
    payment = _payment_of(str(remote["charge"]), stripe, now)
    if payment is None:
        return "not one of our charges"
    row = book_chargeback(payment=payment, remote=remote, actor=ACTOR, now=now)
    return f"chargeback is {row.status}"


def _payment_of(charge_id: str, stripe: Stripe, now: datetime) -> Payment | None:
    """The payment of a charge; the notice that brings it may still be on its way."""
    rows = Payment.objects.filter(key=f"stripe {charge_id}")
    if not rows.exists():
        invoice = stripe.fetch("charges", charge_id).get("invoice")
        if invoice:
            book_invoice(str(invoice), stripe, now)
    return rows.first()


_WORK = {
    "invoice.paid": book_invoice,
    "invoice.payment_succeeded": book_invoice,
    "charge.refunded": book_refunds,
    "transfer.reversed": book_transfer,
    "account.updated": look_at_account,
    "charge.dispute.created": book_dispute,
    "charge.dispute.updated": book_dispute,
    "charge.dispute.funds_withdrawn": book_dispute,
    "charge.dispute.funds_reinstated": book_dispute,
    "charge.dispute.closed": book_dispute,
}


def _apply(payment: Payment, intent: RemoteIntent, now: datetime) -> str:
    """Pay the invoice, unless something else paid it meanwhile: then the money waits."""
    try:
        apply_payment(payment_id=payment.id, document_id=intent.subject_id, actor=ACTOR, now=now)
    except BillingError as error:
        return f"payment {payment.key} is kept, but not applied: {error}"
    return f"payment {payment.key}"


def _payer(intent: RemoteIntent) -> str:
    customer = RemoteIntent.objects.filter(pk=intent.facts["customer"]).first()
    return customer.label[:200] if customer else ""


def _book_refund(payment: Payment, remote: dict[str, Any], now: datetime) -> str:
    mark = (remote.get("metadata") or {}).get("intent", "")
    intent = RemoteIntent.objects.filter(pk=mark).first() if mark else None
    refund = Refund.objects.filter(pk=intent.subject_id).first() if intent else None
    if refund is None:
        refund = Refund.objects.filter(remote_id=remote["id"]).first()
    if remote["status"] in ("failed", "canceled"):
        if refund is not None and refund.state == Refund.State.PENDING:
            fail_refund(refund_id=refund.id, why=remote["status"], actor=ACTOR, now=now)
        return f"{remote['id']} {remote['status']}"
    if remote["status"] != "succeeded":
        return f"{remote['id']} is {remote['status']}"
    if refund is None:
        applied = payment.applications.first()
        refund = ask_refund(
            key=f"stripe {remote['id']}", payment_id=payment.id, actor=ACTOR, now=now,
            document_id=applied.document_id if applied else None,
            reason=Said("Refunded at Stripe."),
            amount_minor=our_amount(remote["amount"], payment.currency),
        )  # fmt: skip
    send_refund(refund_id=refund.id, remote_id=remote["id"], actor=ACTOR, now=now)
    return f"{remote['id']} booked"
