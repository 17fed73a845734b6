"""What is not paid: write-offs of an invoice, by two people."""

import uuid
from datetime import datetime

from django.db import transaction

from billing.actions.chargeback_shares import level_shares
from billing.actions.credit import locked_invoice
from billing.actions.document_events import record_document_event
from billing.actions.finance_requests import ask
from billing.actions.post import Source, post_entries
from billing.actions.share_moves import carry_shares, move_shares
from billing.models import CarriedItem, Document, DocumentEvent, FinanceRequest
from billing.queries.calendar import open_date
from billing.queries.credits import body_of, creditable_lines
from billing.queries.documents import DocumentRow, document_detail
from billing.queries.parties import PLATFORM_ISSUER
from billing.rules import accounts as chart
from billing.rules.credits import BadCredit, over_lines
from billing.rules.drafts import CUSTOMER_INVOICE
from billing.rules.errors import InvariantBroken
from billing.rules.finance_requests import WRITE_OFF
from billing.rules.journal import Entry, share_correction, write_off
from billing.rules.status import UNCOLLECTIBLE
from tenants.rules.sayings import Said


def ask_write_off(
    *, document_id: uuid.UUID, reason: str, actor: str, now: datetime
) -> FinanceRequest:
    """Ask to give up what is open of an invoice; nothing is booked before a second person approves.

    Raises UnknownRun, BadCredit (no reason, nothing open, not our invoice). Safe to repeat: an
    invoice is written off once.
    """
    if not reason.strip():
        raise BadCredit(Said("Say why the invoice will not be paid."))
    with transaction.atomic():
        invoice = _ours(locked_invoice(document_id))
        done = FinanceRequest.objects.filter(
            kind=WRITE_OFF, document=invoice, approved_by__gt=""
        ).first()
        if done is not None:
            return done
        if not _row(invoice, now).open_minor:
            raise BadCredit(Said("Nothing is open on %(number)s.", number=invoice.number))
        return ask(
            kind=WRITE_OFF, facts={"reason": reason.strip()}, document_id=invoice.id,
            partner_id=invoice.partner_id, actor=actor, now=now,
        )  # fmt: skip


def write_off_invoice(request: FinanceRequest, now: datetime) -> DocumentEvent:
    """Give up what is open: bad debt, and the partner's share of it clawed back; approved.

    The net part of what is open counts as not earned, spread over the lines. Raises BadCredit
    (nothing is open any more). Safe to repeat: an invoice is written off once.
    """
    actor, reason = request.approved_by, request.facts["reason"]
    assert request.document_id is not None  # asked for by `ask_write_off`
    with transaction.atomic():
        invoice = _ours(locked_invoice(request.document_id))
        known = DocumentEvent.objects.filter(document=invoice, kind=UNCOLLECTIBLE).first()
        if known is not None:
            return known
        open_minor = _row(invoice, now).open_minor
        if not open_minor:
            raise BadCredit(Said("Nothing is open on %(number)s.", number=invoice.number))
        event = record_document_event(
            document_id=invoice.id, kind=UNCOLLECTIBLE, source_id=str(request.id), actor=actor,
            now=now, amount_minor=open_minor, note=reason,
        )  # fmt: skip
        level_shares(document=invoice, actor=actor, now=now)
        carried = _claw_back(invoice, open_minor, actor, now)
        made = write_off(open_minor, invoice.currency, receivable_of(invoice), invoice.number)
        # An agent never booked the partner's part as cost: what it gives back lessens the loss.
        cost = chart.PARTNER_SHARE if body_of(invoice)["terms"]["principal"] else chart.BAD_DEBT
        currency = invoice.run.currency if invoice.run else invoice.currency
        made += share_correction(carried, currency, invoice.number, cost)
        _post(invoice, f"write-off {invoice.id}", made, now)
    return event


def receivable_of(invoice: Document) -> str:
    """The account an invoice of ours stands in."""
    return chart.AR_CUSTOMERS if invoice.kind == CUSTOMER_INVOICE else chart.AR_PARTNERS


def _ours(invoice: Document) -> Document:
    if invoice.issuer != PLATFORM_ISSUER:
        raise BadCredit(
            Said(
                "%(number)s is the partner's own invoice; the partner collects it.",
                number=invoice.number,
            )
        )
    return invoice


def _row(invoice: Document, now: datetime) -> DocumentRow:
    found = document_detail(invoice.id, today=now.date())
    if found is None:
        raise InvariantBroken(Said("%(number)s can not be read.", number=invoice.number))
    return found.row


def _claw_back(invoice: Document, open_minor: int, actor: str, now: datetime) -> int:
    left = {line.position: line.left_minor for line in creditable_lines(invoice)}
    unearned = min(open_minor * invoice.net_minor // invoice.total_minor, sum(left.values()))
    if not unearned or invoice.kind != CUSTOMER_INVOICE:
        return 0
    return carry_shares(
        invoice, invoice, move_shares(invoice, over_lines(unearned, left), open_minor - unearned),
        kind=CarriedItem.Kind.BAD_DEBT, source=f"write-off {invoice.id}",
        description=f"{invoice.number} was not paid", actor=actor, now=now,
    )  # fmt: skip


def _post(invoice: Document, source: str, made: tuple[Entry, ...], now: datetime) -> None:
    entries = [
        (Source(f"{source}/{position}", invoice.partner_id, position, document=invoice,
                customer_id=invoice.customer_id), entry)
        for position, entry in enumerate(made, 1)
    ]  # fmt: skip
    post_entries(entries=entries, accounting_date=open_date(now.date()), now=now)
