"""Post to the journal: balanced entries, each from one fact, booked once."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from billing.gateways.postgres import BATCH, batched
from billing.models import Document, JournalEntry, JournalLine, SettlementRun
from billing.queries.calendar import closed_months, open_date
from billing.rules.books import ClosedMonth, month_start
from billing.rules.drafts import Draft
from billing.rules.journal import Entry, postings
from tenants.rules.sayings import Said


@dataclass(frozen=True, slots=True)
class Source:
    """What an entry books and whom it concerns. `key` is unique: "run <id>/3", "payment <id>"."""

    key: str
    partner_id: uuid.UUID
    position: int = 1
    run: SettlementRun | None = None
    document: Document | None = None
    customer_id: uuid.UUID | str | None = None
    reverses: JournalEntry | None = None


def post_entries(
    *, entries: Sequence[tuple[Source, Entry]], accounting_date: date, now: datetime
) -> int:
    """Write entries inside the caller's transaction; returns how many were new.

    Raises ClosedMonth when something is new and the month's books are closed (the database
    refuses it too). Safe to repeat: an entry whose source is booked is left out. The database
    checks each entry's balance per currency when the transaction commits.
    """
    keys = [source.key for source, _ in entries]
    booked = set(JournalEntry.objects.filter(source__in=keys).values_list("source", flat=True))
    new = [(source, entry) for source, entry in entries if source.key not in booked]
    if new and month_start(accounting_date) in closed_months():
        raise ClosedMonth(
            Said(
                "The books of %(accounting_date)s are closed. Date the entry in an open month, or "
                "ask for the month to be opened again by a second person.",
                accounting_date=f"{accounting_date:%Y-%m}",
            )
        )
    for some in batched(new, BATCH):
        rows = [_entry(source, entry, accounting_date, now) for source, entry in some]
        JournalEntry.objects.bulk_create(rows)
        JournalLine.objects.bulk_create(
            line for row, (source, entry) in zip(rows, some, strict=True)
            for line in _lines(row, source, entry)
        )  # fmt: skip
    return len(new)


def post_documents(
    *, run: SettlementRun, documents: Sequence[Document], drafts: Sequence[Draft], now: datetime,
    after: int = 0,
) -> int:  # fmt: skip
    """Write the entries of a run's documents, dated by the service period; returns how many.

    `after`: how many of the run came before these.

    When the books of the period are closed, they are dated on the first open day after it: the
    closed month carries an accrual, which that day reverses.

    Documents that owe nothing (proof of concept) or are the partner's own post nothing. Raises
    InvariantBroken. Inside the issuing transaction; safe to repeat as `post_entries` is.
    """
    found: list[tuple[Source, Entry]] = []
    for document, draft in zip(documents, drafts, strict=True):
        for posting in postings(draft, memo=document.number):
            position = after + len(found) + 1
            source = Source(f"run {run.id}/{position}", run.partner_id, position, run, document,
                            draft.customer_id)  # fmt: skip
            found.append((source, posting))
    accounting_date = open_date((run.period_end - timedelta(microseconds=1)).date())
    return post_entries(entries=found, accounting_date=accounting_date, now=now)


def _entry(source: Source, entry: Entry, accounting_date: date, now: datetime) -> JournalEntry:
    return JournalEntry(
        partner_id=source.partner_id, source=source.key, run=source.run, document=source.document,
        position=source.position, purpose=entry.kind, accounting_date=accounting_date,
        description=entry.memo, reverses=source.reverses, created_at=now,
    )  # fmt: skip


def _lines(row: JournalEntry, source: Source, entry: Entry) -> list[JournalLine]:
    return [
        JournalLine(
            partner_id=source.partner_id, entry=row, position=position, account=line.account,
            currency=line.currency, debit_minor=line.debit_minor, credit_minor=line.credit_minor,
            customer_id=source.customer_id,
        )
        for position, line in enumerate(entry.lines, 1)
    ]  # fmt: skip
