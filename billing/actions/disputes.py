"""Accept a statement, dispute its lines, decide the disputes; customers question invoice lines."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from billing.actions.credit import Credit
from billing.actions.credit_requests import ask_credit_note
from billing.actions.document_events import record_document_event
from billing.actions.errors import UnknownRun
from billing.actions.post import Source, post_entries
from billing.models import CarriedItem, Dispute, DisputeEntry, Document, DocumentEvent
from billing.queries.calendar import open_date
from billing.queries.credits import body_of
from billing.queries.disputes import (
    DisputeRow,
    disputable_until,
    dispute_by_id,
    disputes_of,
    open_dispute_documents,
)
from billing.rules import accounts as chart
from billing.rules.disputes import (
    FILE_MOST,
    REJECTED,
    SAID,
    TAKEN,
    UPHELD,
    WITHDRAWN,
    BadDispute,
    checked_text,
    deadline_of,
)
from billing.rules.drafts import CREDIT_NOTE, PAYOUT_STATEMENT
from billing.rules.journal import share_correction
from billing.rules.status import ACCEPTED, DISPUTED, RESOLVED
from tenants import audit
from tenants.gateways.turns import wait_in_line
from tenants.rules.sayings import Said

BY_SILENCE = "silence"


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file in a thread, at most 2 MiB."""

    name: str
    content: bytes


def accept_statement(*, document_id: uuid.UUID, actor: str, now: datetime) -> DocumentEvent:
    """The partner agrees to a whole statement. Raises UnknownRun, BadDispute (a line is disputed).

    Safe to repeat: the first acceptance stays.
    """
    with transaction.atomic():
        statement = _document(document_id)
        wait_in_line(f"disputes {statement.id}")
        if statement.kind != PAYOUT_STATEMENT:
            raise BadDispute(
                Said(
                    "%(number)s is no statement: only statements are accepted.",
                    number=statement.number,
                )
            )
        if open_dispute_documents([statement.id]):
            raise BadDispute(
                Said(
                    "A line of %(number)s is disputed. Withdraw the dispute, or wait until it is "
                    "decided.",
                    number=statement.number,
                )
            )
        return record_document_event(document_id=statement.id, kind=ACCEPTED,
                                     source_id="acceptance", actor=actor, now=now)  # fmt: skip


def accept_silent(*, now: datetime) -> int:
    """Accept every statement that nobody accepted or disputed in time; returns how many.

    In time is what the terms say (`lock_days`), else 14 days. Safe to repeat: an accepted statement
    is not looked at again.
    """
    waiting = [
        one.id
        for one in Document.objects.filter(kind=PAYOUT_STATEMENT).exclude(events__kind=ACCEPTED)
        if now >= disputable_until(one)
    ]
    ids = set(waiting) - open_dispute_documents(waiting)
    for document_id in sorted(ids):
        accept_statement(document_id=document_id, actor=BY_SILENCE, now=now)
    return len(ids)


def open_dispute(
    *, document_id: uuid.UUID, position: int, text: str, actor: str, now: datetime,
    attachment: Attachment | None = None,
) -> Dispute:  # fmt: skip
    """Dispute one line of a statement, or question one of an invoice; the rest is not touched.

    Raises UnknownRun, BadDispute (no such line, accepted already, disputed already, no text).
    """
    said = checked_text(text)
    with transaction.atomic():
        document = _document(document_id)
        wait_in_line(f"disputes {document.id}")
        line = document.lines.filter(position=position).first()
        if line is None or document.kind == CREDIT_NOTE:
            raise BadDispute(
                Said(
                    "%(number)s has no line %(position)s that can be disputed.",
                    number=document.number,
                    position=position,
                )
            )
        if DocumentEvent.objects.filter(document=document, kind=ACCEPTED).exists():
            raise BadDispute(
                Said(
                    "%(number)s is accepted; it can not be disputed any more.",
                    number=document.number,
                )
            )
        if document.kind == PAYOUT_STATEMENT and now >= (until := disputable_until(document)):
            raise BadDispute(
                Said(
                    "%(number)s could be disputed until %(until)s UTC, as agreed.",
                    number=document.number,
                    until=f"{until:%Y-%m-%d %H:%M}",
                )
            )
        if any(row.is_open and row.line.id == line.id for row in disputes_of(document.id)):
            raise BadDispute(
                Said(
                    "Line %(position)s of %(number)s is disputed already.",
                    position=position,
                    number=document.number,
                )
            )
        dispute = Dispute.objects.create(
            partner_id=document.partner_id, document=document, line=line, opened_by=actor,
            opened_at=now, deadline=deadline_of(now),
        )  # fmt: skip
        _add(dispute, SAID, said, actor, now, attachment=attachment)
        record_document_event(document_id=document.id, kind=DISPUTED, source_id=str(dispute.id),
                              actor=actor, now=now, note=f"line {position}")  # fmt: skip
    return dispute


def say(
    *, dispute_id: uuid.UUID, text: str, actor: str, now: datetime,
    attachment: Attachment | None = None,
) -> DisputeEntry:  # fmt: skip
    """Add to the thread. Raises UnknownRun, BadDispute (decided already, no text, too big)."""
    said = checked_text(text)
    with transaction.atomic():
        dispute = _open(dispute_id)
        return _add(dispute, SAID, said, actor, now, attachment=attachment)


def withdraw_dispute(*, dispute_id: uuid.UUID, actor: str, now: datetime) -> DisputeEntry:
    """Take a dispute back. Raises UnknownRun, BadDispute (decided already)."""
    with transaction.atomic():
        dispute = _open(dispute_id)
        return _end(dispute, WITHDRAWN, "", actor, now)


def take_dispute(*, dispute_id: uuid.UUID, actor: str, now: datetime) -> DisputeEntry:
    """Become its owner. Raises UnknownRun, BadDispute (decided already)."""
    with transaction.atomic():
        return _add(_open(dispute_id), TAKEN, "", actor, now)


def reject_dispute(
    *, dispute_id: uuid.UUID, text: str, actor: str, now: datetime
) -> DisputeEntry:  # fmt: skip
    """The line stays as it is, with the reason. Raises UnknownRun, BadDispute."""
    said = checked_text(text)
    with transaction.atomic():
        return _end(_open(dispute_id), REJECTED, said, actor, now)


def uphold_dispute(
    *, dispute_id: uuid.UUID, amount_minor: int, text: str, actor: str, now: datetime
) -> DisputeEntry:  # fmt: skip
    """Admit it: a credit on the partner's next statement is posted, a credit note asked for.

    `amount_minor` (more than zero) is what the partner gets on top, or the customer gets back once
    a second person approves the credit note.
    Raises UnknownRun, BadDispute, BadCredit (more than the invoice's line). Decided once.
    """
    said = checked_text(text)
    if amount_minor <= 0:
        raise BadDispute(Said("Say how much is credited: an amount above zero."))
    with transaction.atomic():
        dispute = _open(dispute_id)
        entry = _end(dispute, UPHELD, said, actor, now, amount_minor)
        if dispute.document.kind == PAYOUT_STATEMENT:
            _credit_partner(dispute, amount_minor, actor, now)
        else:
            credit = Credit(f"dispute {dispute.id}", said,
                            by_line={dispute.line.position: amount_minor})  # fmt: skip
            ask_credit_note(document_id=dispute.document_id, credit=credit, actor=actor, now=now)
    return entry


def _document(document_id: uuid.UUID) -> Document:
    document = Document.objects.filter(pk=document_id).first()
    if document is None:
        raise UnknownRun(Said("There is no document %(document_id)s.", document_id=document_id))
    return document


def _open(dispute_id: uuid.UUID) -> Dispute:
    wait_in_line(f"dispute {dispute_id}")
    row: DisputeRow | None = dispute_by_id(dispute_id)
    if row is None:
        raise UnknownRun(Said("There is no dispute %(dispute_id)s.", dispute_id=dispute_id))
    if not row.is_open:
        raise BadDispute(
            Said("This dispute is %(state)s; nothing can be added to it.", state=row.state)
        )
    return Dispute.objects.select_related("document", "line").get(pk=dispute_id)


def _add(
    dispute: Dispute, kind: str, text: str, actor: str, now: datetime,
    amount_minor: int | None = None, attachment: Attachment | None = None,
) -> DisputeEntry:  # fmt: skip
    if attachment and len(attachment.content) > FILE_MOST:
        raise BadDispute(Said("A file has at most %(it)s MiB.", it=FILE_MOST // 1024 // 1024))
    entry = DisputeEntry.objects.create(
        partner_id=dispute.partner_id, dispute=dispute, kind=kind, text=text, actor=actor, at=now,
        position=dispute.entries.count() + 1, amount_minor=amount_minor,
        file_name=attachment.name[:200] if attachment else "",
        file=attachment.content if attachment else None,
    )  # fmt: skip
    audit.record(actor=actor, verb=f"dispute.{kind}", target=str(dispute.id), at=now,
                 partner_id=dispute.partner_id, data={"document": dispute.document.number,
                 "line": dispute.line.position, "amount_minor": amount_minor})  # fmt: skip
    return entry


def _end(
    dispute: Dispute, kind: str, text: str, actor: str, now: datetime,
    amount_minor: int | None = None,
) -> DisputeEntry:  # fmt: skip
    entry = _add(dispute, kind, text, actor, now, amount_minor)
    record_document_event(document_id=dispute.document_id, kind=RESOLVED,
                          source_id=str(dispute.id), actor=actor, now=now, note=kind)  # fmt: skip
    return entry


def _credit_partner(dispute: Dispute, amount_minor: int, actor: str, now: datetime) -> None:
    statement, line = dispute.document, dispute.line
    assert statement.run is not None  # a statement belongs to its run
    item = CarriedItem.objects.create(
        partner_id=statement.partner_id, agreement_id=statement.run.agreement_id,
        document=statement, kind=CarriedItem.Kind.DISPUTE, source=f"dispute {dispute.id}",
        description=f"Line {line.position} of {statement.number}, dispute upheld",
        customer_external_id=line.customer_external_id, customer_name=line.customer_name,
        period_start=statement.period_start, currency=statement.currency,
        amount_minor=amount_minor, actor=actor, created_at=now,
    )  # fmt: skip
    principal = body_of(statement)["terms"]["principal"]
    cost = chart.PARTNER_SHARE if principal else chart.REVENUE_SHARED
    made = share_correction(amount_minor, statement.currency, item.description, cost)
    source = Source(item.source, statement.partner_id, document=statement)
    post_entries(entries=[(source, entry) for entry in made],
                 accounting_date=open_date(now.date()), now=now)  # fmt: skip
