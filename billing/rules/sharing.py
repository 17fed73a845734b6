"""Revenue share: split once per customer document and agreement version, never per line."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

from billing.rules.cycles import round_fraction
from billing.rules.errors import InvariantBroken
from billing.rules.facts import Receipt
from billing.rules.groups import Group
from billing.rules.inputs import COLLECTED_KEY, FEES_KEY, SHARE_KEY, BookedShare
from billing.rules.lines import CUSTOMER, RatedLine
from billing.rules.splits import PARTNER, PLATFORM, allocate, split_share
from billing.rules.terms import TAX, Terms


@dataclass(frozen=True, slots=True)
class CustomerShare:
    """Cumulative split of one customer's net under one version, and what this run adds.

    `tax_minor`: the part of `base_minor` that is tax, where terms share that too.
    """

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
    # Not in the fingerprint of a result: those from before it existed stay as they are.
    tax_minor: int = field(default=0, repr=False)

    def delta_of(self, side: str) -> int:
        """What this run adds to one side, in minor units."""
        return self.delta_partner_minor if side == PARTNER else self.delta_platform_minor


def share_key(customer_id: str, version_id: str) -> str:
    """The stable key of a share within (agreement, period)."""
    return f"{SHARE_KEY}{customer_id}/{version_id}"


def _cumulative(
    key: str,
    owner: tuple[str, str],
    base_minor: int,
    split: tuple[int, str],
    booked: BookedShare | None,
    collects: str = PLATFORM,
    tax_minor: int = 0,
) -> CustomerShare:
    part = split_share(base_minor, *split)
    before = booked or BookedShare(key, 0, 0, 0)
    if before.partner_minor + before.platform_minor != before.base_minor:
        raise InvariantBroken(f"The booked share {key} does not sum to its base.")
    return CustomerShare(
        key,
        *owner,
        split[0],
        base_minor,
        part.partner_minor,
        part.platform_minor,
        base_minor - before.base_minor,
        part.partner_minor - before.partner_minor,
        part.platform_minor - before.platform_minor,
        collects,
        tax_minor,
    )


def _shared_tax(nets: Mapping[Decimal, int], terms: Terms) -> int:
    """The tax on nets that is shared too, rounded half up once a rate; 0 where it is taken off."""
    if TAX in terms.deductions:
        return 0
    return sum(round_fraction(Fraction(percent) * net / 100) for percent, net in nets.items())


def _untaxed(_line: RatedLine) -> Decimal:
    return Decimal(0)


def share_order(share: CustomerShare) -> tuple[str, str]:
    """By customer, then by agreement version."""
    return share.customer_id, share.version_id


def customer_shares(
    lines: Sequence[RatedLine],
    groups: Sequence[Group],
    booked: Mapping[str, BookedShare],
    *,
    uncollected: bool = False,
    percent_of: Callable[[RatedLine], Decimal] = _untaxed,
) -> tuple[CustomerShare, ...]:
    """One share per (customer, version) that shares revenue, over the rounded cumulative net.

    Versions that share what is collected have none here (see `collected_shares`), unless
    `uncollected` asks what the whole invoice would be split into. `percent_of`: the tax that
    a line carries on its document, for terms that share it too.

    Proof-of-concept lines net to zero and so carry no share. Raises InvariantBroken when a
    booked share does not sum.
    """
    terms = {
        group.version_id: group.terms
        for group in groups
        if group.terms.shares_revenue and (uncollected or not group.terms.shares_receipts)
    }
    bases: dict[tuple[str, str], dict[Decimal, int]] = {}
    for line in lines:
        if line.payer == CUSTOMER and line.customer_id and line.version_id in terms:
            nets = bases.setdefault((line.customer_id, line.version_id), {})
            percent = percent_of(line)
            nets[percent] = nets.get(percent, 0) + line.rounded_minor
    shares = []
    for (customer_id, version_id), nets in sorted(bases.items()):
        agreed, key = terms[version_id], share_key(customer_id, version_id)
        net, tax = sum(nets.values()), _shared_tax(nets, agreed)
        split = agreed.partner_share_bps, agreed.tie
        owner = customer_id, version_id
        shares.append(
            _cumulative(key, owner, net + tax, split, booked.get(key), agreed.collects, tax)
        )
    return tuple(shares)


def collected_minor(receipt: Receipt) -> int:
    """The part of an invoice's shared money that is paid so far, less what was paid back and is
    open again, rounded once; never beyond what the invoice still claims."""
    if receipt.gross_minor <= 0:
        return 0
    claimed = max(receipt.gross_minor - receipt.credited_minor, 0)
    paid = min(max(receipt.paid_minor, 0), claimed) - receipt.reopened_minor
    shared = receipt.base_minor + receipt.tax_minor
    return round_fraction(Fraction(shared) * paid / receipt.gross_minor)


def fees_key(receipt: Receipt) -> str:
    """The key under which the fees of an invoice's payments are shared."""
    return FEES_KEY + receipt.key.removeprefix(COLLECTED_KEY)


def collected_shares(
    receipts: Sequence[Receipt], booked: Mapping[str, BookedShare]
) -> tuple[CustomerShare, ...]:
    """The share of what was paid, then of its fees: cumulative by invoice, less what was shown."""
    shares = []
    for receipt in sorted(receipts, key=lambda one: one.key):
        owner, split = (receipt.customer_id, receipt.version_id), (receipt.partner_bps, receipt.tie)
        for key, base in ((receipt.key, collected_minor(receipt)),
                          (fees_key(receipt), -receipt.fee_minor)):  # fmt: skip
            share = _cumulative(key, owner, base, split, booked.get(key))
            if share.delta_base_minor or share.delta_partner_minor:
                shares.append(share)
    return tuple(shares)


def fees_minor(shares: Sequence[CustomerShare]) -> int:
    """The payment fees that a run takes off the customers' money, in minor units."""
    return -sum(share.delta_base_minor for share in shares if share.key.startswith(FEES_KEY))


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
