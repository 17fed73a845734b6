"""Agreement terms as stored JSON: parsed with errors that name the member, dumped canonically."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from billing.rules.errors import BadTerms
from billing.rules.fields import Fields, instant_text
from billing.rules.money import exponent
from billing.rules.rates import check_bounds, dump_rate, parse_rate
from billing.rules.splits import PLATFORM, WHOLE_BPS
from billing.rules.terms import (
    COLLECTORS,
    DIRECT,
    DISCOUNT_MODES,
    INTERVALS,
    KINDS,
    OEM,
    REVENUE_SHARE,
    SHARE_REASONS,
    WHOLESALE,
    BaseFee,
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

_NEEDS: dict[str, tuple[type, ...]] = {
    REVENUE_SHARE: (RevenueShare,),
    OEM: (PerUnit,),
    WHOLESALE: (Wholesale,),
    DIRECT: (),
}


def _base_fee(read: Fields) -> Component:
    return BaseFee(read.whole("yearly_minor"), read.choice("interval", INTERVALS, "monthly"))


def _per_unit(read: Fields) -> Component:
    return PerUnit(parse_rate(read.take("rate")))


def _revenue_share(read: Fields) -> Component:
    return RevenueShare(read.whole("partner_bps", most=WHOLE_BPS))


def _wholesale(read: Fields) -> Component:
    factor = read.whole("factor_bps", most=WHOLE_BPS)
    mode = read.choice("discount_mode", DISCOUNT_MODES, "none")
    tiers = []
    for number, item in enumerate(read.items("discount_tiers", ()), 1):
        tier = Fields(item, f"Discount tier {number}")
        bps = tier.whole("discount_bps", most=WHOLE_BPS)
        tiers.append(DiscountTier(tier.whole_or_none("up_to_minor"), bps))
        tier.close()
    return Wholesale(factor, mode, tuple(tiers))


def _plan_fee(read: Fields) -> Component:
    plan = read.text("plan")
    return PlanFee(plan, read.whole("yearly_minor"), read.choice("interval", INTERVALS, "monthly"))


def _savings_share(read: Fields) -> Component:
    bps = read.whole("percentage_bps", most=WHOLE_BPS)
    return SavingsShare(bps, read.whole_or_none("cap_minor"))


def _minimum(read: Fields) -> Component:
    return Minimum(read.whole("monthly_minor"))


_PARSERS: dict[str, Callable[[Fields], Component]] = {
    "base_fee": _base_fee,
    "per_unit": _per_unit,
    "revenue_share": _revenue_share,
    "wholesale": _wholesale,
    "plan_fee": _plan_fee,
    "savings_share": _savings_share,
    "minimum": _minimum,
}
_TYPES: dict[type, str] = {
    BaseFee: "base_fee",
    PerUnit: "per_unit",
    RevenueShare: "revenue_share",
    Wholesale: "wholesale",
    PlanFee: "plan_fee",
    SavingsShare: "savings_share",
    Minimum: "minimum",
}


def _parse_component(data: object, number: int) -> Component:
    read = Fields(data, f"Component {number}")
    component = _PARSERS[read.choice("type", tuple(_PARSERS))](read)
    read.close()
    return component


def parse_terms(data: object) -> Terms:
    """JSON object → Terms. Raises BadTerms naming the member and what is expected."""
    read = Fields(data, "Terms")
    parts = enumerate(read.items("components"), 1)
    terms = Terms(
        kind=read.choice("kind", KINDS),
        collects=read.choice("collects", COLLECTORS),
        currency=read.text("currency"),
        anchor_at=read.instant("anchor_at"),
        components=tuple(_parse_component(item, number) for number, item in parts),
        tie=read.choice("tie", COLLECTORS, PLATFORM),
        poc_ends_at=read.instant_or_none("poc_ends_at"),
        share_reason=read.choice("share_reason", SHARE_REASONS, "type_default"),
        principal=read.flag("principal", True),
        self_billing=read.flag("self_billing", False),
        payment_days=read.whole("payment_days", 30, most=365),
        min_payout_minor=read.whole("min_payout_minor", 0),
        term_months=read.whole_or_none("term_months"),
        netting=read.flag("netting", False),
    )
    read.close()
    return check_terms(terms)


def _single(terms: Terms, kind: type) -> None:
    if sum(isinstance(c, kind) for c in terms.components) > 1:
        raise BadTerms(f"Terms: at most one {_TYPES[kind]!r} component is allowed.")


def _check_discount(wholesale: Wholesale) -> None:
    if wholesale.discount_mode != "none":
        bounds = [tier.up_to_minor for tier in wholesale.discount_tiers]
        check_bounds(bounds, "Wholesale discount")
    elif wholesale.discount_tiers:
        raise BadTerms("Wholesale discount tiers need a mode: 'volume' or 'graduated'.")


def check_terms(terms: Terms) -> Terms:
    """What the components must satisfy together; returns the terms. Raises BadTerms."""
    exponent(terms.currency)
    for kind in (BaseFee, RevenueShare, Wholesale, SavingsShare, Minimum):
        _single(terms, kind)
    for needed in _NEEDS[terms.kind]:
        if not any(isinstance(c, needed) for c in terms.components):
            raise BadTerms(f"Terms: kind {terms.kind!r} needs a {_TYPES[needed]!r} component.")
    if terms.shares_revenue and not terms.bills_customers:
        raise BadTerms(f"Terms: kind {terms.kind!r} has no customer money to share.")
    if terms.kind in (OEM, WHOLESALE) and terms.collects == PLATFORM:
        raise BadTerms(f"Terms: in kind {terms.kind!r} the partner collects.")
    if terms.kind == DIRECT and terms.collects != PLATFORM:
        raise BadTerms("Terms: a direct agreement is collected by the platform.")
    if terms.poc_ends_at is not None and terms.poc_ends_at <= terms.anchor_at:
        raise BadTerms("Terms: the proof of concept must end after the agreement starts.")
    for component in terms.components:
        if isinstance(component, Wholesale):
            _check_discount(component)
    keys = [c.rate.key for c in terms.components if isinstance(c, PerUnit)]
    plans = [c.plan for c in terms.components if isinstance(c, PlanFee)]
    if len(set(keys)) < len(keys) or len(set(plans)) < len(plans):
        raise BadTerms("Terms: per-unit rate keys and plans appear once each.")
    return terms


def _dump_component(component: Component) -> dict[str, Any]:
    data: dict[str, Any] = {"type": _TYPES[type(component)]}
    if isinstance(component, PerUnit):
        return {**data, "rate": dump_rate(component.rate)}
    for name in component.__dataclass_fields__:
        data[name] = getattr(component, name)
    if isinstance(component, Wholesale):
        data["discount_tiers"] = [
            {"up_to_minor": tier.up_to_minor, "discount_bps": tier.discount_bps}
            for tier in component.discount_tiers
        ]
    return data


def dump_terms(terms: Terms) -> dict[str, Any]:
    """Terms → JSON object that `parse_terms` reads back unchanged."""
    poc = terms.poc_ends_at
    return {
        "kind": terms.kind,
        "collects": terms.collects,
        "currency": terms.currency,
        "anchor_at": instant_text(terms.anchor_at),
        "components": [_dump_component(component) for component in terms.components],
        "tie": terms.tie,
        "poc_ends_at": None if poc is None else instant_text(poc),
        "share_reason": terms.share_reason,
        "principal": terms.principal,
        "self_billing": terms.self_billing,
        "payment_days": terms.payment_days,
        "min_payout_minor": terms.min_payout_minor,
        "term_months": terms.term_months,
        "netting": terms.netting,
    }
