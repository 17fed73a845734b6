"""Revenue share: split once per customer document and agreement version, never per line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from billing.rules.cycles import round_fraction
from billing.rules.errors import InvariantBroken
from billing.rules.facts import Receipt
from billing.rules.groups import Group
from billing.rules.inputs import BookedShare
from billing.rules.lines import CUSTOMER, RatedLine
from billing.rules.splits import PARTNER, PLATFORM, allocate, split_share
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
    lines: Sequence[RatedLine],
    groups: Sequence[Group],
    booked: Mapping[str, BookedShare],
    *,
    uncollected: bool = False,
) -> tuple[CustomerShare, ...]:
    """One share per (customer, version) that shares revenue, over the rounded cumulative net.

    Versions that share what is collected have none here (see `collected_shares`), unless
    `uncollected` asks what the whole invoice would be split into.

    Proof-of-concept lines net to zero and so carry no share. Raises InvariantBroken when a
    booked share does not sum.
    """
    terms = {
        group.version_id: group.terms
        for group in groups
        if group.terms.shares_revenue and (uncollected or not group.terms.shares_receipts)
    }
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


def collected_minor(receipt: Receipt) -> int:
    """The part of an invoice's shared net that is paid so far, rounded once; never beyond it."""
    if receipt.gross_minor <= 0:
        return 0
    paid = min(max(receipt.paid_minor, 0), receipt.gross_minor)
    return round_fraction(Fraction(receipt.base_minor) * paid / receipt.gross_minor)


def collected_shares(
    receipts: Sequence[Receipt], booked: Mapping[str, BookedShare]
) -> tuple[CustomerShare, ...]:
    """The share of what was paid: cumulative by invoice, less what earlier statements showed."""
    shares = []
    for receipt in sorted(receipts, key=lambda one: one.key):
        base = collected_minor(receipt)
        part = split_share(base, receipt.partner_bps, receipt.tie)
        before = booked.get(receipt.key, BookedShare(receipt.key, 0, 0, 0))
        share = CustomerShare(
            receipt.key,
            receipt.customer_id,
            receipt.version_id,
            receipt.partner_bps,
            base,
            part.partner_minor,
            part.platform_minor,
            base - before.base_minor,
            part.partner_minor - before.partner_minor,
            part.platform_minor - before.platform_minor,
            PLATFORM,
        )
        if share.delta_base_minor or share.delta_partner_minor:
            shares.append(share)
    return tuple(shares)


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
