"""What is open on our invoices, what payments still hold, and the lists the console shows."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import F, Q, QuerySet, Sum
from django.db.models.expressions import CombinedExpression
from django.db.models.functions import Coalesce

from billing.models import (
    BankLine,
    Chargeback,
    ChargebackMove,
    Document,
    DocumentEvent,
    ExceptionOwner,
    Payment,
    PaymentApplication,
    Refund,
)
from billing.queries.parties import PLATFORM_ISSUER
from billing.rules.bank import OpenInvoice
from billing.rules.status import CLOSING_SIGNS, PAID_SIGNS, signed_minor

INVOICE_KINDS = (Document.Kind.CUSTOMER_INVOICE, Document.Kind.PARTNER_INVOICE)


@dataclass(frozen=True)
class PaymentRow:
    """A payment in a list; `unapplied_minor` is what pays no invoice and was not sent back."""

    payment: Payment
    numbers: tuple[str, ...]
    unapplied_minor: int
    refunded_minor: int


@dataclass(frozen=True)
class ChargebackRow:
    """A chargeback in a list: what the bank holds now, Stripe's fee, who looks after it."""

    chargeback: Chargeback
    taken_minor: int
    fee_minor: int
    owner: str


def our_invoices(partner_id: uuid.UUID | None = None) -> QuerySet[Document]:
    """Invoices that are paid to us, whichever brand they wear."""
    rows = Document.objects.filter(issuer=PLATFORM_ISSUER, kind__in=INVOICE_KINDS)
    return rows if partner_id is None else rows.filter(partner_id=partner_id)


def paid_minor(document_id: uuid.UUID) -> int:
    """What is paid on a document and neither refunded nor charged back, minor units."""
    return signed_minor(_event_sums(document_id), PAID_SIGNS)


def open_minor(document: Document) -> int:
    """What is still to be paid on one invoice, after credits and write-offs; 0 when nothing is."""
    closed = signed_minor(_event_sums(document.id), CLOSING_SIGNS)
    return max(document.total_minor - closed, 0)


def open_invoices(
    partner_id: uuid.UUID | None = None, currencies: Sequence[str] = ()
) -> list[OpenInvoice]:
    """Every invoice of ours with something open, oldest first: two queries."""
    rows = our_invoices(partner_id).filter(total_minor__gt=0).order_by("due_date", "number")
    if currencies:
        rows = rows.filter(currency__in=currencies)
    columns = ("id", "number", "buyer_name", "customer_id", "partner_id", "currency", "open_minor")
    found = rows.annotate(open_minor=open_sql()).filter(open_minor__gt=0)
    return [
        OpenInvoice(
            id=str(row["id"]), number=row["number"], buyer=row["buyer_name"],
            payer_key=str(row["customer_id"] or row["partner_id"]), currency=row["currency"],
            open_minor=int(row["open_minor"]), partner_id=str(row["partner_id"]),
        )
        for row in found.values(*columns)
    ]  # fmt: skip


def open_sql() -> CombinedExpression:
    """What is open on a document, not clamped, as a column beside its row."""

    def total(sign: int) -> Coalesce:
        kinds = [kind for kind, one in CLOSING_SIGNS.items() if one == sign]
        return Coalesce(Sum("events__amount_minor", filter=Q(events__kind__in=kinds)), 0)

    return F("total_minor") - total(1) + total(-1)


def unapplied_minor(payment: Payment) -> int:
    """What of a payment pays nothing yet and was not asked back, minor units."""
    applied = _sum(PaymentApplication.objects.filter(payment=payment))
    returned = _sum(
        Refund.objects.filter(payment=payment, document=None).exclude(state=Refund.State.FAILED)
    )
    return payment.amount_minor - applied - returned - charged_back_minor(payment, None)


def charged_back_minor(payment: Payment, document_id: uuid.UUID | None) -> int:
    """What the bank took of what a payment paid on a document (None: of what paid nothing)."""
    here = Q(chargeback__document=None)
    if document_id is not None:
        here = Q(chargeback__document_id=document_id)
    return -_sum(ChargebackMove.objects.filter(here, chargeback__payment=payment))


def refundable_minor(payment: Payment, document_id: uuid.UUID | None) -> int:
    """What can be sent back of what a payment paid on a document (None: of what paid nothing)."""
    if document_id is None:
        return unapplied_minor(payment)
    applied = _sum(PaymentApplication.objects.filter(payment=payment, document_id=document_id))
    asked = Refund.objects.filter(document_id=document_id).exclude(state=Refund.State.FAILED)
    waiting = _sum(asked.filter(state=Refund.State.PENDING))
    left = applied - _sum(asked.filter(payment=payment))
    return min(left, paid_minor(document_id) - waiting)


def payments_page(*, limit: int = 50, offset: int = 0) -> tuple[list[PaymentRow], int]:
    """Payments, newest first, and how many there are: four queries at any size (console)."""
    page = list(
        Payment.objects.prefetch_related("applications__document", "refunds")[
            offset : offset + limit
        ]
    )
    return [_row(payment) for payment in page], Payment.objects.count()


def payment_by_id(payment_id: uuid.UUID) -> Payment | None:
    """A payment with what it pays: three queries (console)."""
    rows = Payment.objects.prefetch_related("applications__document")
    return rows.filter(pk=payment_id).first()


def bank_lines(states: Sequence[str], limit: int = 200) -> list[BankLine]:
    """Bank lines in these states with their file and payment, newest first (console)."""
    return list(BankLine.objects.filter(state__in=states).select_related("file", "payment")[:limit])


def chargebacks_page(limit: int = 50) -> list[ChargebackRow]:
    """Disputed card payments, newest first, with what the bank holds and took: three queries."""
    rows = Chargeback.objects.select_related("document", "payment").prefetch_related("moves")
    owners = dict(ExceptionOwner.objects.filter(key__startswith="chargeback ").values_list(
        "key", "owner"))  # fmt: skip
    return [
        ChargebackRow(
            one, -sum(move.amount_minor for move in one.moves.all()),
            sum(move.fee_minor for move in one.moves.all()),
            owners.get(f"chargeback {one.id}", ""),
        )
        for one in rows[:limit]
    ]  # fmt: skip


def _row(payment: Payment) -> PaymentRow:
    applied = list(payment.applications.all())
    refunds = [one for one in payment.refunds.all() if one.state != Refund.State.FAILED]
    free = sum(one.amount_minor for one in refunds if one.document_id is None)
    return PaymentRow(
        payment, tuple(one.document.number for one in applied),
        payment.amount_minor - sum(one.amount_minor for one in applied) - free,
        sum(one.amount_minor for one in refunds),
    )  # fmt: skip


def _event_sums(document_id: uuid.UUID) -> dict[str, int]:
    rows = DocumentEvent.objects.filter(document_id=document_id, kind__in=list(CLOSING_SIGNS))
    found = rows.values("kind").annotate(sum=Sum("amount_minor")).order_by()
    return {row["kind"]: int(row["sum"] or 0) for row in found}


def _sum(rows: QuerySet[Any]) -> int:
    return int(rows.aggregate(sum=Sum("amount_minor"))["sum"] or 0)


def invoice_by_number(number: str) -> Document | None:
    """One of our invoices by its number, whatever case and spaces it was typed with."""
    return our_invoices().filter(number=number.strip().upper()).first()
