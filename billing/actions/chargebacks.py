"""Book a chargeback as Stripe tells it now: its status, and each movement of the money once."""

from datetime import UTC, datetime
from typing import Any

from django.db import transaction

from billing.actions.chargeback_shares import level_shares
from billing.actions.document_events import record_document_event
from billing.actions.post import Source, post_entries
from billing.gateways.locks import lock_money
from billing.models import Chargeback, ChargebackMove, Payment
from billing.queries.calendar import open_date
from billing.queries.payments import charged_back_minor, unapplied_minor
from billing.rules.chargebacks import chargeback_entry, status_after
from billing.rules.errors import WrongState
from billing.rules.money import Money
from billing.rules.money_text import format_money
from billing.rules.remote import our_amount
from billing.rules.status import CHARGED_BACK, REINSTATED
from tenants import audit
from tenants.rules.sayings import Said


def book_chargeback(
    *, payment: Payment, remote: dict[str, Any], actor: str, now: datetime
) -> Chargeback:
    """Keep a dispute of a payment and book its movements; the partner's share follows its end.

    Nothing depends on the order in which it is told: a movement is booked once by its own id, and
    an end stays. Raises WrongState (another currency, more than the payment paid): nothing is
    booked then. Safe to repeat.
    """
    with transaction.atomic():
        lock_money(payment.partner_id)
        row = _kept(payment, remote, actor, now)
        known = set(row.moves.values_list("remote_id", flat=True))
        # What is taken is booked before what comes back, also within one second.
        moved = remote["balance_transactions"]
        for money in sorted(moved, key=lambda one: (one["created"], one["amount"])):
            if money["id"] not in known:
                _book(row, money, actor, now)
        if row.document is not None:
            level_shares(document=row.document, actor=actor, now=now)
    return row


def _kept(payment: Payment, remote: dict[str, Any], actor: str, now: datetime) -> Chargeback:
    due = remote["evidence_details"].get("due_by")
    answer_by = datetime.fromtimestamp(due, UTC) if due else None
    row = Chargeback.objects.filter(remote_id=remote["id"]).first()
    if row is None:
        applied = payment.applications.select_related("document").first()
        row = Chargeback.objects.create(
            partner_id=payment.partner_id, remote_id=remote["id"], payment=payment,
            document=applied.document if applied else None, currency=payment.currency,
            amount_minor=our_amount(remote["amount"], payment.currency), answer_by=answer_by,
            reason=str(remote["reason"])[:80], status=remote["status"], changed_at=now,
            opened_at=datetime.fromtimestamp(remote["created"], UTC),
        )  # fmt: skip
        audit.record(actor=actor, verb="chargeback.opened", target=row.remote_id, at=now,
                     partner_id=row.partner_id,
                     data={"amount_minor": row.amount_minor})  # fmt: skip
        return row
    status = status_after(row.status, remote["status"])
    if (status, answer_by) != (row.status, row.answer_by):
        audit.record(actor=actor, verb=f"chargeback.{status}"[:60], target=row.remote_id, at=now,
                     partner_id=row.partner_id, data={"before": row.status})  # fmt: skip
        row.status, row.answer_by, row.changed_at = status, answer_by, now
        row.save(update_fields=["status", "answer_by", "changed_at"])
    return row


def _book(row: Chargeback, money: dict[str, Any], actor: str, now: datetime) -> None:
    """One movement: on Stripe's balance, on the invoice, in the journal."""
    if money["currency"].upper() != row.currency:
        raise WrongState(
            Said(
                "%(remote_id)s: Stripe moved %(upper)s, the payment was in %(currency)s. Book it "
                "by hand.",
                remote_id=row.remote_id,
                upper=money["currency"].upper(),
                currency=row.currency,
            )
        )
    amount = our_amount(money["amount"], row.currency)
    _refuse_beyond(row, amount)
    move = ChargebackMove.objects.create(
        partner_id=row.partner_id, chargeback=row, remote_id=money["id"], amount_minor=amount,
        fee_minor=our_amount(money["fee"], row.currency),
        moved_at=datetime.fromtimestamp(money["created"], UTC),
    )  # fmt: skip
    document = row.document
    source = Source(f"chargeback {move.remote_id}", row.partner_id, document=document,
                    customer_id=document.customer_id if document else None)  # fmt: skip
    entries = chargeback_entry(document.kind if document else None, amount, move.fee_minor,
                               row.currency, f"chargeback of {row.payment.key}")  # fmt: skip
    post_entries(entries=[(source, one) for one in entries], now=now,
                 accounting_date=open_date(move.moved_at.date()))  # fmt: skip
    if document is not None and amount:
        record_document_event(
            document_id=document.id, kind=CHARGED_BACK if amount < 0 else REINSTATED,
            amount_minor=abs(amount), source_id=f"chargeback {move.remote_id}", actor=actor,
            note=row.reason, now=now,
        )  # fmt: skip


def _refuse_beyond(row: Chargeback, amount: int) -> None:
    """A movement takes no more than the payment paid there, and brings back no more than taken."""
    gone = charged_back_minor(row.payment, row.document_id)
    if row.document_id is None:
        most = unapplied_minor(row.payment)
    else:
        applied = row.payment.applications.filter(document_id=row.document_id).first()
        most = (applied.amount_minor if applied else 0) - gone
    if -amount > most or amount > gone:
        raise WrongState(
            Said(
                "%(remote_id)s: Stripe moved %(amount)s, but %(most)s of the payment is there and "
                "%(gone)s was taken back. Look at the payment.",
                remote_id=row.remote_id,
                **{
                    name: format_money(Money(minor, row.currency))
                    for name, minor in (("amount", amount), ("most", most), ("gone", gone))
                },
            )
        )
