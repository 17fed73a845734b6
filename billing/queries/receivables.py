"""What invoices asked for, what came in and what is late (partner's scope)."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import QuerySet, Sum

from billing.models import Document, DocumentEvent
from billing.queries.documents import COLUMNS, TO_CUSTOMERS, DocumentRow, chosen, with_status
from billing.queries.payments import open_sql
from billing.rules.drafts import CREDIT_NOTE, CUSTOMER_INVOICE
from billing.rules.status import OVERDUE, PAID_SIGNS, signed_minor


@dataclass(frozen=True)
class Receivables:
    """Invoices to customers in one currency, minor units with tax: billed, collected of it,
    credited by credit notes, and open past its date."""

    currency: str
    billed_minor: int
    collected_minor: int
    credited_minor: int
    overdue_minor: int
    overdue_count: int


def receivables(
    partner_id: uuid.UUID, *, today: date, customer_id: uuid.UUID | None = None,
    month: datetime | None = None,
) -> list[Receivables]:  # fmt: skip
    """The sums of all invoices, or of those for one month, by currency: six queries at any size."""
    rows = chosen(partner_id, customer_id, (CUSTOMER_INVOICE,))
    notes = chosen(partner_id, customer_id, (CREDIT_NOTE,)).filter(customer_id__isnull=False)
    late = overdue_invoices(partner_id, today, customer_id)
    if month is not None:
        rows, notes = rows.filter(period_start=month), notes.filter(period_start=month)
        late = [row for row in late if row.period_start == month]
    billed, credited = _totals(rows), _totals(notes)
    paid: dict[str, Counter[str]] = {}
    events = DocumentEvent.objects.filter(document__in=rows, kind__in=list(PAID_SIGNS))
    for currency, kind, amount in (
        events.order_by().values_list("document__currency", "kind").annotate(n=Sum("amount_minor"))
    ):
        paid.setdefault(currency, Counter())[kind] += int(amount or 0)
    return [
        Receivables(
            currency, billed[currency], signed_minor(paid.get(currency, {}), PAID_SIGNS),
            -credited[currency],
            sum(row.open_minor for row in late if row.currency == currency),
            sum(row.currency == currency for row in late),
        )
        for currency in sorted(billed)
    ]  # fmt: skip


def overdue_invoices(
    partner_id: uuid.UUID, today: date, customer_id: uuid.UUID | None = None
) -> list[DocumentRow]:
    """Invoices to customers that are overdue as their pages say: three queries."""
    late = chosen(partner_id, customer_id, (CUSTOMER_INVOICE,)).filter(due_date__lt=today)
    still = late.annotate(still=open_sql()).filter(still__gt=0).values_list("id", flat=True)
    rows = list(Document.objects.filter(pk__in=list(still)).values(*COLUMNS))
    return [row for row in with_status(rows, today) if row.status == OVERDUE]


def open_sums(partner_id: uuid.UUID, customer_id: uuid.UUID) -> list[tuple[str, int]]:
    """What a customer's invoices still ask for, minor units by currency: one query."""
    rows = chosen(partner_id, customer_id, (CUSTOMER_INVOICE,)).annotate(still=open_sql())
    sums: Counter[str] = Counter()
    for currency, still in rows.filter(still__gt=0).values_list("currency", "still"):
        sums[currency] += int(still)
    return sorted(sums.items())


def overdue_customers(partner_id: uuid.UUID, today: date) -> Counter[uuid.UUID]:
    """Customer → how many of its invoices are overdue."""
    late = overdue_invoices(partner_id, today)
    return Counter(row.customer_id for row in late if row.customer_id)


def papers_of(
    partner_id: uuid.UUID, *, kinds: Sequence[str] = TO_CUSTOMERS,
    customer_id: uuid.UUID | None = None, month: datetime | None = None,
) -> QuerySet[Document]:  # fmt: skip
    """The papers that a list shows, newest first."""
    rows = chosen(partner_id, customer_id, kinds)
    return rows if month is None else rows.filter(period_start=month)


def months_of(
    partner_id: uuid.UUID | None, *, kinds: Sequence[str] = TO_CUSTOMERS,
    customer_id: uuid.UUID | None = None,
) -> list[datetime]:  # fmt: skip
    """The months that papers are for, newest first: one query. None: of all partners (console)."""
    rows = chosen(partner_id, customer_id, kinds).order_by("-period_start")
    return list(rows.values_list("period_start", flat=True).distinct())


def _totals(rows: QuerySet[Document]) -> Counter[str]:
    sums = rows.order_by().values_list("currency").annotate(n=Sum("total_minor"))
    return Counter({currency: int(total) for currency, total in sums})
