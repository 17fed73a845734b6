"""One run with everything that led to it (console)."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Sum

from billing.models import (
    AgreementVersion,
    Document,
    DraftDocument,
    RatedLine,
    RunEvent,
    RunInput,
    RunSnapshot,
    SettlementRun,
)
from billing.queries.frozen import attempt_of_result
from billing.rules.runs import allowed_verbs
from tenants.models import Partner

PAGE = 200


@dataclass(frozen=True)
class PaperRow:
    """A draft (no number) or an issued document of the run; amounts in minor units."""

    id: uuid.UUID
    kind: str
    number: str
    buyer_name: str
    customer_external_id: str
    currency: str
    net_minor: int
    tax_minor: int
    total_minor: int
    shadow_minor: int
    statement: dict[str, int] | None


@dataclass(frozen=True)
class RunDetail:
    """`balanced`: gross = net + share + tax + fees. `quantities`: sums of the frozen input."""

    run: SettlementRun
    partner: Partner
    versions: tuple[AgreementVersion, ...]
    verbs: tuple[str, ...]
    balanced: bool
    is_issued: bool
    papers: tuple[PaperRow, ...]
    lines: tuple[RatedLine, ...]
    line_count: int
    events: tuple[RunEvent, ...]
    quantities: dict[str, int]
    input_sha256: str
    batch_bound: int | None
    frozen_at: datetime | None


_QUANTITIES = ("lookups", "stores", "cached_requests", "bytes_served")


def run_detail(run_id: uuid.UUID, lines_from: int = 0) -> RunDetail | None:
    """The run, its papers, PAGE rated lines and its log: ten queries at any size."""
    run = SettlementRun.objects.select_related("agreement").filter(pk=run_id).first()
    if run is None:
        return None
    attempt = attempt_of_result(run)
    lines = RatedLine.objects.filter(run=run, attempt=attempt)
    snapshot = RunSnapshot.objects.filter(run=run, attempt=attempt).first()
    inputs = RunInput.objects.filter(run=run, attempt=attempt)
    sums = inputs.aggregate(**{name: Sum(name) for name in _QUANTITIES})
    issued = run.issued_at is not None
    return RunDetail(
        run=run, partner=Partner.objects.get(pk=run.partner_id), versions=_versions(run),
        verbs=allowed_verbs(run.state), balanced=run.gross_minor == _parts(run), is_issued=issued,
        papers=_papers(run, issued), line_count=lines.count(),
        lines=tuple(lines[lines_from : lines_from + PAGE]),
        events=tuple(run.events.all()), quantities={k: int(v or 0) for k, v in sums.items()},
        input_sha256=snapshot.sha256 if snapshot else "",
        batch_bound=snapshot.batch_bound if snapshot else None,
        frozen_at=snapshot.frozen_at if snapshot else None,
    )  # fmt: skip


def run_by_id(run_id: uuid.UUID) -> SettlementRun | None:
    """A run with its agreement: one query (console)."""
    return SettlementRun.objects.select_related("agreement").filter(pk=run_id).first()


def draft_of_run(run_id: uuid.UUID, draft_id: uuid.UUID) -> DraftDocument | None:
    """One of a run's papers before it has a number (console)."""
    rows = DraftDocument.objects.select_related("run__agreement").prefetch_related("lines")
    return rows.filter(pk=draft_id, run_id=run_id).first()


def _parts(run: SettlementRun) -> int:
    return run.net_minor + run.share_minor + run.tax_minor + run.fees_minor


def _versions(run: SettlementRun) -> tuple[AgreementVersion, ...]:
    rows = run.agreement.versions.filter(valid_from__lt=run.period_end, approved_at__isnull=False)
    return tuple(
        row for row in rows.prefetch_related("components").order_by("number")
        if row.valid_to is None or row.valid_to > run.period_start
    )  # fmt: skip


def _papers(run: SettlementRun, issued: bool) -> tuple[PaperRow, ...]:
    source = Document if issued else DraftDocument
    rows = source.objects.filter(run=run).order_by("position")
    facts = [name for name in PaperRow.__dataclass_fields__ if name != "number" or issued]
    return tuple(PaperRow(**{"number": "", **row}) for row in rows.values(*facts))
