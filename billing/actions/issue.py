"""Issue: number and freeze the documents of an approved run, and post them, in one transaction."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from billing.actions.errors import StaleRun
from billing.actions.moves import locked_run, move
from billing.actions.numbers import Series, take_numbers
from billing.actions.post import post_documents
from billing.actions.rate import external_id_of, line_facts
from billing.gateways.postgres import BATCH, batched, insert_rows
from billing.models import (
    Document,
    DocumentEvent,
    DocumentLine,
    DraftDocument,
    RatedLine,
    SettlementRun,
)
from billing.queries.balances import opening_minor
from billing.queries.frozen import frozen_input, frozen_parties, result_sha256
from billing.queries.parties import brand_of, buyer_of, issuer_of, language_of, seller_of
from billing.rules.charging import ChargeResult, charge
from billing.rules.documents import Corrected, canonical_bytes, document_json, sha256_hex
from billing.rules.draft_rows import CARRIED, CARRIED_KEY
from billing.rules.drafts import CREDIT_NOTE, CUSTOMER_INVOICE, PARTNER_INVOICE, Draft
from billing.rules.drafts import DraftLine as DraftedLine
from billing.rules.inputs import RunInput
from billing.rules.numbering import SERIES, number_text
from billing.rules.status import CREDITED


def issue_run(*, run_id: uuid.UUID, actor: str, now: datetime) -> SettlementRun:
    """Turn an approved run into numbered documents and journal entries: all of it or nothing.

    The documents are computed again from the frozen input, and must be what was approved.
    Raises UnknownRun, WrongState, StaleRun, InvariantBroken; nothing is written then.
    Safe to repeat: an issued run is returned as it is.
    """
    with transaction.atomic():
        run = locked_run(run_id)
        if run.issued_at is not None:
            return run
        before = {name: getattr(run, name) for name in ("state", "reason")}
        move(run, "issue", actor=actor, now=now, issued_at=now)
        result = _approved_result(run, frozen_input(run), before["state"])
        documents = _issue_documents(run, result, actor, now)
        post_documents(run=run, documents=documents, drafts=result.drafts, now=now)
        DraftDocument.objects.filter(run=run).delete()
    return run


def _approved_result(run: SettlementRun, frozen: RunInput, state: str) -> ChargeResult:
    result = charge(frozen)
    if result_sha256(result) != run.result_sha256:
        raise StaleRun(
            f"Run {run.id} ({state}) no longer computes to what was approved. "
            "Withdraw the approval and settle the month again."
        )
    has_statement = any(draft.statement for draft in result.drafts)
    if has_statement and opening_minor(run.agreement_id) != frozen.opening_minor:
        raise StaleRun(
            f"The opening balance of run {run.id} moved since it was frozen: another statement "
            "was issued. Withdraw the approval and settle the month again."
        )
    keys = [uuid.UUID(item.key) for item in frozen.carried]
    if has_statement and DocumentLine.objects.filter(carried_id__in=keys).exists():
        raise StaleRun(
            f"Another statement already shows a credit or clawback of run {run.id}. Withdraw the "
            "approval and settle the month again."
        )
    return result


def _issue_documents(
    run: SettlementRun, result: ChargeResult, actor: str, now: datetime
) -> list[Document]:
    parties = frozen_parties(run)
    series = [_series(draft, parties, now) for draft in result.drafts]
    free = take_numbers(series, run.partner_id)
    rated = dict(RatedLine.objects.filter(run=run, attempt=run.attempt).values_list("key", "id"))
    documents: list[Document] = []
    for some in batched(zip(result.drafts, series, strict=True), BATCH):
        made: list[Document] = []
        for draft, key in some:
            position = len(documents) + len(made) + 1
            made.append(_document(run, position, draft, parties, key, free[key], now))
            free[key] += 1
        Document.objects.bulk_create(made)
        _store_lines(made, [draft for draft, _ in some], rated)
        for document in made:
            del document.canonical  # stored; whoever asks for it again reads it again
        documents += made
    insert_rows(DocumentEvent, (
        {"partner_id": run.partner_id, "document_id": document.id, "kind": "issued",
         "actor": actor, "source_id": str(run.id), "at": now} for document in documents
    ))  # fmt: skip
    DocumentEvent.objects.bulk_create(
        credited_event(note, note.corrects, actor, now) for note in documents if note.corrects
    )
    DocumentEvent.objects.bulk_create(_set_off(documents, actor, now))
    return documents


def _set_off(documents: Sequence[Document], actor: str, now: datetime) -> list[DocumentEvent]:
    """What a statement nets is paid on the run's invoice to the partner."""
    owed = [document for document in documents if document.kind == PARTNER_INVOICE]
    return [
        DocumentEvent(partner_id=invoice.partner_id, document=invoice, kind="paid", actor=actor,
                      amount_minor=one.statement["netting_minor"], note=f"set off in {one.number}",
                      source_id=f"netting {one.id}", at=now)
        for one in documents if one.statement and one.statement["netting_minor"]
        for invoice in owed
    ]  # fmt: skip


def _series(draft: Draft, parties: dict[str, Any], now: datetime) -> Series:
    return issuer_of(draft, parties), SERIES[draft.kind], now.year


def _document(
    run: SettlementRun, position: int, draft: Draft, parties: dict[str, Any], key: Series,
    sequence_no: int, now: datetime,
) -> Document:  # fmt: skip
    issuer, series, year = key
    number = number_text(series, year, sequence_no)
    due_date = (now + timedelta(days=draft.payment_days)).date()
    seller, buyer = seller_of(draft, parties), buyer_of(draft, parties)
    original = _corrected_invoice(run, draft)
    body = canonical_bytes(document_json(
        draft, number=number, issued_at=now, due_date=due_date, seller=seller, buyer=buyer,
        brand=brand_of(parties), language=language_of(draft, parties),
        corrects=corrected(original) if original else None,
    ))  # fmt: skip
    return Document(
        partner_id=run.partner_id, run=run, position=position, kind=draft.kind, issuer=issuer,
        series=series, year=year, sequence_no=sequence_no, number=number,
        customer_id=draft.customer_id, customer_external_id=external_id_of(draft),
        seller_name=seller.legal_name, buyer_name=buyer.legal_name, currency=draft.currency,
        period_start=run.period_start, period_end=run.period_end, issued_at=now,
        due_date=due_date, net_minor=draft.net_minor, total_minor=draft.gross_minor,
        tax_minor=draft.gross_minor - draft.net_minor, shadow_minor=draft.shadow_minor,
        statement=_statement(draft), canonical=body, sha256=sha256_hex(body),
        corrects=original,
    )  # fmt: skip


def _corrected_invoice(run: SettlementRun, draft: Draft) -> Document | None:
    """What an adjustment's credit note takes back from: the period's invoice to the same party."""
    if draft.kind != CREDIT_NOTE:
        return None
    kind = CUSTOMER_INVOICE if draft.customer_id else PARTNER_INVOICE
    earlier = Document.objects.filter(
        run__agreement_id=run.agreement_id, period_start=run.period_start, kind=kind,
        customer_id=draft.customer_id,
    )  # fmt: skip
    return earlier.order_by("issued_at").first()


def corrected(original: Document) -> Corrected:
    """How a credit note names the document it corrects."""
    return Corrected(original.number, f"{original.issued_at:%Y-%m-%d}", original.sha256)


def credited_event(note: Document, original: Document, actor: str, now: datetime) -> DocumentEvent:
    """What the original's history says about its credit note; the amount is what it took back."""
    return DocumentEvent(
        partner_id=note.partner_id, document=original, kind=CREDITED, actor=actor,
        amount_minor=-note.total_minor, source_id=str(note.id), note=note.number, at=now,
    )  # fmt: skip


def _statement(draft: Draft) -> dict[str, int] | None:
    if draft.statement is None:
        return None
    return {name: getattr(draft.statement, name) for name in draft.statement.__dataclass_fields__}


def _carried_id(line: DraftedLine) -> str | None:
    return line.rated_line_key.removeprefix(CARRIED_KEY) if line.kind == CARRIED else None


def _store_lines(
    documents: Sequence[Document], drafts: Sequence[Draft], rated: Mapping[str, uuid.UUID]
) -> None:
    pairs = zip(documents, drafts, strict=True)
    insert_rows(DocumentLine, (
        {"partner_id": document.partner_id, "document_id": document.id,
         "rated_line_id": rated.get(line.rated_line_key), "carried_id": _carried_id(line),
         **line_facts(line)}
        for document, draft in pairs for line in draft.lines
    ))  # fmt: skip
