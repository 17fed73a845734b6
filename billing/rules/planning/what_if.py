"""What if: the same usage under other terms or prices, compared line by line; books nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from billing.rules.charging import ChargePart, RunTotals, charged
from billing.rules.errors import BadTerms, InvariantBroken
from billing.rules.inputs import RunInput, SegmentTerms
from billing.rules.lines import RatedLine
from billing.rules.rates import PER_UNIT, Rate, RateCard
from billing.rules.templates import Deal, agreement_terms
from billing.rules.terms import (
    INVOICED,
    BaseFee,
    Component,
    Minimum,
    PerUnit,
    RevenueShare,
    Terms,
    Wholesale,
)
from billing.rules.terms_json import check_terms
from tenants.rules.sayings import Said

_Key = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True)
class Changes:
    """What to change; None leaves it as signed. `template` replaces the agreement's kind, the
    others then fill it, and its fees (and proof of concept) count from the old anchor. `prices`:
    rate key → unit price, major units."""

    template: str | None = None
    share_bps: int | None = None
    base_yearly_minor: int | None = None
    unit_price: Decimal | None = None
    factor_bps: int | None = None
    minimum_minor: int | None = None
    tie: str | None = None
    prices: Mapping[str, Decimal] = field(default_factory=dict)

    @property
    def any(self) -> bool:
        """Whether anything is changed at all."""
        return bool(self.prices) or any(
            getattr(self, name) is not None for name in self.__slots__ if name != "prices"
        )


@dataclass(frozen=True, slots=True)
class LineChange:
    """One charge before and after, minor units; 0 where it does not exist on a side."""

    payer: str
    external_id: str
    name: str
    description: str
    kind: str
    before_minor: int
    after_minor: int

    @property
    def difference_minor(self) -> int:
        """After less before."""
        return self.after_minor - self.before_minor


@dataclass(frozen=True, slots=True)
class WhatIf:
    """Both figures, and their lines side by side; cumulative for the period, nothing booked."""

    before: RunTotals
    after: RunTotals
    lines: tuple[LineChange, ...]


def unbooked(run: RunInput) -> RunInput:
    """The period's whole usage, as if no run had booked any of it, shared as it is invoiced.

    What customers have paid belongs to the months as they were, not to another way of charging.
    """
    segments = tuple(
        replace(part, terms=replace(part.terms, share_base=INVOICED)) for part in run.segments
    )
    return replace(
        run, segments=segments, booked_lines=(), booked_shares=(), opening_minor=0, paid_minor=0,
        carried=(), receipts=(),
    )  # fmt: skip


def what_if(
    run: RunInput, changes: Changes, *, partner_kind: str, card: RateCard | None = None
) -> WhatIf:
    """Rate a period as it was and as it would be. `card` prices kinds that had none so far.

    Raises what rating raises (BadTerms names the member that does not fit).
    """
    whole = unbooked(run)
    segments = tuple(_segment(part, changes, partner_kind, card) for part in whole.segments)
    lines: list[LineChange] = []
    last: tuple[ChargePart, ...] = ()
    # Both go through the same customers in the same parts: no side is ever whole.
    for last in zip(charged(whole), charged(replace(whole, segments=segments)), strict=True):
        lines += _compared(*(part.lines for part in last))
    before, after = (part.totals for part in last)
    if before is None or after is None:
        raise InvariantBroken("A month was rated without its totals.")
    return WhatIf(before, after, tuple(lines))


def _segment(
    part: SegmentTerms, changes: Changes, partner_kind: str, card: RateCard | None
) -> SegmentTerms:
    terms = _terms(part.terms, changes, partner_kind)
    retail = part.retail or (card if terms.bills_customers or _wholesale(terms) else None)
    return replace(part, terms=terms, retail=_priced(retail, changes.prices))


def _wholesale(terms: Terms) -> bool:
    return any(isinstance(one, Wholesale) for one in terms.components)


def _priced(card: RateCard | None, prices: Mapping[str, Decimal]) -> RateCard | None:
    if card is None:
        return None
    rates = tuple(
        replace(rate, unit_price=prices.get(rate.key, rate.unit_price)) for rate in card.rates
    )
    return replace(card, rates=rates)


def _terms(terms: Terms, changes: Changes, partner_kind: str) -> Terms:
    if changes.template is not None:
        given: dict[str, Any] = {
            name: value
            for name in ("share_bps", "base_yearly_minor", "unit_price", "factor_bps",
                         "minimum_minor", "tie")
            if (value := getattr(changes, name)) is not None
        }  # fmt: skip
        return agreement_terms(
            changes.template, partner_kind=partner_kind, currency=terms.currency,
            starts_at=terms.anchor_at, deal=Deal(**given),
        )  # fmt: skip
    components = _components(terms.components, changes)
    return check_terms(replace(terms, components=components, tie=changes.tie or terms.tie))


def _components(parts: Sequence[Component], changes: Changes) -> tuple[Component, ...]:
    """Each given value goes where the agreement has such a component; a fee may also be added."""
    found = [_component(part, changes) for part in parts]
    kinds = {type(part) for part in parts}
    if changes.base_yearly_minor and BaseFee not in kinds:
        found.insert(0, BaseFee(changes.base_yearly_minor))
    if changes.minimum_minor and Minimum not in kinds:
        found.append(Minimum(changes.minimum_minor))
    for value, kind, name in (
        (changes.share_bps, RevenueShare, Said("share of revenue")),
        (changes.unit_price, PerUnit, Said("price per cached request")),
        (changes.factor_bps, Wholesale, Said("wholesale factor")),
    ):
        if value is not None and kind not in kinds:
            raise BadTerms(
                Said(
                    "This agreement has no %(name)s: choose another kind of deal as well.",
                    name=name,
                )
            )
    return tuple(found)


def _component(part: Component, changes: Changes) -> Component:
    if isinstance(part, RevenueShare) and changes.share_bps is not None:
        return RevenueShare(changes.share_bps)
    if isinstance(part, BaseFee) and changes.base_yearly_minor is not None:
        return replace(part, yearly_minor=changes.base_yearly_minor)
    if isinstance(part, Minimum) and changes.minimum_minor is not None:
        return Minimum(changes.minimum_minor)
    if isinstance(part, Wholesale) and changes.factor_bps is not None:
        return replace(part, factor_bps=changes.factor_bps)
    if isinstance(part, PerUnit) and changes.unit_price is not None:
        old = part.rate
        return PerUnit(Rate(old.key, old.meter, PER_UNIT, changes.unit_price, where=old.where))
    return part


def _compared(before: Sequence[RatedLine], after: Sequence[RatedLine]) -> list[LineChange]:
    """Lines of both sides joined by payer, customer, kind and rate, in their order."""
    sums: dict[_Key, list[int]] = {}
    shown: dict[_Key, RatedLine] = {}
    for side, lines in enumerate((before, after)):
        for line in lines:
            key = (line.payer, line.external_id, line.kind, line.rate_key)
            sums.setdefault(key, [0, 0])[side] += line.rounded_minor
            shown.setdefault(key, line)
    return [
        LineChange(line.payer, line.external_id, line.name, line.description, line.kind, *sums[key])
        for key, line in shown.items()
    ]
