"""Post issued documents to the journal: balanced entries, dated by the service period."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from billing.models import Document, JournalEntry, JournalLine, SettlementRun
from billing.rules.drafts import Draft
from billing.rules.journal import postings

BATCH = 2_000


def post_documents(
    *, run: SettlementRun, documents: Sequence[Document], drafts: Sequence[Draft], now: datetime
) -> int:
    """Write the entries of a run's documents, inside the issuing transaction; returns how many.

    Documents that owe nothing (proof of concept) or are the partner's own post nothing. Raises
    InvariantBroken; the database checks the balance again when the transaction commits.
    """
    accounting_date = (run.period_end - timedelta(microseconds=1)).date()
    entries: list[JournalEntry] = []
    lines: list[JournalLine] = []
    for document, draft in zip(documents, drafts, strict=True):
        for posting in postings(draft, memo=document.number):
            entry = JournalEntry(
                partner_id=run.partner_id, run=run, document=document, position=len(entries) + 1,
                purpose=posting.kind, accounting_date=accounting_date, description=posting.memo,
                created_at=now,
            )  # fmt: skip
            entries.append(entry)
            lines += [
                JournalLine(
                    partner_id=run.partner_id, entry=entry, position=position, account=line.account,
                    currency=line.currency, debit_minor=line.debit_minor,
                    credit_minor=line.credit_minor, customer_id=draft.customer_id,
                )
                for position, line in enumerate(posting.lines, 1)
            ]  # fmt: skip
    JournalEntry.objects.bulk_create(entries, batch_size=BATCH)
    JournalLine.objects.bulk_create(lines, batch_size=BATCH)
    return len(entries)
