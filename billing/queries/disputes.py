"""Disputes as pages show them: thread, state, owner, age and the money at risk."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import QuerySet

from billing.models import AgreementVersion, Dispute, DisputeEntry, Document, DocumentLine
from billing.rules.disputes import OPEN, TAKEN, accepted_at, dispute_state, undisputed_minor


@dataclass(frozen=True)
class DisputeRow:
    """A dispute of one line; `line_minor` is the money at risk, `owner` who took it or ''."""

    id: uuid.UUID
    document: Document
    line: DocumentLine
    opened_by: str
    opened_at: datetime
    deadline: date
    state: str
    owner: str
    entries: tuple[DisputeEntry, ...]

    @property
    def is_open(self) -> bool:
        """Nobody has decided it."""
        return self.state == OPEN

    @property
    def line_minor(self) -> int:
        """The amount of the disputed line."""
        return self.line.amount_minor


def disputable_until(statement: Document) -> datetime:
    """Until when its lines can be disputed, by the terms in force at the end of its period.

    A partner has one deal in force at a time, so that its own rows say which.
    """
    versions = AgreementVersion.objects.filter(
        partner_id=statement.partner_id, approved_at__isnull=False,
        valid_from__lt=statement.period_end,
    )  # fmt: skip
    terms = versions.order_by("-valid_from").values_list("terms", flat=True).first() or {}
    return accepted_at(statement.issued_at, terms.get("lock_days", 0))


def disputes_of(document_id: uuid.UUID) -> list[DisputeRow]:
    """A document's disputes, oldest first: two queries."""
    return _rows(Dispute.objects.filter(document_id=document_id))


def all_disputes(*, open_only: bool) -> list[DisputeRow]:
    """Disputes of all partners by deadline, for the console: two queries.

    Customers question invoices and partners dispute statements; both are here.
    """
    rows = _rows(Dispute.objects.order_by("deadline", "opened_at"))
    return [row for row in rows if row.is_open] if open_only else rows


def dispute_by_id(dispute_id: uuid.UUID) -> DisputeRow | None:
    """One dispute, or None when there is none for this reader."""
    return next(iter(_rows(Dispute.objects.filter(pk=dispute_id))), None)


def open_dispute_documents(document_ids: Iterable[uuid.UUID]) -> set[uuid.UUID]:
    """Which of these documents have an open dispute: two queries."""
    rows = _rows(Dispute.objects.filter(document_id__in=list(document_ids)))
    return {row.document.id for row in rows if row.is_open}


def payable_now_minor(document: Document) -> int:
    """What of a statement is paid on time: all but its openly disputed lines, in minor units."""
    payable = int((document.statement or {}).get("payable_minor", 0))
    return undisputed_minor(
        payable, [row.line_minor for row in disputes_of(document.id) if row.is_open]
    )


def _rows(found: QuerySet[Dispute]) -> list[DisputeRow]:
    rows = found.select_related("document", "line").defer("document__canonical")
    return [_row(row, tuple(row.entries.all())) for row in
            rows.prefetch_related("entries")]  # fmt: skip


def _row(row: Dispute, entries: tuple[DisputeEntry, ...]) -> DisputeRow:
    owners = [entry.actor for entry in entries if entry.kind == TAKEN]
    return DisputeRow(
        row.id, row.document, row.line, row.opened_by, row.opened_at, row.deadline,
        dispute_state([entry.kind for entry in entries]), owners[-1] if owners else "", entries,
    )  # fmt: skip
