"""Whole minor units into parts that sum to the whole: largest remainder, contract tie rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from billing.rules.errors import BadTerms

WHOLE_BPS = 10_000
PARTNER, PLATFORM = "partner", "platform"


@dataclass(frozen=True, slots=True)
class Share:
    """The two sides of a split amount; they sum to it."""

    partner_minor: int
    platform_minor: int


def allocate(
    amount_minor: int, weights: Mapping[str, int], tie_order: Sequence[str] = ()
) -> dict[str, int]:
    """Split `amount_minor` by whole-number weights (negative ones allowed, sum not zero).

    Each part is its exact quota cut down, then single units go to the largest remainders.
    Equal remainders: first the keys in `tie_order`, then by key; never by list order.
    Parts sum to the amount. Raises BadTerms when the weights cannot carry the amount.
    """
    if any(type(weight) is not int for weight in (amount_minor, *weights.values())):
        raise BadTerms("Amounts and weights are whole numbers; scale fractions to integers first.")
    total = sum(weights.values())
    if amount_minor == 0:
        return dict.fromkeys(weights, 0)
    if total == 0:
        raise BadTerms(f"{amount_minor} cannot be split: the weights sum to zero.")
    # Cutting is toward minus infinity, so a negative amount is split as its mirror image.
    if amount_minor < 0:
        mirror = allocate(-amount_minor, weights, tie_order)
        return {key: -part for key, part in mirror.items()}
    sign = 1 if total > 0 else -1
    quotas = {
        key: divmod(amount_minor * weight * sign, abs(total)) for key, weight in weights.items()
    }
    rank = {key: index for index, key in enumerate(tie_order)}
    order = sorted(quotas, key=lambda key: (-quotas[key][1], rank.get(key, len(rank)), key))
    left = amount_minor - sum(quota for quota, _rest in quotas.values())
    raised = set(order[:left])
    return {key: quotas[key][0] + (key in raised) for key in weights}


def split_share(amount_minor: int, partner_bps: int, tie: str) -> Share:
    """Partner and platform parts of `amount_minor`; `tie` names who gets an exact half unit."""
    if type(partner_bps) is not int or not 0 <= partner_bps <= WHOLE_BPS:
        raise BadTerms(f"A share is 0 to 10000 basis points, not {partner_bps!r}.")
    if tie not in (PARTNER, PLATFORM):
        raise BadTerms(f"The tie rule is 'partner' or 'platform', not {tie!r}.")
    weights = {PARTNER: partner_bps, PLATFORM: WHOLE_BPS - partner_bps}
    parts = allocate(amount_minor, weights, (tie,))
    return Share(parts[PARTNER], parts[PLATFORM])
