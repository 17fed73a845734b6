"""Agreement terms as stored JSON: parsed with errors that name the member, dumped canonically."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from billing.rules.errors import BadTerms
from billing.rules.fields import Fields, instant_text
from billing.rules.rates import dump_rate, parse_rate
from billing.rules.splits import PLATFORM, WHOLE_BPS
from billing.rules.terms import (
    COLLECTORS,
    DEDUCTIONS,
    DISCOUNT_MODES,
    INTERVALS,
    INVOICED,
    KINDS,
    PORTAL,
    SALES,
    SHARE_BASES,
    SHARE_REASONS,
    TAXES,
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
from billing.rules.terms_check import check_terms, whole_hour_zone
from tenants.rules.sayings import Said


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
        tier = Fields(item, Said("Discount tier %(number)s", number=number))
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


def _cap(read: Fields) -> Component:
    return Cap(read.whole("monthly_minor", least=1))


_PARSERS: dict[str, Callable[[Fields], Component]] = {
    "base_fee": _base_fee,
    "per_unit": _per_unit,
    "revenue_share": _revenue_share,
    "wholesale": _wholesale,
    "plan_fee": _plan_fee,
    "savings_share": _savings_share,
    "minimum": _minimum,
    "cap": _cap,
}
_TYPES: dict[type, str] = {
    BaseFee: "base_fee",
    PerUnit: "per_unit",
    RevenueShare: "revenue_share",
    Wholesale: "wholesale",
    PlanFee: "plan_fee",
    SavingsShare: "savings_share",
    Minimum: "minimum",
    Cap: "cap",
}


def _parse_component(data: object, number: int) -> Component:
    read = Fields(data, Said("Component %(number)s", number=number))
    component = _PARSERS[read.choice("type", tuple(_PARSERS))](read)
    read.close()
    return component


def parse_terms(data: object) -> Terms:
    """JSON object → Terms. Raises BadTerms naming the member and what is expected."""
    read = Fields(data, Said("Terms"))
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
        tax=read.choice("tax", TAXES, "none"),
        time_zone=whole_hour_zone(read.text("time_zone", "UTC")),
        cutoff_days=read.whole("cutoff_days", 0, most=60),
        lock_days=read.whole("lock_days", 0, most=365),
        share_base=read.choice("share_base", SHARE_BASES, INVOICED),
        share_after=_share_after(read),
        sales=read.choice("sales", SALES, PORTAL),
    )
    read.close()
    return check_terms(terms)


def _share_after(read: Fields) -> tuple[str, ...] | None:
    given = read.take("share_after", None)
    if given is None:
        return None
    if not isinstance(given, list | tuple):
        raise read.fail(
            "share_after", given, Said("a list of %(known)s", known=", ".join(DEDUCTIONS))
        )
    if unknown := [one for one in given if one not in DEDUCTIONS]:
        raise BadTerms(
            Said(
                "Terms: 'share_after' lists what is taken off before the share, of "
                "%(known)s; %(unknown)s is none of them.",
                known=", ".join(DEDUCTIONS),
                unknown=f"{unknown[0]!r}",
            )
        )
    return tuple(name for name in DEDUCTIONS if name in given)


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


_LATER: dict[str, Any] = {"tax": "none", "time_zone": "UTC", "cutoff_days": 0, "lock_days": 0,
                          "share_base": INVOICED, "share_after": None, "sales": PORTAL}  # fmt: skip


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
        # Members that came later are written where they say something: what was signed and frozen
        # before them keeps its bytes.
        **{
            name: list(value) if isinstance(value, tuple) else value
            for name in _LATER
            if (value := getattr(terms, name)) != _LATER[name]
        },
    }
