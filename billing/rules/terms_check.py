"""Which components may stand together in one agreement, and which would charge twice or never."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from billing.rules.errors import BadTerms
from billing.rules.money import exponent
from billing.rules.rates import check_bounds
from billing.rules.splits import PLATFORM
from billing.rules.terms import (
    COLLECTED,
    DIRECT,
    OEM,
    REPORTED,
    REVENUE_SHARE,
    WHOLESALE,
    BaseFee,
    Cap,
    Minimum,
    PerUnit,
    PlanFee,
    RevenueShare,
    SavingsShare,
    Terms,
    Wholesale,
)
from tenants.rules.sayings import Said

_NEEDS: dict[str, tuple[type, ...]] = {
    REVENUE_SHARE: (RevenueShare,),
    OEM: (PerUnit,),
    WHOLESALE: (Wholesale,),
    DIRECT: (),
}
_ONCE = (BaseFee, RevenueShare, Wholesale, SavingsShare, Minimum, Cap)
_NAMES: dict[type, str] = {
    BaseFee: "base_fee",
    PerUnit: "per_unit",
    RevenueShare: "revenue_share",
    Wholesale: "wholesale",
    PlanFee: "plan_fee",
    SavingsShare: "savings_share",
    Minimum: "minimum",
    Cap: "cap",
}
# As finance calls them, with the member's name for who writes JSON.
_KINDS = {
    REVENUE_SHARE: Said("revenue share"),
    OEM: Said("licence (OEM)"),
    WHOLESALE: Said("wholesale"),
    DIRECT: Said("direct"),
}
_PARTS: dict[type, Said] = {
    RevenueShare: Said("the partner's share ('revenue_share')"),
    PerUnit: Said("a price per unit ('per_unit')"),
    Wholesale: Said("a wholesale factor ('wholesale')"),
}
_HOUR = timedelta(hours=1)


def whole_hour_zone(name: str) -> str:
    """A billing time zone. Months are UTC months: raises BadTerms for every other, with the reason.

    A zone off the full hour could not be served at all: usage is kept by the UTC hour.
    """
    if name == "UTC":
        return name
    try:
        zone = ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise BadTerms(
            Said("Terms: 'time_zone' %(name)s is not known. Use 'UTC'.", name=f"{name!r}")
        ) from None
    offsets = {datetime(2026, month, 1, tzinfo=zone).utcoffset() or _HOUR for month in range(1, 13)}
    for offset in offsets:
        if offset % _HOUR:
            raise BadTerms(
                Said(
                    "Terms: 'time_zone' %(name)s is %(offset)s off UTC. Usage is kept by the "
                    "full UTC hour, so a month can not begin there. Use 'UTC'.",
                    name=name,
                    offset=_signed(offset),
                )
            )
    raise BadTerms(
        Said(
            "Terms: 'time_zone' %(name)s is refused: all documents of a month cover the "
            "same UTC month. Use 'UTC'.",
            name=name,
        )
    )


def _signed(offset: timedelta) -> str:
    minutes = int(offset.total_seconds()) // 60
    return f"{'+' if minutes >= 0 else '-'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"


def _has(terms: Terms, *kinds: type) -> bool:
    return any(isinstance(component, kinds) for component in terms.components)


def _check_counts(terms: Terms) -> None:
    for kind in _ONCE:
        if sum(isinstance(c, kind) for c in terms.components) > 1:
            raise BadTerms(
                Said("Terms: at most one %(part)s component is allowed.", part=f"{_NAMES[kind]!r}")
            )
    for needed in _NEEDS[terms.kind]:
        if not _has(terms, needed):
            raise BadTerms(
                Said(
                    "Terms: a %(kind)s agreement needs %(part)s. Add it, or choose another kind "
                    "of deal.",
                    kind=_KINDS[terms.kind],
                    part=_PARTS[needed],
                )
            )
    keys = [c.rate.key for c in terms.components if isinstance(c, PerUnit)]
    plans = [c.plan for c in terms.components if isinstance(c, PlanFee)]
    if len(set(keys)) < len(keys) or len(set(plans)) < len(plans):
        raise BadTerms(Said("Terms: per-unit rate keys and plans appear once each."))


def _check_sides(terms: Terms) -> None:
    if terms.shares_revenue and terms.kind == DIRECT:
        raise BadTerms(Said("Terms: kind 'direct' has no customer money to share."))
    if terms.shares_revenue and _has(terms, Wholesale):
        raise BadTerms(
            Said(
                "Terms: a wholesale price is our part of the customer's money already; a "
                "revenue share beside it has no customer money to share. Choose one."
            )
        )
    if terms.kind in (OEM, WHOLESALE) and terms.collects == PLATFORM:
        raise BadTerms(
            Said(
                "Terms: in a %(kind)s agreement the partner collects: let it invoice its "
                "customers ('collects').",
                kind=_KINDS[terms.kind],
            )
        )
    if terms.kind == DIRECT and terms.collects != PLATFORM:
        raise BadTerms(
            Said("Terms: in a direct agreement we invoice the customers ourselves ('collects').")
        )
    if not terms.bills_customers and _has(terms, PlanFee, SavingsShare):
        raise BadTerms(
            Said(
                "Terms: a %(kind)s agreement sends customers no invoice, so nobody would pay "
                "its 'plan_fee' or 'savings_share'. Remove it, or share revenue.",
                kind=_KINDS[terms.kind],
            )
        )
    if terms.share_base == COLLECTED and not (terms.pays_partner and terms.principal):
        raise BadTerms(
            Said(
                "Terms: a share of what was collected needs us to collect in our own name "
                "and to share it; here nobody's payments would tell us what is due."
            )
        )
    if terms.share_after is not None and not (terms.pays_partner and terms.principal):
        raise BadTerms(
            Said(
                "Terms: 'share_after' says what is taken off the customers' money before we "
                "share it; here we do not collect it in our own name, so credits, refunds, "
                "payment fees and tax are the partner's own affair."
            )
        )
    if terms.sales == REPORTED:
        if terms.collects == PLATFORM or not terms.shares_revenue:
            raise BadTerms(
                Said(
                    "Terms: sales are reported where the partner invoices its customers itself "
                    "and shares what it sells; here nobody would report."
                )
            )
        if _has(terms, PlanFee, SavingsShare):
            raise BadTerms(
                Said(
                    "Terms: reported sales are all that customers pay, plan fees and parts of "
                    "savings too. Remove these components, or invoice customers out of the "
                    "portal."
                )
            )
    if terms.netting and not (terms.pays_partner and terms.bills_partner):
        raise BadTerms(
            Said(
                "Terms: netting sets the partner's invoice off against its share; this "
                "agreement has only one of the two."
            )
        )


def _check_amounts(terms: Terms) -> None:
    least = sum(c.monthly_minor for c in terms.components if isinstance(c, Minimum))
    for component in terms.components:
        if isinstance(component, Wholesale):
            _check_discount(component)
        if isinstance(component, Cap):
            if not _has(terms, PerUnit, Wholesale):
                raise BadTerms(
                    Said("Terms: a 'cap' bounds usage the partner pays; there is none here.")
                )
            if component.monthly_minor < least:
                raise BadTerms(Said("Terms: the cap is below the minimum commitment."))


def _check_discount(wholesale: Wholesale) -> None:
    if wholesale.discount_mode != "none":
        bounds = [tier.up_to_minor for tier in wholesale.discount_tiers]
        check_bounds(bounds, "Wholesale discount")
    elif wholesale.discount_tiers:
        raise BadTerms(
            Said(
                "Wholesale discount tiers need a mode: say whether a discount is of the "
                "whole value ('volume') or of each step's own part ('graduated')."
            )
        )


def check_terms(terms: Terms) -> Terms:
    """What the components must satisfy together; returns the terms. Raises BadTerms."""
    exponent(terms.currency)
    _check_counts(terms)
    _check_sides(terms)
    _check_amounts(terms)
    if terms.poc_ends_at is not None and terms.poc_ends_at <= terms.anchor_at:
        raise BadTerms(Said("Terms: the proof of concept must end after the agreement starts."))
    return terms
