"""Agreement templates: the kinds of deal we sign, with the default partner shares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from billing.rules.errors import BadTerms
from billing.rules.periods import add_months, whole_hour
from billing.rules.rates import PER_UNIT, Rate
from billing.rules.splits import PARTNER, PLATFORM
from billing.rules.terms import (
    DIRECT,
    INVOICED,
    OEM,
    PORTAL,
    REVENUE_SHARE,
    WHOLESALE,
    BaseFee,
    Cap,
    Component,
    DiscountTier,
    Minimum,
    PerUnit,
    PlanFee,
    RevenueShare,
    SavingsShare,
    Terms,
    Wholesale,
)
from billing.rules.terms_json import check_terms
from tenants.rules.sayings import Said

# Cloud partners keep 40 % when we collect and 60 % when they resell and collect themselves.
_CLOUD_BPS = {PLATFORM: 4_000, PARTNER: 6_000}
_TYPE_BPS = {"general_cache": 3_000, "vector_db": 2_000, "llm_provider": 2_000}
POC_SHARE_BPS = 3_000
POC_MONTHS = 6
OEM_RATE_KEY = "oem_cached_requests"
OEM_UNIT_PRICE = Decimal("0.001")
OEM_TERM_MONTHS = 36
OEM_BASE_YEARLY_MINOR = 120_000_00
WHOLESALE_FACTOR_BPS = 5_000
PLAN_FEES_MINOR = {"enterprise": 75_000_00, "mid-market": 10_000_00}
# What an agreement of a template is called, behind its partner's name.
CALLED = {
    "revenue_share_platform": "revenue share",
    "revenue_share_partner": "revenue share (partner collects)",
    "poc": "proof of concept",
    "oem": "OEM licence",
    "wholesale": "wholesale",
    "direct": "direct customers",
}
TEMPLATES = tuple(CALLED)


def default_partner_share_bps(partner_kind: str, collects: str) -> int:
    """The partner's share in basis points by partner type and who collects. Raises BadTerms."""
    if collects not in (PLATFORM, PARTNER):
        raise BadTerms(
            Said(
                "Who collects is 'platform' or 'partner', not %(collects)s.",
                collects=f"{collects!r}",
            )
        )
    if partner_kind == "cloud":
        return _CLOUD_BPS[collects]
    try:
        return _TYPE_BPS[partner_kind]
    except KeyError:
        raise BadTerms(
            Said(
                "There is no default share for partner type %(partner_kind)s. Give share_bps.",
                partner_kind=f"{partner_kind!r}",
            )
        ) from None


@dataclass(frozen=True, slots=True)
class Deal:
    """What a template may be given; None takes the template's own value."""

    share_bps: int | None = None
    poc_months: int | None = None
    base_yearly_minor: int | None = None
    base_interval: str = "monthly"
    unit_price: Decimal = OEM_UNIT_PRICE
    factor_bps: int = WHOLESALE_FACTOR_BPS
    discount_mode: str = "none"
    discount_tiers: Sequence[tuple[int | None, int]] = ()
    plan_fees: Mapping[str, int] | None = None
    minimum_minor: int | None = None
    cap_minor: int | None = None
    savings_bps: int | None = None
    savings_cap_minor: int | None = None
    payment_days: int = 30
    min_payout_minor: int = 0
    tie: str = PLATFORM
    principal: bool = True
    self_billing: bool = False
    term_months: int | None = None
    netting: bool = False
    tax: str = "none"
    cutoff_days: int = 0
    lock_days: int = 0
    share_base: str = INVOICED
    share_after: tuple[str, ...] | None = None
    sales: str = PORTAL


def _share(template: str, partner_kind: str, collects: str, deal: Deal) -> RevenueShare:
    if deal.share_bps is not None:
        return RevenueShare(deal.share_bps)
    if template == "poc":
        return RevenueShare(POC_SHARE_BPS)
    return RevenueShare(default_partner_share_bps(partner_kind, collects))


def _components(template: str, partner_kind: str, collects: str, deal: Deal) -> list[Component]:
    parts: list[Component] = []
    base = deal.base_yearly_minor
    if template == "oem" and base is None:
        base = OEM_BASE_YEARLY_MINOR
    if base:
        parts.append(BaseFee(base, deal.base_interval))
    if template in ("revenue_share_platform", "revenue_share_partner", "poc"):
        parts.append(_share(template, partner_kind, collects, deal))
    elif deal.share_bps is not None:
        parts.append(RevenueShare(deal.share_bps))
    if template == "oem":
        parts.append(
            PerUnit(Rate(OEM_RATE_KEY, "cached_requests", PER_UNIT, unit_price=deal.unit_price))
        )
    elif template == "wholesale":
        tiers = tuple(DiscountTier(up_to, bps) for up_to, bps in deal.discount_tiers)
        parts.append(Wholesale(deal.factor_bps, deal.discount_mode, tiers))
    fees = PLAN_FEES_MINOR if deal.plan_fees is None and template == "direct" else deal.plan_fees
    parts += [PlanFee(plan, fee) for plan, fee in sorted((fees or {}).items())]
    if deal.savings_bps is not None:
        parts.append(SavingsShare(deal.savings_bps, deal.savings_cap_minor))
    if deal.minimum_minor:
        parts.append(Minimum(deal.minimum_minor))
    if deal.cap_minor:
        parts.append(Cap(deal.cap_minor))
    return parts


_KIND = {"oem": OEM, "wholesale": WHOLESALE, "direct": DIRECT}


_BY_PARTNER = ("revenue_share_partner", "oem", "wholesale")


def _poc_months(template: str, deal: Deal) -> int:
    if deal.poc_months is None and template == "poc":
        return POC_MONTHS
    return deal.poc_months or 0


def _share_reason(template: str, deal: Deal) -> str:
    if template == "poc" and deal.share_bps in (None, POC_SHARE_BPS):
        return "poc_offer"
    return "type_default" if deal.share_bps is None else "negotiated"


def agreement_terms(
    template: str,
    *,
    partner_kind: str,
    currency: str,
    starts_at: datetime,
    deal: Deal = Deal(),
) -> Terms:
    """The terms a template gives for a partner type; `deal` overrides. Raises BadTerms.

    `starts_at` is a full UTC hour: the PoC runs and yearly fees count from it.
    """
    if template not in TEMPLATES:
        raise BadTerms(
            Said(
                "Template %(template)s is not known. Use one of %(known)s.",
                template=f"{template!r}",
                known=", ".join(TEMPLATES),
            )
        )
    whole_hour(starts_at, "start of the agreement")
    collects = PARTNER if template in _BY_PARTNER else PLATFORM
    poc_months = _poc_months(template, deal)
    return check_terms(
        Terms(
            kind=_KIND.get(template, REVENUE_SHARE),
            collects=collects,
            currency=currency,
            anchor_at=starts_at,
            components=tuple(_components(template, partner_kind, collects, deal)),
            tie=deal.tie,
            poc_ends_at=add_months(starts_at, poc_months) if poc_months else None,
            share_reason=_share_reason(template, deal),
            principal=deal.principal,
            self_billing=deal.self_billing,
            payment_days=deal.payment_days,
            min_payout_minor=deal.min_payout_minor,
            term_months=deal.term_months or (OEM_TERM_MONTHS if template == "oem" else None),
            netting=deal.netting,
            tax=deal.tax,
            cutoff_days=deal.cutoff_days,
            lock_days=deal.lock_days,
            share_base=deal.share_base,
            share_after=deal.share_after,
            sales=deal.sales,
        )
    )
