"""What the soak came to: lost, doubled, and whether it passed. Pure."""

from collections.abc import Mapping, Set
from dataclasses import dataclass
from uuid import UUID

from cache_api.rules.corrections import correction_id


@dataclass(frozen=True)
class Told:
    """What clients were promised: event ids, corrections (hit → id), ids told twice, and how many
    events requests can have left whose answer never came."""

    events: Set[UUID]
    corrections: Mapping[UUID, UUID]
    twice: int
    may_be_recorded: int


@dataclass(frozen=True)
class Outcome:
    """`lost`: promised, not recorded. `doubled`: recorded or promised more often than asked for."""

    lost: tuple[UUID, ...]
    doubled: int
    recorded: int
    unanswered: int  # recorded events whose answer was cut off: the process died after the append

    @property
    def passed(self) -> bool:
        """Nothing lost, nothing doubled."""
        return not self.lost and self.doubled == 0


def judge(told: Told, rows: Mapping[UUID, int], unmatched: Set[UUID] = frozenset()) -> Outcome:
    """`rows`: event id → how many rows have it, of all that was recorded since the start.

    A correction is recorded under an id that follows from its hit; feedback whose hit is unknown,
    under the one that was told, and then it is `unmatched` and counts nothing: when its hit comes
    later, out of a spool, the correction comes with it. What nobody was promised must come from an
    answer that was cut off.
    """
    lost = [event for event in told.events if event not in rows]
    known = set(told.events)
    for hit, named in told.corrections.items():
        both = {correction_id(hit), named}
        known |= both
        if not both & rows.keys():
            lost.append(named)
    unanswered = sum(event not in known for event in rows)
    doubled = told.twice + sum(count - 1 for count in rows.values())
    doubled += sum({correction_id(hit), named} <= rows.keys() and named not in unmatched
                   for hit, named in told.corrections.items())  # fmt: skip
    doubled += max(0, unanswered - told.may_be_recorded)
    return Outcome(tuple(lost), doubled, sum(rows.values()), unanswered)
