"""Send money back: asked for, then sent by hand or by Stripe; posted when it is sent."""

import uuid
from datetime import datetime

from django.db import transaction

from billing.actions.document_events import record_document_event
from billing.actions.payments import UnknownInvoice
from billing.actions.post import Source, post_entries
from billing.gateways.locks import lock_money
from billing.models import Payment, Refund
from billing.queries.calendar import open_date
from billing.queries.payments import refundable_minor
from billing.rules.errors import BadMoney, BillingError, WrongState
from billing.rules.money import Money
from billing.rules.money_text import format_money
from billing.rules.payments import refund_entry
from billing.rules.status import REFUNDED
from tenants import audit
from tenants.rules.sayings import Said


class UnknownRefund(BillingError):
    """No refund with this id."""


def ask_refund(
    *, key: str, payment_id: uuid.UUID, document_id: uuid.UUID | None, amount_minor: int,
    reason: str, actor: str, now: datetime,
) -> Refund:  # fmt: skip
    """Ask to send back `amount_minor` of what a payment paid on an invoice, or of what is left.

    Raises BadMoney (more than that), UnknownInvoice (no such payment), WrongState (no reason).
    Safe to repeat: one refund per `key`.
    """
    if not reason.strip():
        raise WrongState(
            Said("Say why the money goes back: the customer and an auditor read this.")
        )
    with transaction.atomic():
        payment = Payment.objects.filter(pk=payment_id).first()
        if payment is None:
            raise UnknownInvoice(Said("There is no payment %(payment_id)s.", payment_id=payment_id))
        lock_money(payment.partner_id)
        known = Refund.objects.filter(key=key).first()
        if known is not None:
            return known
        most = refundable_minor(payment, document_id)
        if not 0 < amount_minor <= most:
            shown = [format_money(Money(minor, payment.currency)) for minor in (amount_minor, most)]
            raise BadMoney(
                Said(
                    "%(it)s can not be sent back: %(it2)s of the payment is there.",
                    it=shown[0],
                    it2=shown[1],
                )
            )
        refund = Refund.objects.create(
            partner_id=payment.partner_id, key=key, payment=payment, document_id=document_id,
            amount_minor=amount_minor, currency=payment.currency, reason=reason.strip()[:500],
            asked_by=actor, asked_at=now,
        )  # fmt: skip
        audit.record(actor=actor, verb="refund.asked", target=str(refund.id), at=now,
                     partner_id=refund.partner_id, data={"amount_minor": amount_minor})  # fmt: skip
    return refund


def send_refund(*, refund_id: uuid.UUID, remote_id: str, actor: str, now: datetime) -> Refund:
    """The money went back (by hand, or Stripe said so): posted, and the invoice told.

    Raises UnknownRefund, WrongState (it had failed). Safe to repeat: a sent refund is returned.
    """
    with transaction.atomic():
        refund = _locked(refund_id)
        if refund.state == Refund.State.SENT:
            return refund
        if refund.state == Refund.State.FAILED:
            raise WrongState(Said("This refund failed. Ask for a new one."))
        refund.state, refund.remote_id, refund.sent_at = Refund.State.SENT, remote_id, now
        refund.save(update_fields=["state", "remote_id", "sent_at"])
        _post(refund, now)
        if refund.document_id is not None:
            record_document_event(
                document_id=refund.document_id, kind=REFUNDED, amount_minor=refund.amount_minor,
                source_id=f"refund {refund.id}", actor=actor, note=refund.reason, now=now,
            )  # fmt: skip
        audit.record(actor=actor, verb="refund.sent", target=str(refund.id), at=now,
                     partner_id=refund.partner_id, data={"remote": remote_id})  # fmt: skip
    return refund


def fail_refund(*, refund_id: uuid.UUID, why: str, actor: str, now: datetime) -> Refund:
    """The refund could not be sent; the money is the payment's again. Raises WrongState."""
    with transaction.atomic():
        refund = _locked(refund_id)
        if refund.state == Refund.State.FAILED:
            return refund
        if refund.state == Refund.State.SENT:
            raise WrongState(Said("This refund was sent; a return of it is a new payment."))
        refund.state = Refund.State.FAILED
        refund.save(update_fields=["state"])
        audit.record(actor=actor, verb="refund.failed", target=str(refund.id), at=now,
                     partner_id=refund.partner_id, data={"why": why})  # fmt: skip
    return refund


def _post(refund: Refund, now: datetime) -> None:
    document = refund.document
    source = Source(f"refund {refund.id}", refund.partner_id, document=document,
                    customer_id=document.customer_id if document else None)  # fmt: skip
    entries = refund_entry(refund.payment.method, document.kind if document else None,
                           refund.amount_minor, refund.currency,
                           f"refund of {refund.payment.key}")  # fmt: skip
    post_entries(
        entries=[(source, one) for one in entries], accounting_date=open_date(now.date()), now=now
    )


def _locked(refund_id: uuid.UUID) -> Refund:
    rows = Refund.objects.select_for_update(of=("self",)).select_related("payment", "document")
    refund = rows.filter(pk=refund_id).first()
    if refund is None:
        raise UnknownRefund(Said("There is no refund %(refund_id)s.", refund_id=refund_id))
    return refund
