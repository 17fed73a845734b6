"""Record a payment and let it pay invoices; each is posted in the same transaction."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from billing.actions.chargeback_shares import level_shares
from billing.actions.document_events import record_document_event
from billing.actions.post import Source, post_entries
from billing.gateways.locks import lock_money
from billing.models import Document, Payment, PaymentApplication
from billing.queries.calendar import open_date
from billing.queries.payments import open_minor, our_invoices, unapplied_minor
from billing.rules.errors import BadMoney, BillingError, CurrencyMismatch
from billing.rules.money import Money
from billing.rules.money_text import format_money
from billing.rules.payments import application_entry, payment_entry
from billing.rules.status import PAID
from tenants import audit
from tenants.rules.sayings import Said


class UnknownInvoice(BillingError):
    """No invoice of ours with this id; a partner's own invoices are paid to the partner."""


class AlreadyRecorded(BillingError):
    """The same receipt was recorded with other figures."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """Money that came in. `key` names the outside fact; the same key is the same receipt."""

    key: str
    method: str
    amount_minor: int
    currency: str
    received_at: datetime
    payer: str = ""
    reference: str = ""
    fee_minor: int = 0


def record_payment(
    *, partner_id: uuid.UUID, receipt: Receipt, pays: Sequence[tuple[uuid.UUID, int | None]],
    actor: str, now: datetime,
) -> Payment:  # fmt: skip
    """Book a receipt and let it pay `pays`: (invoice, minor units; None: as much as fits).

    What is left stays with the payment, to be applied or sent back. Raises BadMoney,
    CurrencyMismatch, UnknownInvoice, AlreadyRecorded (other figures under the same key); nothing
    is written then. Safe to repeat: a known key returns its payment, with nothing added.
    """
    Money(receipt.amount_minor, receipt.currency)
    entries = payment_entry(receipt.method, receipt.amount_minor, receipt.fee_minor,
                            receipt.currency, f"payment {receipt.key}")  # fmt: skip
    with transaction.atomic():
        lock_money(partner_id)
        known = Payment.objects.filter(key=receipt.key).first()
        if known is not None:
            return _same(known, partner_id, receipt)
        payment = Payment.objects.create(
            partner_id=partner_id, recorded_by=actor, recorded_at=now,
            **{name: getattr(receipt, name) for name in Receipt.__dataclass_fields__},
        )  # fmt: skip
        post_entries(
            entries=[(Source(f"payment {payment.id}", partner_id), one) for one in entries],
            accounting_date=open_date(receipt.received_at.date()), now=now,
        )  # fmt: skip
        audit.record(actor=actor, verb="payment.recorded", target=receipt.key, at=now,
                     partner_id=partner_id, data={"amount_minor": receipt.amount_minor,
                                                  "currency": receipt.currency})  # fmt: skip
        for document_id, amount_minor in pays:
            apply_payment(payment_id=payment.id, document_id=document_id, actor=actor, now=now,
                          amount_minor=amount_minor)  # fmt: skip
    return payment


def apply_payment(
    *, payment_id: uuid.UUID, document_id: uuid.UUID, actor: str, now: datetime,
    amount_minor: int | None = None,
) -> PaymentApplication:  # fmt: skip
    """Let a payment pay an invoice: `amount_minor`, or as much as both allow.

    Raises UnknownInvoice, CurrencyMismatch, BadMoney (more than is open or left). Safe to repeat:
    a payment pays an invoice once, and the first application is returned.
    """
    with transaction.atomic():
        payment = Payment.objects.filter(pk=payment_id).first()
        if payment is None:
            raise UnknownInvoice(Said("There is no payment %(payment_id)s.", payment_id=payment_id))
        lock_money(payment.partner_id)
        known = PaymentApplication.objects.filter(payment=payment, document_id=document_id).first()
        if known is not None:
            return known
        document = _payable(payment, document_id)
        amount = _amount(payment, document, amount_minor)
        return _apply(payment, document, amount, actor, now)


def _payable(payment: Payment, document_id: uuid.UUID) -> Document:
    document = our_invoices(payment.partner_id).filter(pk=document_id).first()
    if document is None:
        raise UnknownInvoice(
            Said(
                "%(document_id)s is no invoice of ours to this partner or its customers. Invoices "
                "in a partner's own name are paid to the partner.",
                document_id=document_id,
            )
        )
    if document.currency != payment.currency:
        raise CurrencyMismatch(
            Said(
                "%(number)s is in %(currency)s, the payment in %(paid_currency)s. Record it "
                "in the invoice's currency, as the bank credited it.",
                number=document.number,
                currency=document.currency,
                paid_currency=payment.currency,
            )
        )
    return document


def _amount(payment: Payment, document: Document, wanted: int | None) -> int:
    is_open, left = open_minor(document), unapplied_minor(payment)
    amount = min(is_open, left) if wanted is None else wanted
    if not 0 < amount <= min(is_open, left):
        shown = [format_money(Money(minor, payment.currency)) for minor in (amount, is_open, left)]
        raise BadMoney(
            Said(
                "%(it)s can not be applied to %(number)s: %(it2)s is open on it and %(it3)s of the "
                "payment is left.",
                it=shown[0],
                number=document.number,
                it2=shown[1],
                it3=shown[2],
            )
        )
    return amount


def _apply(
    payment: Payment, document: Document, amount: int, actor: str, now: datetime
) -> PaymentApplication:
    application = PaymentApplication.objects.create(
        partner_id=payment.partner_id, payment=payment, document=document, amount_minor=amount,
        applied_by=actor, applied_at=now,
    )  # fmt: skip
    source = Source(f"application {application.id}", payment.partner_id, document=document,
                    customer_id=document.customer_id)  # fmt: skip
    entries = application_entry(document.kind, amount, payment.currency, document.number)
    post_entries(entries=[(source, one) for one in entries], now=now,
                 accounting_date=open_date(payment.received_at.date()))  # fmt: skip
    record_document_event(document_id=document.id, kind=PAID, amount_minor=amount, actor=actor,
                          source_id=f"payment {payment.id}", now=now)  # fmt: skip
    level_shares(document=document, actor=actor, now=now)
    return application


def _same(known: Payment, partner_id: uuid.UUID, receipt: Receipt) -> Payment:
    given = (partner_id, receipt.amount_minor, receipt.currency)
    if (known.partner_id, known.amount_minor, known.currency) != given:
        raise AlreadyRecorded(
            Said(
                "%(key)s is recorded already, with another amount or for another partner. Look at "
                "the payment; a wrong one is sent back, not changed.",
                key=f"{receipt.key!r}",
            )
        )
    return known
