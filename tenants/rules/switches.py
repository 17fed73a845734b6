"""What operators can turn off: which switches there are, whom one may mean, and for how long. Pure.

Each is a stored fact with a reason, a person and a time; the paths that it stops read the fact.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from tenants.rules.sayings import Said

SEMANTIC_OFF = "semantic_off"
REGION_DRAINED = "region_drained"
READ_ONLY = "read_only"
PAYOUTS_HELD = "payouts_held"
LONGEST = timedelta(days=90)
REASON_LENGTH = 300


@dataclass(frozen=True)
class Reach:
    """Whom a switch of a kind may mean: one partner, all of them, or one region."""

    partner: bool = False
    everybody: bool = False
    region: bool = False


KINDS: dict[str, Reach] = {
    SEMANTIC_OFF: Reach(partner=True, everybody=True),
    REGION_DRAINED: Reach(region=True),
    READ_ONLY: Reach(partner=True),
    PAYOUTS_HELD: Reach(partner=True, everybody=True),
}


class BadSwitch(ValueError):
    """A switch that makes no sense; the text says what to give."""


def check(
    *, kind: str, partner_id: uuid.UUID | None, region: str, reason: str,
    until: datetime | None, now: datetime,
) -> None:  # fmt: skip
    """Raises BadSwitch: unknown kind, somebody it cannot mean, no reason, an end that is past."""
    reach = KINDS.get(kind)
    if reach is None:
        raise BadSwitch(
            Said(
                "There is no switch %(kind)s; there are %(kinds)s.",
                kind=f"{kind!r}",
                kinds=", ".join(KINDS),
            )
        )
    if bool(region) is not reach.region:
        raise BadSwitch("Name the region." if reach.region else "This switch has no region.")
    if partner_id is not None and not reach.partner:
        raise BadSwitch(Said("This switch means no partner."))
    if partner_id is None and not (reach.everybody or reach.region):
        raise BadSwitch(Said("Name the partner: this switch cannot mean all of them."))
    if not reason.strip() or len(reason) > REASON_LENGTH:
        raise BadSwitch(
            Said("Say why, in at most %(reason_length)s characters.", reason_length=REASON_LENGTH)
        )
    if until is not None and not now < until <= now + LONGEST:
        raise BadSwitch(
            Said("The end must lie ahead, by %(days)s days at most.", days=LONGEST.days)
        )


def hot_value(on: list[tuple[str, uuid.UUID | None, str]]) -> dict[str, list[str]] | None:
    """What edges are told of the switches in force (kind, partner, region); None for nothing."""
    off = {"*" if partner is None else str(partner) for kind, partner, _ in on
           if kind == SEMANTIC_OFF}  # fmt: skip
    drained = {region for kind, _, region in on if kind == REGION_DRAINED}
    if not off and not drained:
        return None
    return {"semantic_off": sorted(off), "drained": sorted(drained)}
