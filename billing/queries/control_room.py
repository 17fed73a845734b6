"""The month control room: agreements × steps, totals, exceptions (console)."""

import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, F, OuterRef, Q, Subquery

from billing.models import Agreement, AgreementVersion, SettlementRun
from billing.rules.periods import Period, month_of
from billing.rules.runs import (
    APPROVED,
    CLOSED,
    DELIVERED,
    IN_REVIEW,
    ISSUED,
    PARKED,
    RATED,
)
from tenants.models import Partner

NOT_STARTED = "not_started"
# A run that was sent back or parked keeps the figures of its last attempt; they count no longer.
COUNTED = (RATED, IN_REVIEW, APPROVED, ISSUED, DELIVERED, CLOSED)


@dataclass(frozen=True)
class RoomRow:
    """One agreement in one month, or one adjustment of it; amounts in minor units of `currency`,
    0 until rated. `sequence` counts the adjustments of the month."""

    agreement_id: uuid.UUID
    agreement_code: str
    agreement_name: str
    kind: str
    partner_id: uuid.UUID
    partner_slug: str
    partner_name: str
    run_id: uuid.UUID | None
    run_kind: str
    sequence: int
    state: str
    reason: str
    attempt: int
    preparer: str
    approver: str
    opened_by: str
    changed_at: datetime | None
    documents: int
    currency: str
    gross_minor: int
    net_minor: int
    share_minor: int
    tax_minor: int
    fees_minor: int
    shadow_minor: int

    @property
    def is_counted(self) -> bool:
        """Whether its figures are in force: rated, and neither sent back nor parked since."""
        return self.state in COUNTED


@dataclass(frozen=True)
class CurrencyTotals:
    """Sums over rated runs of one currency; gross = net + share + tax + fees."""

    currency: str
    gross_minor: int
    net_minor: int
    share_minor: int
    tax_minor: int
    fees_minor: int
    shadow_minor: int


@dataclass(frozen=True)
class ControlRoom:
    """Everything the control room shows of one month."""

    period: Period
    rows: tuple[RoomRow, ...]
    totals: tuple[CurrencyTotals, ...]
    states: dict[str, int]

    @property
    def parked(self) -> tuple[RoomRow, ...]:
        """The exceptions of the month."""
        return tuple(row for row in self.rows if row.state == PARKED)

    @property
    def waiting(self) -> tuple[RoomRow, ...]:
        """The clean set that one approval covers."""
        return tuple(row for row in self.rows if row.state == IN_REVIEW)


_RUN_FACTS = (
    "state", "reason", "attempt", "preparer", "approver", "opened_by", "changed_at",
    "currency",
    "gross_minor", "net_minor", "share_minor", "tax_minor", "fees_minor", "shadow_minor",
)  # fmt: skip
_NO_RUN = {
    "state": NOT_STARTED, "reason": "", "attempt": 0, "preparer": "", "approver": "",
    "opened_by": "", "changed_at": None, "currency": "", "gross_minor": 0, "net_minor": 0,
    "share_minor": 0, "tax_minor": 0, "fees_minor": 0, "shadow_minor": 0,
}  # fmt: skip
_SUMS = ("gross_minor", "net_minor", "share_minor", "tax_minor", "fees_minor", "shadow_minor")


def control_room(period: Period) -> ControlRoom:
    """The month, a row per agreement in force and one per adjustment: three queries (console)."""
    runs: dict[uuid.UUID, list[Mapping[str, Any]]] = {}
    for run in _runs(period):
        runs.setdefault(run["agreement_id"], []).append(run)
    partners = {row.id: row for row in Partner.objects.all()}
    rows = tuple(
        _row(agreement, partners[agreement["partner_id"]], run)
        for agreement in _agreements(period)
        for run in runs.get(agreement["id"], [None])
    )
    return ControlRoom(period, rows, _totals(rows), dict(Counter(row.state for row in rows)))


def settled_months(limit: int = 24) -> list[tuple[Period, int, int]]:
    """Months with runs, newest first, as (period, runs, issued): one query (console)."""
    rows = (
        SettlementRun.objects.values("period_start")
        .annotate(runs=Count("id"), issued=Count("id", filter=Q(issued_at__isnull=False)))
        .order_by("-period_start")[:limit]
    )
    return [(month_of(row["period_start"]), row["runs"], row["issued"]) for row in rows]


def _runs(period: Period) -> Sequence[Mapping[str, Any]]:
    """Papers are drafts until the run is issued, documents after; never both."""
    return list(
        SettlementRun.objects.filter(period_start=period.start, period_end=period.end)
        .order_by("opened_at", "id")
        .annotate(
            papers=Count("documents", distinct=True)
            + Count("drafts", filter=Q(drafts__attempt=F("attempt")), distinct=True)
        )
        .values("id", "agreement_id", "papers", "kind", "sequence", *_RUN_FACTS)
    )


def _agreements(period: Period) -> Sequence[Mapping[str, Any]]:
    in_force = AgreementVersion.objects.filter(
        Q(valid_to=None) | Q(valid_to__gt=period.start),
        agreement=OuterRef("pk"), valid_from__lt=period.end, approved_at__isnull=False,
    ).order_by("-number")  # fmt: skip
    return list(
        Agreement.objects.annotate(kind=Subquery(in_force.values("kind")[:1]))
        .filter(kind__isnull=False)
        .order_by("name")
        .values("id", "code", "name", "partner_id", "kind")
    )


def _row(agreement: Mapping[str, Any], partner: Partner, run: Mapping[str, Any] | None) -> RoomRow:
    facts: dict[str, Any] = {name: (run or _NO_RUN)[name] for name in _RUN_FACTS}
    return RoomRow(
        agreement_id=agreement["id"], agreement_code=agreement["code"],
        agreement_name=agreement["name"], kind=agreement["kind"], partner_id=partner.id,
        partner_slug=partner.slug, partner_name=partner.name, run_id=run["id"] if run else None,
        run_kind=run["kind"] if run else "regular", sequence=run["sequence"] if run else 1,
        documents=run["papers"] if run else 0, **facts,
    )  # fmt: skip


def _totals(rows: tuple[RoomRow, ...]) -> tuple[CurrencyTotals, ...]:
    counted = [row for row in rows if row.is_counted]
    currencies = sorted({row.currency for row in counted if row.currency})
    return tuple(
        CurrencyTotals(code, *(
            sum(getattr(row, name) for row in counted if row.currency == code) for name in _SUMS
        ))
        for code in currencies
    )  # fmt: skip
