"""Invoices and statements, for the partner, its customers and the console.

Each function names its partner; under a partner's role the database refuses any other anyway.
"""

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Count, QuerySet, Sum

from billing.models import CreditRequest, Document, DocumentEvent, FinanceRequest
from billing.rules.drafts import (
    CREDIT_NOTE,
    CUSTOMER_INVOICE,
    PARTNER_INVOICE,
    PAYOUT_STATEMENT,
)
from billing.rules.status import (
    CREDITED,
    DISPUTED,
    PAID_SIGNS,
    REMINDED,
    RESOLVED,
    UNCOLLECTIBLE,
    document_status,
    signed_minor,
)

INVOICES = (CUSTOMER_INVOICE, PARTNER_INVOICE, CREDIT_NOTE)
TO_CUSTOMERS = (CUSTOMER_INVOICE, CREDIT_NOTE)


@dataclass(frozen=True)
class DocumentRow:
    """A document in a list; amounts in minor units, `status` derived from its events.

    `due_minor` is after credit notes, `paid_minor` after refunds and chargebacks.
    """

    id: uuid.UUID
    partner_id: uuid.UUID
    kind: str
    number: str
    seller_name: str
    buyer_name: str
    customer_id: uuid.UUID | None
    customer_external_id: str
    currency: str
    period_start: datetime
    period_end: datetime
    issued_at: datetime
    due_date: date
    net_minor: int
    tax_minor: int
    total_minor: int
    shadow_minor: int
    statement: dict[str, int] | None
    sha256: str
    corrects_id: uuid.UUID | None
    due_minor: int
    paid_minor: int
    credited_minor: int
    written_off_minor: int
    reminders: int
    status: str

    @property
    def open_minor(self) -> int:
        """What is still to be paid; nothing when it is written off."""
        return max(self.due_minor - self.paid_minor - self.written_off_minor, 0)

    @property
    def others_minor(self) -> int:
        """What moved a statement's balance beside its share and payouts: adjustments, fees, tax."""
        said = self.statement or {}
        return (said.get("closing_minor", 0) - said.get("opening_minor", 0)
                + said.get("paid_minor", 0) - said.get("shares_minor", 0))  # fmt: skip

    @property
    def refundable_minor(self) -> int:
        """What was paid beyond what is due, so that it can go back."""
        return max(self.paid_minor - max(self.due_minor, 0), 0)


@dataclass(frozen=True)
class DocumentDetail:
    """`body` is the canonical JSON, read; `canonical` its bytes, which are the document."""

    row: DocumentRow
    body: dict[str, Any]
    canonical: bytes
    events: tuple[DocumentEvent, ...]


COLUMNS = (
    "id", "partner_id", "kind", "number", "seller_name", "buyer_name", "customer_id",
    "customer_external_id", "currency", "period_start", "period_end", "issued_at", "due_date",
    "net_minor", "tax_minor", "total_minor", "shadow_minor", "statement", "sha256", "corrects_id",
)  # fmt: skip


def documents_page(
    *, today: date, partner_id: uuid.UUID | None = None, customer_id: uuid.UUID | None = None,
    run_id: uuid.UUID | None = None, kinds: Sequence[str] = INVOICES,
    month: datetime | None = None, limit: int = 50, offset: int = 0,
) -> tuple[list[DocumentRow], int]:  # fmt: skip
    """One page of documents, newest first, and how many there are: three queries at any size.

    `partner_id` None: all partners (console). A customer sees invoices addressed to it only.
    `month`: only papers for the month that begins then.
    """
    rows = chosen(partner_id, customer_id, kinds)
    if month is not None:
        rows = rows.filter(period_start=month)
    if run_id is not None:
        rows = rows.filter(run_id=run_id)
    page = list(rows.values(*COLUMNS)[offset : offset + limit])
    return with_status(page, today), rows.count()


def newest(
    partner_id: uuid.UUID, today: date, *wanted: tuple[Sequence[str], int]
) -> list[list[DocumentRow]]:
    """The newest documents of each (kinds, how many): a query each, and one for all."""
    pages = [list(chosen(partner_id, None, kinds).values(*COLUMNS)[:most])
             for kinds, most in wanted]  # fmt: skip
    rows = {row.id: row for row in with_status([one for page in pages for one in page], today)}
    return [[rows[one["id"]] for one in page] for page in pages]


def invoices(
    partner_id: uuid.UUID, *, today: date, month: datetime | None = None, limit: int = 50,
    offset: int = 0,
) -> tuple[list[DocumentRow], int]:  # fmt: skip
    """The partner's invoices: those to its customers and those to itself."""
    return documents_page(today=today, partner_id=partner_id, month=month, limit=limit,
                          offset=offset)  # fmt: skip


def customer_invoices(
    partner_id: uuid.UUID, customer_id: uuid.UUID, *, today: date, month: datetime | None = None,
    limit: int = 50, offset: int = 0,
) -> tuple[list[DocumentRow], int]:  # fmt: skip
    """The invoices of one customer."""
    return documents_page(today=today, partner_id=partner_id, customer_id=customer_id,
                          kinds=TO_CUSTOMERS, month=month, limit=limit, offset=offset)  # fmt: skip


def statements(
    partner_id: uuid.UUID, *, today: date, limit: int = 50, offset: int = 0
) -> tuple[list[DocumentRow], int]:
    """The partner's payout statements."""
    return documents_page(today=today, partner_id=partner_id, kinds=(PAYOUT_STATEMENT,),
                          limit=limit, offset=offset)  # fmt: skip


def document_detail(
    document_id: uuid.UUID, *, today: date, partner_id: uuid.UUID | None = None,
    customer_id: uuid.UUID | None = None,
) -> DocumentDetail | None:  # fmt: skip
    """One document, or None when it does not exist **for this reader**: three queries."""
    kinds = TO_CUSTOMERS if customer_id else (*INVOICES, PAYOUT_STATEMENT)
    found = chosen(partner_id, customer_id, kinds).filter(pk=document_id)
    page = list(found.values("canonical", *COLUMNS))
    if not page:
        return None
    canonical = bytes(page[0].pop("canonical"))
    events = tuple(DocumentEvent.objects.filter(document_id=document_id))
    row = with_status(page, today)[0]
    return DocumentDetail(row, json.loads(canonical), canonical, events)


def document_by_id(document_id: uuid.UUID) -> Document | None:
    """The document alone, in whatever partners the reader may see."""
    return Document.objects.filter(pk=document_id).first()


def asked_corrections(
    document_id: uuid.UUID,
) -> tuple[list[CreditRequest], list[FinanceRequest]]:
    """Credit notes and write-offs that wait for a second person: two queries (console)."""
    undecided = {"document_id": document_id, "approved_by": "", "declined_by": ""}
    return (
        list(CreditRequest.objects.filter(**undecided)),
        list(FinanceRequest.objects.filter(**undecided)),
    )


def chosen(
    partner_id: uuid.UUID | None, customer_id: uuid.UUID | None, kinds: Sequence[str]
) -> QuerySet[Document]:
    """Documents of these kinds, newest first."""
    rows = Document.objects.filter(kind__in=kinds).order_by("-period_start", "-issued_at", "number")
    if partner_id is not None:
        rows = rows.filter(partner_id=partner_id)
    return rows if customer_id is None else rows.filter(customer_id=customer_id)


def with_status(page: list[dict[str, Any]], today: date) -> list[DocumentRow]:
    """Rows of values (COLUMNS) with what happened to each: one query."""
    found: dict[uuid.UUID, dict[str, tuple[int, int]]] = {}
    events = (
        DocumentEvent.objects.filter(document_id__in=[row["id"] for row in page])
        .values("document_id", "kind")
        .annotate(sum=Sum("amount_minor"), count=Count("id"))
        .order_by()
    )
    for event in events:
        sums = found.setdefault(event["document_id"], {})
        sums[event["kind"]] = (event["count"], int(event["sum"] or 0))
    return [_row(row, found.get(row["id"], {}), today) for row in page]


def _row(row: dict[str, Any], sums: dict[str, tuple[int, int]], today: date) -> DocumentRow:
    """`sums`: per event kind how many, and their amounts together."""

    def count(kind: str) -> int:
        return sums.get(kind, (0, 0))[0]

    def amount(kind: str) -> int:
        return sums.get(kind, (0, 0))[1]

    statement = row["statement"]
    billed = int(statement["payable_minor"]) if statement else row["total_minor"]
    due = billed - amount(CREDITED)
    paid = signed_minor({kind: one[1] for kind, one in sums.items()}, PAID_SIGNS)
    kinds = set(sums) - ({DISPUTED} if count(DISPUTED) <= count(RESOLVED) else set())
    status = document_status(
        due_minor=due, paid_minor=paid, kinds=kinds, due_date=row["due_date"], today=today,
        is_statement=statement is not None,
    )  # fmt: skip
    return DocumentRow(
        **row, due_minor=due, paid_minor=paid, credited_minor=amount(CREDITED),
        written_off_minor=amount(UNCOLLECTIBLE), reminders=count(REMINDED), status=status,
    )  # fmt: skip
