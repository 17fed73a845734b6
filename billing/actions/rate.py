"""Rate: compute lines, shares and drafts from the frozen input and keep them."""

import uuid
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from billing.actions.moves import locked_run, move
from billing.gateways.postgres import delete_rows, insert_rows
from billing.gateways.spool import Spool
from billing.models import CustomerShare, DraftDocument, DraftLine, RatedLine, SettlementRun
from billing.queries.frozen import FrozenParties, charged_parts
from billing.queries.parties import buyer_name
from billing.rules.charging import ChargePart
from billing.rules.drafts import Draft
from billing.rules.drafts import DraftLine as DraftedLine
from billing.rules.fingerprint import ResultDigest
from billing.rules.rated_rows import line_rows, members, share_rows
from billing.rules.runs import FROZEN

LINE_FACTS = (
    "position", "kind", "description", "customer_external_id", "customer_name", "meter", "unit",
    "amount_minor", "memo", "value_minor",
)  # fmt: skip


def rate_run(*, run_id: uuid.UUID, actor: str, now: datetime) -> SettlementRun:
    """Compute one attempt from its frozen input alone; the run is then `rated`.

    Raises BillingError (see `billing.rules.charging.charge`) when it can not be rated: the caller
    parks it. Safe to repeat: a run that is past `frozen` is returned as it is.
    """
    with transaction.atomic(), Spool() as spool:
        run = locked_run(run_id)
        if run.state != FROZEN:
            return run
        digest, stored = ResultDigest(spool.keep), _Stored(run, FrozenParties(run, spool))
        delete_rows(DraftLine.objects.filter(draft__run=run), DraftDocument.objects.filter(run=run))
        for part in charged_parts(run, spool):
            digest.add(part)
            stored.add(part)
        totals = digest.totals
        return move(
            run, "rate", actor=actor, now=now, currency=totals.currency,
            gross_minor=totals.gross_minor, net_minor=totals.platform_minor,
            share_minor=totals.partner_minor, tax_minor=totals.tax_minor,
            fees_minor=totals.fees_minor, shadow_minor=totals.shadow_minor,
            result_sha256=digest.hexdigest(),
        )  # fmt: skip


def external_id_of(draft: Draft) -> str:
    """The customer a document is addressed to, by the partner's id; '' on a partner's document."""
    return draft.lines[0].customer_external_id if draft.customer_id and draft.lines else ""


def line_facts(line: DraftedLine) -> dict[str, Any]:
    """The columns a drafted and an issued line share."""
    return {
        **{name: getattr(line, name) for name in LINE_FACTS},
        "quantity": Decimal(line.quantity) if line.quantity else None,
        "unit_price": None if line.unit_price is None else Decimal(line.unit_price),
        "explanation": list(line.explanation),
    }


class _Stored:
    """What an attempt came to, written part by part; lines and drafts are numbered through."""

    def __init__(self, run: SettlementRun, parties: FrozenParties) -> None:
        self._run, self._parties = run, parties
        self._lines = self._drafts = 0

    def add(self, part: ChargePart) -> None:
        run = self._run
        self._lines += insert_rows(RatedLine, line_rows(run, part.lines, self._lines + 1))
        insert_rows(CustomerShare, share_rows(run, part.shares))
        parties = self._parties.of(part.drafts)
        rows = [
            _draft(run, position, draft, parties)
            for position, draft in enumerate(part.drafts, self._drafts + 1)
        ]
        DraftDocument.objects.bulk_create(rows)
        self._drafts += len(rows)
        pairs = zip(rows, part.drafts, strict=True)
        insert_rows(DraftLine, (line for row, draft in pairs for line in _lines(row, draft)))


def _draft(
    run: SettlementRun, position: int, draft: Draft, parties: dict[str, Any]
) -> DraftDocument:
    return DraftDocument(
        partner_id=run.partner_id, run=run, attempt=run.attempt, position=position,
        kind=draft.kind, customer_id=draft.customer_id, buyer_name=buyer_name(draft, parties),
        customer_external_id=external_id_of(draft), currency=draft.currency,
        net_minor=draft.net_minor, total_minor=draft.gross_minor,
        tax_minor=draft.gross_minor - draft.net_minor, shadow_minor=draft.shadow_minor,
        statement=members(draft.statement) if draft.statement else None,
    )  # fmt: skip


def _lines(row: DraftDocument, draft: Draft) -> Iterator[dict[str, Any]]:
    for line in draft.lines:
        yield {"partner_id": row.partner_id, "draft_id": row.id,
               "rated_line_key": line.rated_line_key, **line_facts(line)}  # fmt: skip
