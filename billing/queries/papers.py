"""All papers of all partners as finance looks for them: kind, partner, month, what is open."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from billing.queries.documents import COLUMNS, INVOICES, DocumentRow, chosen, with_status
from billing.queries.payments import open_sql

OPEN, LATE = "open", "late"  # what `only` can be


@dataclass(frozen=True)
class Wanted:
    """`kinds` of papers; `month` begins then; `number` holds this text; `only` is OPEN (invoices
    that are not paid), LATE (those past their date) or '' for all."""

    kinds: Sequence[str]
    partner_id: uuid.UUID | None = None
    month: datetime | None = None
    number: str = ""
    only: str = ""


def papers_page(
    wanted: Wanted, *, today: date, limit: int, offset: int
) -> tuple[list[DocumentRow], int]:
    """One page, newest first, and how many there are: three queries at any size (console)."""
    rows = chosen(wanted.partner_id, None, wanted.kinds)
    if wanted.month is not None:
        rows = rows.filter(period_start=wanted.month)
    if wanted.number:
        rows = rows.filter(number__icontains=wanted.number)
    if wanted.only:
        rows = rows.filter(kind__in=INVOICES).annotate(still=open_sql()).filter(still__gt=0)
    if wanted.only == LATE:
        rows = rows.filter(due_date__lt=today)
    page = list(rows.values(*COLUMNS)[offset : offset + limit])
    return with_status(page, today), rows.count()
