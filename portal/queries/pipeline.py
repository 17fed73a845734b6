"""The pipeline as facts show it, and how live partners are doing (console scope)."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from django.db.models import Min, Sum

from billing.models import AgreementVersion, Document
from billing.queries.mailing import overdue_invoices
from cache_api.metering.models import ChannelDay
from cache_api.rules.corrections import WRONG
from portal.queries.channel import (
    Days,
    Traffic,
    days_up_to,
    deals_in_force,
    partner_traffic,
)
from portal.rules.health import Health, Signals, health
from tenants import queries as tenants
from tenants.models import Partner, Prospect
from tenants.rules.pipeline import SHOWN, Shown, Stage, Standing, standing

DAYS = 30
_REVENUE = (Document.Kind.CUSTOMER_INVOICE, Document.Kind.PARTNER_INVOICE,
            Document.Kind.PAYOUT_STATEMENT)  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One prospect where it stands; `health` only of a partner that is live or ahead of it."""

    prospect: Prospect
    standing: Standing
    health: Health | None
    is_overdue: bool

    @property
    def is_derived(self) -> bool:
        """Facts show the stage: nobody can say another."""
        return self.standing.stage in SHOWN


def pipeline(now: datetime) -> tuple[list[Row], list[Partner]]:
    """Every prospect, and the opened partners that no prospect is linked to. Twelve queries."""
    partners = [row for row in tenants.partner_list() if row.kind != Partner.Kind.DIRECT]
    prospects = tenants.prospects()
    shown, found = shown_facts(partners), partner_health(partners, now)
    rows = [_row(one, shown, found, now) for one in prospects]
    linked = {one.partner_id for one in prospects}
    return rows, [row for row in partners if row.id not in linked]


def prospect_row(prospect: Prospect, now: datetime) -> Row:
    """One of them. Ten queries at most."""
    partners = [prospect.partner] if prospect.partner else []
    return _row(prospect, shown_facts(partners), partner_health(partners, now), now)


def _row(
    prospect: Prospect, shown: dict[uuid.UUID, Shown], found: dict[uuid.UUID, Health], now: datetime
) -> Row:
    facts = shown.get(prospect.partner_id, Shown()) if prospect.partner_id else Shown()
    stands = standing(prospect.stage, prospect.stage_at, facts, now)
    lives = stands.stage in (Stage.LIVE, Stage.REVENUE)
    step = prospect.next_step_on
    return Row(prospect, stands, found.get(prospect.partner_id) if lives else None,
               bool(step and step < now.date()))  # fmt: skip


def shown_facts(partners: Collection[Partner]) -> dict[uuid.UUID, Shown]:
    """What the first approval, the first request and the first document show. Three queries."""
    ids = [row.id for row in partners]
    if not ids:
        return {}
    approved = AgreementVersion.objects.filter(partner_id__in=ids, approved_at__isnull=False)
    signed = _first(approved.values("partner_id").annotate(at=Min("approved_at")).order_by())
    asked = ChannelDay.objects.filter(partner_id__in=ids, livemode=True, kind="lookup")
    live = _first(asked.values("partner_id").annotate(at=Min("day")))
    paid = Document.objects.filter(partner_id__in=ids, kind__in=_REVENUE).exclude(net_minor=0)
    revenue = _first(paid.values("partner_id").annotate(at=Min("issued_at")).order_by())
    active = {row.id for row in partners if row.state == Partner.State.ACTIVE}
    return {
        one: Shown(signed.get(one), live.get(one) if one in active else None, revenue.get(one))
        for one in ids
    }


def _first(rows: object) -> dict[uuid.UUID, datetime]:
    return {row["partner_id"]: _moment(row["at"]) for row in rows}  # type: ignore[attr-defined]


def _moment(at: datetime | date) -> datetime:
    return at if isinstance(at, datetime) else datetime.combine(at, time(), UTC)


def partner_health(partners: Collection[Partner], now: datetime) -> dict[uuid.UUID, Health]:
    """Each partner's health with its reasons. Six queries, at any number of partners."""
    if not partners:
        return {}
    days = days_up_to(now.date(), DAYS)
    traffic, before = partner_traffic(days), partner_traffic(days.before)
    deals, wrong = deals_in_force(now), wrong_hits(days)
    late: dict[uuid.UUID, list[int]] = {}
    for paper in overdue_invoices(now.date()):
        late.setdefault(paper.partner_id, []).append((now.date() - paper.due_date).days)
    open_incidents = [row for row in tenants.incidents(now) if row.resolved_at is None]
    told = Counter(one for row in open_incidents for one in row.partner_ids)
    for_all = sum(not row.partner_ids for row in open_incidents)
    none = Traffic()
    return {
        row.id: health(Signals(
            requests=traffic.get(row.id, none).lookups,
            requests_before=before.get(row.id, none).lookups,
            hit_rate=traffic.get(row.id, none).hit_rate,
            overdue_days=max(late.get(row.id, [0])), overdue_count=len(late.get(row.id, [])),
            has_deal=row.id in deals, poc_days_left=_poc_left(deals.get(row.id), now),
            incidents=told[row.id] + for_all,
            wrong_bps=_part_bps(wrong.get(row.id, 0), traffic.get(row.id, none).hits),
            is_active=row.state == Partner.State.ACTIVE,
        ))
        for row in partners
    }  # fmt: skip


def _poc_left(deal: AgreementVersion | None, now: datetime) -> int | None:
    if deal is None or deal.poc_ends_at is None or deal.poc_ends_at <= now:
        return None
    return (deal.poc_ends_at - now) // timedelta(days=1)


def _part_bps(part: int, hits: int) -> float:
    return part * 10_000 / (part + hits) if part else 0.0


def wrong_hits(days: Days) -> dict[uuid.UUID, int]:
    """Hits that feedback called wrong, by partner; who had none is missing. One query."""
    rows = ChannelDay.objects.filter(
        outcome__in=WRONG.values(), day__gte=days.start, day__lt=days.end, livemode=True,
        kind="feedback",
    )  # fmt: skip
    sums = rows.values("partner_id").annotate(sum=Sum("quantity"))
    return {row["partner_id"]: int(row["sum"]) for row in sums}
