"""Credit notes: take back an invoice, whole or in part, with what it means for the partner."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from billing.actions.chargeback_shares import level_shares
from billing.actions.errors import UnknownRun
from billing.actions.issue import corrected, credited_event
from billing.actions.moves import locked_run
from billing.actions.numbers import take_numbers
from billing.actions.post import Source, post_entries
from billing.actions.rate import line_facts
from billing.actions.share_moves import carry_shares, move_shares
from billing.models import (
    CarriedItem,
    CreditRequest,
    Document,
    DocumentEvent,
    DocumentLine,
    SettlementRun,
)
from billing.queries.calendar import open_date
from billing.queries.credits import (
    body_of,
    creditable_lines,
    document_taxes,
)
from billing.queries.parties import PLATFORM_ISSUER
from billing.rules.credit_drafts import credit_draft
from billing.rules.credits import (
    BadCredit,
    ShareMove,
    credited_amounts,
    credited_taxes,
    over_lines,
)
from billing.rules.documents import (
    Brand,
    canonical_bytes,
    document_json,
    party_of,
    sha256_hex,
)
from billing.rules.draft_rows import SHARE
from billing.rules.drafts import CREDIT_NOTE, CUSTOMER_INVOICE, PARTNER_INVOICE, Draft, TaxLine
from billing.rules.journal import postings, share_correction
from billing.rules.numbering import SERIES, number_text
from billing.rules.terms import CREDITS
from tenants import audit
from tenants.rules.sayings import Said


@dataclass(frozen=True, slots=True)
class Credit:
    """What a person asked for: nothing more (the whole rest), amounts by line, or a net amount.

    `key` names the request (a form's token), so that a repeated one makes no second credit note.
    """

    key: str
    reason: str
    by_line: Mapping[int, int] | None = None
    net_minor: int | None = None


def issue_credit_note(*, request: CreditRequest, actor: str, now: datetime) -> Document:
    """Issue an approved credit note: its own number, postings, and the partner's share moved.

    The share moves by share(cumulative) − share(booked) and is carried to the partner's next
    statement; on an invoice in the partner's own name our invoice to the partner is credited
    with our part instead. Raises BadCredit (more than is left). Called by the approval, which sees
    to it that a request is issued once; the database refuses a note without an approved request.
    """
    by_line = request.by_line and {int(key): value for key, value in request.by_line.items()}
    credit = Credit(request.key, request.reason, by_line, request.net_minor)
    with transaction.atomic():
        original = locked_invoice(request.document_id)
        taken = credited_amounts(
            creditable_lines(original), currency=original.currency, by_line=credit.by_line,
            net_minor=credit.net_minor,
        )  # fmt: skip
        return _credit(original, taken, credit, request, actor, now)


def locked_invoice(document_id: uuid.UUID) -> Document:
    """An invoice, its run locked until the transaction ends. Raises UnknownRun, BadCredit."""
    original = Document.objects.filter(pk=document_id).first()
    if original is None:
        raise UnknownRun(Said("There is no document %(document_id)s.", document_id=document_id))
    if original.kind not in (CUSTOMER_INVOICE, PARTNER_INVOICE) or original.run_id is None:
        raise BadCredit(
            Said("%(number)s is no invoice: only invoices are credited.", number=original.number)
        )
    locked_run(original.run_id)  # two people crediting the same invoice wait for each other
    return original


def _run_of(original: Document) -> SettlementRun:
    assert original.run is not None  # invoices belong to a run; see locked_invoice
    return original.run


def _credit(
    original: Document, taken: Mapping[int, int], credit: Credit, request: CreditRequest,
    actor: str, now: datetime,
) -> Document:  # fmt: skip
    taxes = _taxes(original, taken)
    tax = sum(one.amount_minor for one in taxes)
    customers = original.kind == CUSTOMER_INVOICE
    moves = move_shares(original, taken, tax, unless=CREDITS) if customers else []
    share = sum(move.partner_minor for move in moves)
    customer_id = str(original.customer_id) if original.customer_id else None
    draft = credit_draft(
        body_of(original), taken, taxes, share, credit.reason.strip(), customer_id=customer_id
    )
    note = _store(original, draft, request.id, now)
    DocumentEvent.objects.bulk_create([
        DocumentEvent(partner_id=note.partner_id, document=note, kind="issued", actor=actor,
                      source_id=credit.key[:120], at=now),
        credited_event(note, original, actor, now),
    ])  # fmt: skip
    carried = carry_shares(
        original, note, moves, kind=CarriedItem.Kind.CREDIT, source=f"credit {note.id}",
        description=f"Credit note {note.number} on {original.number}", actor=actor, now=now,
    )  # fmt: skip
    _post(note, draft, carried, _run_of(original).currency, now)
    level_shares(document=original, actor=actor, now=now)
    audit.record(
        actor=actor, verb="document.credit", target=note.number, at=now,
        partner_id=note.partner_id,
        data={"corrects": original.number, "total_minor": note.total_minor,
              "share_minor": share, "reason": credit.reason.strip()},
    )  # fmt: skip
    if original.kind == CUSTOMER_INVOICE and original.issuer != PLATFORM_ISSUER:
        _credit_our_part(original, note, moves, request, now)
    return note


def _credit_our_part(
    original: Document, note: Document, moves: Sequence[ShareMove], request: CreditRequest,
    now: datetime,
) -> None:  # fmt: skip
    """A resale that is taken back takes our part of it off our invoice to the partner."""
    ours = -sum(move.platform_minor for move in moves)
    invoice = _run_of(original).documents.filter(kind=PARTNER_INVOICE).first()
    if invoice is None or not ours:
        return
    positions = invoice.lines.filter(
        kind=SHARE, customer_external_id=original.customer_external_id
    ).values_list("position", flat=True)
    left = {
        line.position: line.left_minor
        for line in creditable_lines(invoice)
        if line.position in set(positions) and line.left_minor
    }
    reason = f"Our part of {original.number}, credited with {note.number}"
    credit = Credit(f"{note.id}/partner", reason)
    # The same two people: they decided on both at once.
    follows = CreditRequest.objects.create(
        id=uuid.uuid5(invoice.id, credit.key), partner_id=invoice.partner_id, document=invoice,
        key=credit.key, reason=reason, asked_by=request.asked_by, asked_at=request.asked_at,
        net_minor=ours, approved_by=request.approved_by, decided_at=now,
    )  # fmt: skip
    _credit(invoice, over_lines(ours, left), credit, follows, request.approved_by, now)


def _taxes(original: Document, taken: Mapping[int, int]) -> tuple[TaxLine, ...]:
    before = {line.position: line.credited_minor for line in creditable_lines(original)}
    return credited_taxes(
        document_taxes(original), net_minor=original.net_minor, before=before, now=taken,
        currency=original.currency,
    )  # fmt: skip


def _store(original: Document, draft: Draft, note_id: uuid.UUID, now: datetime) -> Document:
    body = body_of(original)
    key = original.issuer, SERIES[CREDIT_NOTE], now.year
    sequence_no = take_numbers([key], original.partner_id)[key]
    number = number_text(key[1], key[2], sequence_no)
    canonical = canonical_bytes(document_json(
        draft, number=number, issued_at=now, due_date=now.date(), seller=party_of(body["seller"]),
        buyer=party_of(body["buyer"]), brand=Brand(**body["brand"]), language=body["language"],
        corrects=corrected(original),
    ))  # fmt: skip
    note = Document.objects.create(
        id=note_id, partner_id=original.partner_id, run=None, corrects=original, position=1,
        kind=CREDIT_NOTE, issuer=key[0], series=key[1], year=key[2], sequence_no=sequence_no,
        number=number, customer_id=original.customer_id,
        customer_external_id=original.customer_external_id, seller_name=original.seller_name,
        buyer_name=original.buyer_name, currency=original.currency,
        period_start=original.period_start, period_end=original.period_end, issued_at=now,
        due_date=now.date(), net_minor=draft.net_minor, total_minor=draft.gross_minor,
        tax_minor=draft.gross_minor - draft.net_minor, canonical=canonical,
        sha256=sha256_hex(canonical),
    )  # fmt: skip
    rated = dict(original.lines.values_list("position", "rated_line_id"))
    DocumentLine.objects.bulk_create(
        DocumentLine(partner_id=note.partner_id, document=note, rated_line_id=rated[line.position],
                     **line_facts(line))
        for line in draft.lines
    )  # fmt: skip
    return note


def _post(note: Document, draft: Draft, carried_minor: int, currency: str, now: datetime) -> None:
    made = postings(draft, memo=note.number)
    if draft.principal:
        made += share_correction(carried_minor, currency, note.number)
    entries = [
        (Source(f"credit {note.id}/{position}", note.partner_id, position, document=note,
                customer_id=note.customer_id), entry)
        for position, entry in enumerate(made, 1)
    ]  # fmt: skip
    post_entries(entries=entries, accounting_date=open_date(now.date()), now=now)
