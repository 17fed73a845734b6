"""What each plan brings in: fees that come again, what its customers were billed, our partner's
part of it (partner's scope).

Credit notes that a person issued belong to no month's run, and so to no plan.
"""

from __future__ import annotations

import uuid
from collections import Counter
from dataclasses import dataclass

from django.db.models import F, Sum

from billing.models import CustomerShare, Document, SettlementRun
from billing.queries.plans import PlanView, in_force
from billing.rules.drafts import CREDIT_NOTE, CUSTOMER_INVOICE
from billing.rules.money import round_minor
from billing.rules.periods import Period, month_of


@dataclass(frozen=True)
class PlanMoney:
    """One plan (None: customers on no plan), minor units. `mrr_minor`: fees a month of those who
    are on it now. `billed_minor` (without tax) and `earned_minor` of it are of the last settled
    month and whoever was on the plan then; earned is None where the month has no share."""

    plan: PlanView | None
    mrr_minor: int
    billed_minor: int
    earned_minor: int | None

    @property
    def margin_percent(self) -> int | None:
        """The partner's part of what was billed, whole percent, cut toward zero."""
        if self.earned_minor is None or self.billed_minor <= 0:
            return None
        return int(100 * self.earned_minor / self.billed_minor)


@dataclass(frozen=True)
class PlansMoney:
    """Every plan's money, and the settled month that billed and earned are of (None: no month)."""

    rows: tuple[PlanMoney, ...]
    month: Period | None
    currency: str


def plans_money(partner_id: uuid.UUID, shown: list[PlanView], currency: str) -> PlansMoney:
    """Money of plans as `billing.queries.plans.plans` gives them: four queries at any size.

    Documents in other currencies than the agreement's are left out.
    """
    month = _last_month(partner_id)
    billed, earned = Counter[uuid.UUID | None](), Counter[uuid.UUID | None]()
    is_shared = False
    if month is not None:
        version_plan = {one.id: plan.id for plan in shown for one in plan.versions}
        plan_of = {
            customer: version_plan.get(row.version_id) if row.version_id else None
            for customer, row in in_force(partner_id, month.start).items()
        }
        for customer, minor in _billed(partner_id, month, currency):
            billed[customer and plan_of.get(customer)] += minor
        shares = _earned(partner_id, month, currency)
        is_shared = bool(shares)
        for customer, minor in shares:
            earned[plan_of.get(customer)] += minor
    rows = [_row(plan, billed, earned, is_shared=is_shared) for plan in (*shown, None)]
    return PlansMoney(tuple(rows), month, currency)


def _row(
    plan: PlanView | None, billed: Counter[uuid.UUID | None], earned: Counter[uuid.UUID | None], *,
    is_shared: bool,
) -> PlanMoney:  # fmt: skip
    key = plan.id if plan else None
    fees = sum(
        round_minor(one.offer.fee, one.currency) * one.customers
        for one in (plan.versions if plan else ())
    )
    return PlanMoney(plan, fees, billed[key], earned[key] if is_shared else None)


def _last_month(partner_id: uuid.UUID) -> Period | None:
    runs = SettlementRun.objects.filter(partner_id=partner_id, issued_at__isnull=False)
    start = runs.order_by("-period_start").values_list("period_start", flat=True).first()
    return None if start is None else month_of(start)


def _billed(
    partner_id: uuid.UUID, month: Period, currency: str
) -> list[tuple[uuid.UUID | None, int]]:
    rows = Document.objects.filter(
        partner_id=partner_id, kind__in=(CUSTOMER_INVOICE, CREDIT_NOTE), currency=currency,
        run__period_start=month.start, customer_id__isnull=False,
    )  # fmt: skip
    sums = rows.order_by().values_list("customer_id").annotate(net=Sum("net_minor"))
    return [(customer, int(net)) for customer, net in sums]


def _earned(partner_id: uuid.UUID, month: Period, currency: str) -> list[tuple[uuid.UUID, int]]:
    rows = CustomerShare.objects.filter(
        partner_id=partner_id, attempt=F("run__attempt"), run__issued_at__isnull=False,
        run__period_start=month.start, run__currency=currency,
    )  # fmt: skip
    sums = rows.order_by().values_list("customer_id").annotate(n=Sum("delta_partner_minor"))
    return [(customer, int(share)) for customer, share in sums]
