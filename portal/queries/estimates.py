"""The running month in money: an estimate from usage so far, never a document.

A worker rates it (`portal.actions.running_month`); pages read what was kept, with its time, and
never rate.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from django.db.models import Q

from billing.actions.preview import Preview, preview_run
from billing.models import AgreementVersion, RunningMonth
from billing.rules.drafts import CUSTOMER_INVOICE, PARTNER_INVOICE
from billing.rules.errors import BillingError
from billing.rules.periods import Period, month_of


@dataclass(frozen=True)
class Terms:
    """What a page says about the agreement in force; shares in basis points."""

    agreement_id: uuid.UUID
    name: str
    kind: str
    collects: str
    currency: str
    share_bps: int
    poc_ends_at: datetime | None

    @property
    def earns_share(self) -> bool:
        """The partner is paid a share of what we collect."""
        return self.share_bps > 0 and self.collects == "platform"


@dataclass(frozen=True)
class Estimate:
    """The month so far, minor units of `currency`; equal to what a preview run would give.

    `billed` to customers, the partner's `earned` share, what the partner `owes` us (licence,
    wholesale, our part where it collects), `shadow` value of a proof of concept. `by_customer`
    has the net of each customer's invoice. `as_of`: up to when usage counts, None while a worker
    has not been there yet; `usage`: what it was, to know whether there is more. `problem` says
    why there is no number.
    """

    period: Period
    currency: str
    billed_minor: int = 0
    earned_minor: int = 0
    owes_minor: int = 0
    shadow_minor: int = 0
    by_customer: dict[str, int] | None = None
    problem: str = ""
    as_of: datetime | None = None
    usage: tuple[int, ...] = ()

    @property
    def is_known(self) -> bool:
        """There are numbers to show."""
        return self.as_of is not None and not self.problem


def terms_in_force(partner_id: uuid.UUID, now: datetime) -> Terms | None:
    """The partner's approved terms at `now`, or None: one query."""
    version = (
        AgreementVersion.objects.select_related("agreement")
        .filter(Q(valid_to=None) | Q(valid_to__gt=now), partner_id=partner_id,
                valid_from__lte=now, approved_at__isnull=False)
        .order_by("-valid_from").first()
    )  # fmt: skip
    if version is None:
        return None
    in_poc = version.poc_ends_at is not None and version.poc_ends_at > now
    return Terms(
        version.agreement_id, version.agreement.name, version.kind, version.collects,
        version.currency, version.partner_share_bps, version.poc_ends_at if in_poc else None,
    )  # fmt: skip


def running_month(terms: Terms | None, now: datetime) -> Estimate | None:
    """What a worker worked out for the month of `now`; None without an agreement.

    Never rates: without one kept it comes back without `as_of`. A month
    that cannot be rated has `problem`.
    """
    if terms is None:
        return None
    period = month_of(now)
    return kept_month(terms, period) or Estimate(period, terms.currency)


def kept_month(terms: Terms, period: Period) -> Estimate | None:
    """What was kept last of a month, or None: one query."""
    row = RunningMonth.objects.filter(
        agreement_id=terms.agreement_id, period_start=period.start
    ).first()
    return row and Estimate(period, as_of=row.as_of, **row.figures)


def figures_of(found: Estimate) -> dict[str, Any]:
    """An estimate as JSON; `kept_month` reads it back."""
    told = {one.name: getattr(found, one.name) for one in fields(found)}
    return {name: value for name, value in told.items() if name not in ("period", "as_of")}


def rated_month(terms: Terms, period: Period) -> Estimate:
    """The month so far, rated as a run would rate it; nothing is written. Workers only."""
    try:
        preview = preview_run(agreement_id=terms.agreement_id, period=period)
    except BillingError as error:
        return Estimate(period, terms.currency, problem=str(error))
    return _estimate(preview, period)


def _estimate(preview: Preview, period: Period) -> Estimate:
    totals, papers = preview.totals, preview.papers
    invoices = [paper for paper in papers if paper.kind == CUSTOMER_INVOICE]
    return Estimate(
        period, totals.currency,
        billed_minor=sum(paper.net_minor for paper in invoices),
        earned_minor=totals.partner_minor,
        owes_minor=sum(paper.net_minor for paper in papers if paper.kind == PARTNER_INVOICE),
        shadow_minor=totals.shadow_minor,
        by_customer={one.customer_id: one.net_minor for one in invoices if one.customer_id},
    )  # fmt: skip
