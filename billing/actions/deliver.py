"""Bring documents by mail, remind of what is overdue, and close runs that are done."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext

from billing.actions.document_events import record_document_event
from billing.actions.moves import locked_run, move
from billing.actions.render_document import render_document
from billing.gateways.mail import MailNotSentError, send
from billing.models import Document, DocumentEvent, SettlementRun
from billing.queries.credits import body_of
from billing.queries.disputes import open_dispute_documents
from billing.queries.documents import documents_page
from billing.queries.mailing import (
    MAILER,
    brought_runs,
    by_language,
    failures,
    mailboxes,
    overdue_invoices,
    page_url,
    undelivered_documents,
)
from billing.rules.drafts import DOCUMENT_KINDS, PAYOUT_STATEMENT
from billing.rules.letters import (
    Letter,
    delivery_letter,
    document_path,
    next_try_at,
    reminder_due,
    reminder_letter,
)
from billing.rules.money import Money
from billing.rules.money_text import format_money
from billing.rules.runs import DELIVERED as RUN_DELIVERED
from billing.rules.runs import ISSUED as RUN_ISSUED
from billing.rules.status import (
    ACCEPTED,
    CREDITED,
    DELIVERED,
    NOTHING_DUE,
    PAID,
    REMINDED,
    UNCOLLECTIBLE,
    UNDELIVERED,
)
from tenants import queries
from tenants.gateways.turns import wait_in_line
from tenants.letters import letter_html, reading, with_footer
from tenants.resolve import brand_of_partner

Write = Callable[[str], Letter]  # the letter in a language
_DONE = (PAID, CREDITED, NOTHING_DUE, UNCOLLECTIBLE)


@dataclass(frozen=True)
class Mail:
    """A letter, who gets it, and the same words under the brand."""

    letter: Letter
    to: list[str]
    html: str


def deliver_documents(*, now: datetime) -> int:
    """Mail every fresh document that is due to be tried; returns how many were brought.

    Then runs whose documents are all brought become `delivered`, also those that a worker left
    there which died after its last mail. Safe to repeat and at once from several workers: a
    document is brought once; one that failed is tried again after 5, 10, 20 … minutes, eight
    times at most.
    """
    waiting = list(undelivered_documents(now).values_list("id", flat=True))
    brought = sum(deliver_document(document_id=found, now=now) for found in waiting)
    for run_id in list(brought_runs().values_list("id", flat=True)):
        _advance(run_id, now)
    return brought


def deliver_document(*, document_id: uuid.UUID, now: datetime) -> bool:
    """Mail one document with its PDF, under the partner's brand; whether it was sent now.

    Safe to repeat and at once from two workers: they wait for each other. A worker that dies
    between the server's yes and ours sends it again, with the same Message-ID.
    """
    document = Document.objects.get(pk=document_id)
    body = body_of(document)
    to = mailboxes(document, body["buyer"]["email"])
    url, own = paper_url(document, body), queries.mail_texts(document.partner_id)

    def write(language: str) -> Letter:
        return delivery_letter(body, str(document.id), url, language, gettext, own)

    return send_mails(
        document, mails_for(document, body["language"], to, write), DELIVERED, MAILER, now
    )


def send_reminders(*, now: datetime) -> int:
    """Remind of every invoice of ours that is overdue, at 3, 14 and 30 days; returns how many.

    Nothing is sent while a line is questioned, or once it is paid, credited or written off. Safe
    to repeat: each of the three is sent once.
    """
    today = now.date()
    late = list(overdue_invoices(today))
    questioned = open_dispute_documents([invoice.id for invoice in late])
    return sum(_remind(invoice, now) for invoice in late if invoice.id not in questioned)


def close_finished_runs(*, now: datetime) -> int:
    """Close delivered runs whose invoices are settled and whose statement is accepted and paid."""
    ids = SettlementRun.objects.filter(state=RUN_DELIVERED).values_list("id", flat=True)
    return sum(_close(run_id, now) for run_id in list(ids))


def _remind(invoice: Document, now: datetime) -> bool:
    sent = DocumentEvent.objects.filter(document=invoice, kind=REMINDED).count()
    number = reminder_due(invoice.due_date, now.date(), sent)
    if number is None:
        return False
    body = body_of(invoice)
    url, own = paper_url(invoice, body), queries.mail_texts(invoice.partner_id)
    still = Money(int(invoice.still), invoice.currency)  # type: ignore[attr-defined]

    def write(language: str) -> Letter:
        return reminder_letter(body, str(invoice.id), url, number,
                               format_money(still, language), language, gettext, own)  # fmt: skip

    to = mailboxes(invoice, body["buyer"]["email"])
    mails = mails_for(invoice, body["language"], to, write)
    return send_mails(invoice, mails, REMINDED, f"reminder {number}", now)


def paper_url(document: Document, body: dict[str, Any]) -> str:
    """Where whoever gets a document opens it."""
    path = document_path(body, str(document.id), to_customer=document.customer_id is not None)
    return page_url(document, path)


def mails_for(document: Document, language: str, to: list[str], write: Write) -> list[Mail]:
    """One mail for each language that is read there, with a message id of its own; who chose none
    reads the document's. In the look and the words that the partner's pages have now."""
    brand, home = brand_of_partner(document.partner_id), page_url(document, "")
    found = []
    for spoken, readers in sorted(by_language(document, to, language).items()):
        with reading(spoken):
            letter = write(spoken)
            if spoken != language:
                letter = replace(letter, message_id=f"{letter.message_id}.{spoken}")
            html = letter_html(brand=brand, home=home, subject=letter.subject, text=letter.text) \
                if brand and home else ""  # fmt: skip
            letter = replace(letter, text=with_footer(letter.text, brand)) if brand else letter
            found.append(Mail(letter, readers, html))
    return found


def send_mails(
    document: Document, mails: list[Mail], kind: str, source: str, now: datetime
) -> bool:
    """Send and remember them in one transaction; a failure is remembered in the next.

    Where one of several fails, those before it are sent again, with the same Message-ID.
    """
    failed, last_at = failures(document.id, source)
    if last_at is not None:
        again_at = next_try_at(failed, last_at)
        if again_at is None or now < again_at:
            return False
    if not mails:
        _failed(document, f"{source}: nobody to send it to; add a billing address", now)
        return False
    pdf = render_document(document_id=document.id, now=now)
    file = (f"{document.number}.pdf", bytes(pdf.content), pdf.media_type)
    try:
        with transaction.atomic():
            wait_in_line(f"mail {document.id}")
            known = DocumentEvent.objects.filter(document=document, kind=kind, source_id=source)
            if known.exists():
                return False
            told = ", ".join(sorted(one for mail in mails for one in mail.to))
            record_document_event(document_id=document.id, kind=kind, source_id=source,
                                  actor=MAILER, now=now, note=told)  # fmt: skip
            mail_from = queries.mail_from(document.partner_id)
            for mail in mails:
                send(mail.letter, mail.to, [file], mail.html, mail_from)
    except MailNotSentError as error:
        _failed(document, f"{source}: {error}", now)
        return False
    return True


def _failed(document: Document, why: str, now: datetime) -> None:
    record_document_event(document_id=document.id, kind=UNDELIVERED, actor=MAILER, now=now,
                          source_id=f"{why[:40]} {now.isoformat()}", note=why[:500])  # fmt: skip


def _advance(run_id: uuid.UUID, now: datetime) -> None:
    with transaction.atomic():
        run = locked_run(run_id)
        if run.state == RUN_ISSUED:  # else another worker was faster
            move(run, "deliver", actor=MAILER, now=now)


def _close(run_id: uuid.UUID, now: datetime) -> bool:
    run = SettlementRun.objects.get(pk=run_id)
    rows, _count = documents_page(today=now.date(), partner_id=run.partner_id, run_id=run_id,
                                  kinds=DOCUMENT_KINDS, limit=100_000)  # fmt: skip
    accepted = set(
        DocumentEvent.objects.filter(document__run=run, kind=ACCEPTED).values_list(
            "document_id", flat=True
        )
    )
    for row in rows:
        if row.status not in _DONE or (row.kind == PAYOUT_STATEMENT and row.id not in accepted):
            return False
    with transaction.atomic():
        run = locked_run(run_id)
        if run.state != RUN_DELIVERED:
            return False
        move(run, "close", actor=MAILER, now=now)
    return True
