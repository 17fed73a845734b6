"""What the cache saved less what it cost: a month of one customer or of all, by model."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from django.db.models import Sum

from billing.models import Document
from billing.rules.drafts import CUSTOMER_INVOICE
from billing.rules.splits import allocate
from cache_api.models import Customer
from cache_api.queries import explore
from cache_api.queries.explore import Scope
from cache_api.rules.reports import Group
from portal.queries.estimates import running_month, terms_in_force
from portal.rules.ranges import Range, month_start, next_month

SAVED_IN = "USD"  # provider prices, and so what is saved, are dollars
CENT_MICROS = 10_000
MOST_MODELS = 50
# Why there is nothing to set against the saving: narrowed to a part that has no bill of its own;
# no worker was there yet; a price or rate is missing; not in dollars; not issued; nothing charged.
NARROWED, PENDING, NOT_RATED = "narrowed", "pending", "not_rated"
ABROAD, NOT_ISSUED, NOTHING = "abroad", "not_issued", "nothing"


@dataclass(frozen=True)
class ModelSaving:
    """One model's month in cents: `charged_minor` is its part of the bill, by hits."""

    model: str
    hits: int
    saved_minor: int
    charged_minor: int

    @property
    def net_minor(self) -> int:
        """Saved less charged."""
        return self.saved_minor - self.charged_minor

    @property
    def break_even_hits(self) -> int | None:
        """From how many hits on the saving covers the charge; None where a hit saves nothing."""
        if self.saved_minor <= 0 or not self.hits:
            return None
        return ceil(self.charged_minor * self.hits / self.saved_minor)


@dataclass(frozen=True)
class NetSaving:
    """A month; `is_final`: charged by issued invoices, else an estimate of the month so far.

    `missing` says why there are no models, '' where there are.
    """

    month_at: datetime
    is_final: bool
    models: tuple[ModelSaving, ...] = ()
    missing: str = ""

    @property
    def whole(self) -> ModelSaving:
        """All models together."""
        return ModelSaving(
            "", sum(one.hits for one in self.models), sum(one.saved_minor for one in self.models),
            sum(one.charged_minor for one in self.models),
        )  # fmt: skip


def net_saving(partner_id: uuid.UUID, scope: Scope, window: Range) -> NetSaving:
    """The last month that the range reaches into, with its models or why there are none.

    A running month is estimated as its invoice would be; a past one takes the issued invoices.
    """
    start = month_start(window.shown_end - timedelta(microseconds=1))
    is_final = next_month(start) <= window.now
    if scope.only:
        return NetSaving(start, is_final, missing=NARROWED)
    charged, missing = (
        _invoiced(partner_id, scope, start) if is_final else _estimated(partner_id, scope, window)
    )
    if missing:
        return NetSaving(start, is_final, missing=missing)
    groups = explore.groups(
        scope, start, next_month(start), "model", sort="saved", limit=MOST_MODELS
    )
    return NetSaving(start, is_final, _by_model(charged, groups))


def _by_model(charged_minor: int, groups: list[Group]) -> tuple[ModelSaving, ...]:
    hits = {group.label: max(group.hits, 0) for group in groups}
    parts = allocate(charged_minor, hits) if any(hits.values()) else {}
    return tuple(
        ModelSaving(group.label, group.hits, round(group.cost_saved_micros / CENT_MICROS),
                    parts.get(group.label, 0))
        for group in groups if group.hits
    )  # fmt: skip


def _invoiced(partner_id: uuid.UUID, scope: Scope, month_at: datetime) -> tuple[int, str]:
    rows = Document.objects.filter(
        partner_id=partner_id, kind=CUSTOMER_INVOICE, period_start=month_at
    )
    if scope.customer_id is not None:
        rows = rows.filter(customer_id=scope.customer_id)
    by_currency = rows.values("currency").annotate(net=Sum("net_minor")).order_by()
    nets = {row["currency"]: int(row["net"]) for row in by_currency}
    if nets and SAVED_IN not in nets:
        return 0, ABROAD
    charged = nets.get(SAVED_IN, 0)
    return charged, "" if charged else NOTHING if nets else NOT_ISSUED


def _estimated(partner_id: uuid.UUID, scope: Scope, window: Range) -> tuple[int, str]:
    estimate = running_month(terms_in_force(partner_id, window.now), window.now)
    if estimate is None:
        return 0, NOTHING
    if not estimate.is_known:
        return 0, NOT_RATED if estimate.problem else PENDING
    if estimate.currency != SAVED_IN:
        return 0, ABROAD
    charged = estimate.billed_minor
    if scope.customer_id is not None:
        charged = (estimate.by_customer or {}).get(str(scope.customer_id), 0)
    return charged, "" if charged else NOTHING


def invoiced_by_month(
    partner_id: uuid.UUID, customer: Customer | None, start: datetime, end: datetime
) -> dict[tuple[str, datetime], int]:
    """(customer's external id, month) → net of its issued invoices in cents: one query."""
    rows = Document.objects.filter(
        partner_id=partner_id, kind=CUSTOMER_INVOICE, currency=SAVED_IN, period_start__gte=start,
        period_end__lte=end,
    )  # fmt: skip
    if customer is not None:
        rows = rows.filter(customer_id=customer.pk)
    summed = rows.values("customer_external_id", "period_start").annotate(net=Sum("net_minor"))
    return {
        (row["customer_external_id"], row["period_start"]): int(row["net"])
        for row in summed.order_by()
    }
