"""Issue: number and freeze the documents of an approved run, and post them, in one transaction."""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from billing.actions.errors import StaleRun
from billing.actions.moves import locked_run, move
from billing.actions.numbers import Series, lock_series, take_numbers
from billing.actions.post import post_documents
from billing.actions.rate import external_id_of, line_facts
from billing.gateways.postgres import BATCH, batched, delete_rows, insert_rows, long_bytes
from billing.gateways.spool import Spool
from billing.models import (
    Document,
    DocumentEvent,
    DocumentLine,
    DraftDocument,
    DraftLine,
    RatedLine,
    SettlementRun,
)
from billing.queries.balances import opening_minor
from billing.queries.frozen import FrozenParties, charged_parts, frozen_head, snapshot_of
from billing.queries.parties import (
    PLATFORM_ISSUER,
    brand_of,
    buyer_of,
    issuer_of,
    language_of,
    seller_of,
)
from billing.rules.charging import ChargePart
from billing.rules.documents import Corrected, document_pieces
from billing.rules.draft_rows import CARRIED, CARRIED_KEY
from billing.rules.drafts import CREDIT_NOTE, CUSTOMER_INVOICE, PARTNER_INVOICE, Draft
from billing.rules.drafts import DraftLine as DraftedLine
from billing.rules.fingerprint import ResultDigest
from billing.rules.numbering import SERIES, number_text
from billing.rules.status import CREDITED
from tenants.rules.sayings import Said


def issue_run(*, run_id: uuid.UUID, actor: str, now: datetime) -> SettlementRun:
    """Turn an approved run into numbered documents and journal entries: all of it or nothing.

    The documents are computed again from the frozen input, and must be what was approved.
    Raises UnknownRun, WrongState, StaleRun, InvariantBroken; nothing is written then.
    Safe to repeat: an issued run is returned as it is.
    """
    with transaction.atomic(), Spool() as spool:
        run = locked_run(run_id)
        if run.issued_at is not None:
            return run
        before = run.state
        move(run, "issue", actor=actor, now=now, issued_at=now)
        digest, parties = ResultDigest(spool.keep), FrozenParties(run, spool)
        issuing = _Issuing(run, parties, actor, now)
        for part in charged_parts(run, spool):
            digest.add(part)
            _require_not_stale(run, part)
            issuing.add(part)
        if digest.hexdigest() != run.result_sha256:
            raise StaleRun(
                Said(
                    "Run %(id)s (%(before)s) no longer computes to what was approved. Withdraw the "
                    "approval and settle the month again.",
                    id=run.id,
                    before=before,
                )
            )
        delete_rows(DraftLine.objects.filter(draft__run=run), DraftDocument.objects.filter(run=run))
    return run


def _require_not_stale(run: SettlementRun, part: ChargePart) -> None:
    """A statement still opens with the last closing balance, and shows what no other one does."""
    if not any(draft.statement for draft in part.drafts):
        return
    head = frozen_head(snapshot_of(run))
    if opening_minor(run.agreement_id) != head.opening_minor:
        raise StaleRun(
            Said(
                "The opening balance of run %(id)s moved since it was frozen: another statement "
                "was issued. Withdraw the approval and settle the month again.",
                id=run.id,
            )
        )
    keys = [uuid.UUID(item.key) for item in head.carried]
    if DocumentLine.objects.filter(carried_id__in=keys).exists():
        raise StaleRun(
            Said(
                "Another statement already shows a credit or clawback of run %(id)s. Withdraw the "
                "approval and settle the month again.",
                id=run.id,
            )
        )


class _Issuing:
    """The documents of a run, numbered and posted part by part, through one transaction."""

    def __init__(
        self, run: SettlementRun, parties: FrozenParties, actor: str, now: datetime
    ) -> None:
        self._run, self._parties, self._actor, self._now = run, parties, actor, now
        self._documents = self._entries = 0
        kinds = DraftDocument.objects.filter(run=run).values_list("kind", flat=True).distinct()
        issuers = (PLATFORM_ISSUER, str(parties.facts["partner_slug"]))
        lock_series(
            [(issuer, SERIES[kind], now.year) for kind in kinds for issuer in issuers],
            run.partner_id,
        )

    def add(self, part: ChargePart) -> None:
        run, actor, now = self._run, self._actor, self._now
        parties = self._parties.of(part.drafts)
        series = [_series(draft, parties, now) for draft in part.drafts]
        free = take_numbers(series, run.partner_id)
        documents = []
        for draft, key in zip(part.drafts, series, strict=True):
            self._documents += 1
            documents.append(_document(run, self._documents, draft, parties, key, free[key], now))
            free[key] += 1
        Document.objects.bulk_create(documents)
        _store_lines(run, documents, part.drafts)
        insert_rows(DocumentEvent, (
            {"partner_id": run.partner_id, "document_id": document.id, "kind": "issued",
             "actor": actor, "source_id": str(run.id), "at": now} for document in documents
        ))  # fmt: skip
        DocumentEvent.objects.bulk_create(
            credited_event(note, note.corrects, actor, now) for note in documents if note.corrects
        )
        DocumentEvent.objects.bulk_create(_set_off(documents, actor, now))
        self._entries += post_documents(
            run=run, documents=documents, drafts=part.drafts, now=now, after=self._entries
        )


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
    body, sha256 = long_bytes(document_pieces(
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
        statement=_statement(draft), canonical=body, sha256=sha256,
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
    run: SettlementRun, documents: Sequence[Document], drafts: Sequence[Draft]
) -> None:
    rated = RatedLine.objects.filter(run=run, attempt=run.attempt)
    pairs = zip(documents, drafts, strict=True)
    lines = ((document, line) for document, draft in pairs for line in draft.lines)
    for some in batched(lines, BATCH):
        keys = {line.rated_line_key for _, line in some}
        ids = dict(rated.filter(key__in=keys).values_list("key", "id"))
        insert_rows(DocumentLine, (
            {"partner_id": document.partner_id, "document_id": document.id,
             "rated_line_id": ids.get(line.rated_line_key), "carried_id": _carried_id(line),
             **line_facts(line)}
            for document, line in some
        ))  # fmt: skip
