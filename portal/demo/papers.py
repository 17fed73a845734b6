"""The demo's exceptions of paper: a dispute, a credit note, accepted statements, closed books."""

from contextlib import suppress
from datetime import timedelta

from billing.actions.agreement_papers import keep_signed_copy, make_paper, mark_sent
from billing.actions.books import close_month
from billing.actions.credit import Credit
from billing.actions.credit_requests import approve_credit_note, ask_credit_note
from billing.actions.disputes import accept_silent, open_dispute
from billing.actions.seal import seal_journal, seal_ledgers
from billing.models import AgreementVersion, Dispute, Document
from billing.rules.drafts import CUSTOMER_INVOICE, PAYOUT_STATEMENT
from billing.rules.errors import BillingError
from portal.demo.steps import APPROVER, PREPARER, Calendar

# The books of older months are closed; the newest ones are still worked on.
OPEN_MONTHS = 2


def make_papers(*, calendar: Calendar) -> int:
    """Dispute a line of the newest statement, credit part of an open invoice, close old books.

    Returns how many statements silence accepted. Safe to repeat.
    """
    _dispute(calendar)
    _credit(calendar)
    _write_agreements(calendar)
    accepted = accept_silent(now=calendar.now)
    for period in calendar.ended()[:-OPEN_MONTHS]:
        with suppress(BillingError):  # one whose parked run cannot be estimated stays open
            close_month(period=period, actor=PREPARER, now=calendar.now)
    seal_journal(now=calendar.now)
    seal_ledgers(now=calendar.now)
    return accepted


def _write_agreements(calendar: Calendar) -> None:
    """Every agreement's first version is on paper; all but the newest deal are signed."""
    versions = AgreementVersion.objects.filter(number=1, approved_at__isnull=False)
    for version in versions.order_by("valid_from"):
        at = version.valid_from
        paper = make_paper(version_id=version.id, actor=PREPARER, now=at)
        mark_sent(paper_id=paper.id, actor=PREPARER, now=at)
        if at == calendar.start:
            keep_signed_copy(paper_id=paper.id, content=bytes(paper.pdf), actor=PREPARER, now=at)


def _dispute(calendar: Calendar) -> None:
    statement = (
        Document.objects.filter(kind=PAYOUT_STATEMENT, net_minor__gt=0)
        .order_by("-issued_at", "number")
        .first()
    )
    if statement is None or Dispute.objects.exists():
        return
    line = statement.lines.filter(amount_minor__gt=0).order_by("-amount_minor").first()
    if line is not None:
        open_dispute(
            document_id=statement.id, position=line.position, actor="finance@partner.example",
            text="Our own counters show about 2 % more cached requests for this customer. "
                 "Please compare the hours of the 11th and 12th.",
            now=min(statement.issued_at + timedelta(days=5), calendar.now),
        )  # fmt: skip


def _credit(calendar: Calendar) -> None:
    invoice = (
        Document.objects.filter(kind=CUSTOMER_INVOICE, issuer="platform", net_minor__gte=100_00)
        .exclude(events__kind="paid")
        .order_by("-issued_at", "number")
        .first()
    )
    if invoice is None:
        return
    credit = Credit("demo", "Goodwill: slow answers on the 14th", net_minor=invoice.net_minor // 10)
    at = min(invoice.issued_at + timedelta(days=7), calendar.now)
    asked = ask_credit_note(document_id=invoice.id, credit=credit, actor=PREPARER, now=at)
    approve_credit_note(request_id=asked.id, actor=APPROVER, now=at)
