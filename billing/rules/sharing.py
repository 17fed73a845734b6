"""Revenue share: split once per customer document and agreement version, never per line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from billing.rules.errors import InvariantBroken
from billing.rules.groups import Group
from billing.rules.inputs import BookedShare
from billing.rules.lines import CUSTOMER, RatedLine
from billing.rules.splits import PARTNER, allocate, split_share
from billing.rules.terms import Terms


@dataclass(frozen=True, slots=True)
class CustomerShare:
    """Cumulative split of one customer's net under one version, and what this run adds."""

    key: str
    customer_id: str
    version_id: str
    partner_bps: int
    base_minor: int
    partner_minor: int
    platform_minor: int
    delta_base_minor: int
    delta_partner_minor: int
    delta_platform_minor: int
    collects: str

    def delta_of(self, side: str) -> int:
        """What this run adds to one side, in minor units."""
        return self.delta_partner_minor if side == PARTNER else self.delta_platform_minor


def share_key(customer_id: str, version_id: str) -> str:
    """The stable key of a share within (agreement, period)."""
    return f"share:{customer_id}/{version_id}"


def _share(
    customer_id: str, version_id: str, terms: Terms, base_minor: int, booked: BookedShare | None
) -> CustomerShare:
    key = share_key(customer_id, version_id)
    part = split_share(base_minor, terms.partner_share_bps, terms.tie)
    before = booked or BookedShare(key, 0, 0, 0)
    if before.partner_minor + before.platform_minor != before.base_minor:
        raise InvariantBroken(f"The booked share {key} does not sum to its base.")
    return CustomerShare(
        key,
        customer_id,
        version_id,
        terms.partner_share_bps,
        base_minor,
        part.partner_minor,
        part.platform_minor,
        base_minor - before.base_minor,
        part.partner_minor - before.partner_minor,
        part.platform_minor - before.platform_minor,
        terms.collects,
    )


def customer_shares(
    lines: Sequence[RatedLine], groups: Sequence[Group], booked: Mapping[str, BookedShare]
) -> tuple[CustomerShare, ...]:
    """One share per (customer, version) that shares revenue, over the rounded cumulative net.

    Proof-of-concept lines net to zero and so carry no share. Raises InvariantBroken when a
    booked share does not sum.
    """
    terms = {group.version_id: group.terms for group in groups if group.terms.shares_revenue}
    bases: dict[tuple[str, str], int] = {}
    for line in lines:
        if line.payer == CUSTOMER and line.customer_id and line.version_id in terms:
            found = (line.customer_id, line.version_id)
            bases[found] = bases.get(found, 0) + line.rounded_minor
    return tuple(
        _share(
            customer_id,
            version_id,
            terms[version_id],
            base,
            booked.get(share_key(customer_id, version_id)),
        )
        for (customer_id, version_id), base in sorted(bases.items())
    )


def spread(amount_minor: int, lines: Sequence[RatedLine]) -> dict[str, int]:
    """Show a share by line: allocated over the lines' amounts; the parts sum to the share.

    When the lines cancel out, the first line in order carries a remaining unit.
    """
    weights = {line.key: line.amount_minor for line in lines}
    if not weights:
        return {}
    if sum(weights.values()) == 0:
        first = min(weights)
        return {key: amount_minor if key == first else 0 for key in weights}
    return allocate(amount_minor, weights)
