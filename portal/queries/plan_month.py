"""A customer's plan and its month: used, what that costs so far, and where it is going."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from billing.queries.plans import OnPlan, on_plan
from billing.rules.periods import Period, month_of
from billing.rules.plans import by_month_end, cost_minor
from cache_api.models import Customer
from cache_api.queries import usage_summary
from portal.queries.estimates import Estimate, running_month, terms_in_force


@dataclass(frozen=True)
class PlanMonth:
    """`requests` were answered from the cache, `lookups` all; costs in minor units, None unknown.

    `expected_*`: the whole month at its pace so far, by the plan's prices or, without a plan, as
    what it cost so far; None in its first day.
    """

    plan: OnPlan
    period: Period
    requests: int
    lookups: int
    currency: str
    cost_minor: int | None
    expected_requests: int | None
    expected_minor: int | None
    estimate: Estimate | None

    @property
    def left(self) -> int:
        """Included requests that are not used yet."""
        return max(0, self.plan.now.offer.included - self.requests) if self.plan.now else 0


def plan_month(partner_id: uuid.UUID, customer: Customer, now: datetime) -> PlanMonth:
    """The customer's UTC month so far (partner's schema)."""
    period, plan = month_of(now), on_plan(partner_id, customer.pk, now)
    used = usage_summary(period.start, now, customer.pk)
    gone, whole = now - period.start, period.end - period.start
    requests = by_month_end(used.hits, gone, whole)
    sent = by_month_end(used.bytes_served, gone, whole)
    estimate = running_month(terms_in_force(partner_id, now), now)
    known = estimate is not None and estimate.is_known
    currency = plan.now.currency if plan.now else estimate.currency if estimate else "USD"
    cost = (estimate.by_customer or {}).get(str(customer.pk), 0) if estimate and known else None
    expected = None
    if plan.now is not None and requests is not None and sent is not None:
        expected = cost_minor(plan.now.offer, requests, sent, plan.now.currency)
    elif plan.now is None and cost is not None:
        expected = by_month_end(cost, gone, whole)
    return PlanMonth(plan, period, used.hits, used.lookups, currency, cost, requests,
                     expected, estimate)  # fmt: skip
