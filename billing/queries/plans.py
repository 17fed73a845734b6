"""A partner's plans: versions, who is on which, and what a month is rated by."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from billing.models import Plan, PlanAssignment, PlanVersion
from billing.queries.terms import parsed_card
from billing.rules.inputs import PlanPrices
from billing.rules.plans import Offer, offer_of, parse_offer
from tenants.rules.meanwhile import mark


@dataclass(frozen=True)
class VersionView:
    """A published version; `customers` pay by it now, `is_open`: others can still join it."""

    id: uuid.UUID
    plan_id: uuid.UUID
    name: str
    number: int
    currency: str
    valid_from: datetime
    valid_to: datetime | None
    offer: Offer
    customers: int = 0

    def open_at(self, at: datetime) -> bool:
        """Customers can join it at this instant."""
        return self.valid_from <= at and (self.valid_to is None or at < self.valid_to)


@dataclass(frozen=True)
class PlanView:
    """A plan with its versions, newest first; `current` is what a new customer gets today."""

    id: uuid.UUID
    name: str
    currency: str
    draft: Offer | None
    versions: tuple[VersionView, ...]
    current: VersionView | None

    @property
    def mark(self) -> str:
        """What tells this draft, after these versions, from another."""
        return mark(self.draft, len(self.versions))

    @property
    def customers(self) -> int:
        """Who pays by any of its versions now."""
        return sum(version.customers for version in self.versions)

    @property
    def staying(self) -> int:
        """Who pays by an earlier version than a new customer would."""
        now = self.current.number if self.current else 0
        return sum(version.customers for version in self.versions if version.number < now)


def in_force(partner_id: uuid.UUID, at: datetime) -> dict[uuid.UUID, PlanAssignment]:
    """Customer → the assignment it pays by at an instant, also one back to the retail card."""
    rows = PlanAssignment.objects.filter(partner_id=partner_id, starts_at__lte=at)
    return {row.customer_id: row for row in rows.order_by("starts_at", "assigned_at", "id")}


def plan_prices(partner_id: uuid.UUID, at: datetime) -> tuple[PlanPrices, ...]:
    """The versions that customers pay by in the month that begins at `at`, as rating reads them."""
    members: dict[uuid.UUID, list[str]] = {}
    for row in in_force(partner_id, at).values():
        if row.version_id is not None:
            members.setdefault(row.version_id, []).append(str(row.customer_id))
    if not members:
        return ()
    found = _versions(PlanVersion.objects.filter(pk__in=members))
    return tuple(PlanPrices(parsed_card(one.prices), tuple(sorted(members[one.pk])))
                 for one in sorted(found, key=lambda one: one.prices_id))  # fmt: skip


def plans(partner_id: uuid.UUID, now: datetime) -> list[PlanView]:
    """Every plan of the partner by name: five queries at any size."""
    counts = Counter(row.version_id for row in in_force(partner_id, now).values())
    by_plan: dict[uuid.UUID, list[VersionView]] = {}
    for one in _versions(PlanVersion.objects.filter(partner_id=partner_id)):
        by_plan.setdefault(one.plan_id, []).append(_view(one, counts[one.pk]))
    rows = Plan.objects.filter(partner_id=partner_id).select_related("card")
    return [_plan(row, by_plan.get(row.pk, []), now) for row in rows.order_by("card__name", "id")]


def joinable(partner_id: uuid.UUID, now: datetime) -> dict[str, VersionView]:
    """Versions that a customer can be put on now or in a month to come, by id."""
    return {str(one.id): one for view in plans(partner_id, now) for one in view.versions
            if one.valid_to is None or one.valid_to > now}  # fmt: skip


def plan_of(partner_id: uuid.UUID, plan_id: uuid.UUID, now: datetime) -> PlanView | None:
    """One plan; None where the partner has none with this id."""
    return next((one for one in plans(partner_id, now) if one.id == plan_id), None)


def moves_of(partner_id: uuid.UUID, customer_id: uuid.UUID) -> list[tuple[str, str]]:
    """Every move of one customer, as they were made: (version, from when). What a form that moves
    it was opened on: one query."""
    rows = PlanAssignment.objects.filter(partner_id=partner_id, customer_id=customer_id)
    found = rows.order_by("id").values_list("version_id", "starts_at")
    return [(str(version or ""), at.isoformat()) for version, at in found]


def moves_due(partner_id: uuid.UUID, now: datetime) -> bool:
    """A move has begun whose quota is not set yet: one query."""
    rows = PlanAssignment.objects.filter(partner_id=partner_id, starts_at__lte=now)
    return rows.filter(quota_set_at=None).exists()


@dataclass(frozen=True)
class OnPlan:
    """How a customer pays: its version now (None: the retail card), and a move that is to come."""

    now: VersionView | None
    since: datetime | None
    next: VersionView | None
    next_at: datetime | None


def on_plan(partner_id: uuid.UUID, customer_id: uuid.UUID, now: datetime) -> OnPlan:
    """What one customer pays by, and from when it pays otherwise: at most five queries."""
    rows = list(PlanAssignment.objects.filter(partner_id=partner_id, customer_id=customer_id))
    past = [row for row in rows if row.starts_at <= now]
    coming = [row for row in rows if row.starts_at > now]
    first = coming[0].starts_at if coming else None
    last = next((row for row in reversed(coming) if row.starts_at == first), None)
    ids = [row.version_id for row in (*past[-1:], last) if row is not None and row.version_id]
    known = {one.pk: _view(one) for one in _versions(PlanVersion.objects.filter(pk__in=ids))}
    current = known.get(past[-1].version_id) if past else None  # type: ignore[arg-type]
    return OnPlan(current, past[-1].starts_at if current else None,
                  known.get(last.version_id) if last else None, first)  # type: ignore[arg-type]  # fmt: skip


def _versions(rows: Iterable[PlanVersion]) -> list[PlanVersion]:
    related = rows.select_related("prices__card")  # type: ignore[attr-defined]
    return list(related.prefetch_related("prices__rates"))


def _view(one: PlanVersion, customers: int = 0) -> VersionView:
    prices = one.prices
    return VersionView(
        one.pk, one.plan_id, prices.card.name, prices.number, prices.card.currency,
        prices.valid_from, prices.valid_to, offer_of(parsed_card(prices), one.quota), customers,
    )  # fmt: skip


def _plan(row: Plan, versions: list[VersionView], now: datetime) -> PlanView:
    ordered = tuple(sorted(versions, key=lambda one: -one.number))
    current = next((one for one in ordered if one.open_at(now)), None)
    draft = None if row.draft is None else parse_offer(row.draft)
    return PlanView(row.pk, row.card.name, row.card.currency, draft, ordered, current)
