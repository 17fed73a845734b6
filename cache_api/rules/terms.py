"""Terms: which region is the home, one after another, and how many must agree. Pure.

A term begins when a person promotes a region. Its home keeps its right to number purges and to
answer for as long as enough other regions follow it, and a new term begins only with the consent of
so many regions that the old home can no longer have enough: whoever was cut off stops by itself.
"""

from collections.abc import Iterable

import msgspec

START = "0-0"
# Purge numbers of a term begin beyond all numbers of the terms before it.
NUMBERS = 2**32


class Term(msgspec.Struct, frozen=True):
    """`home:term`, the same in every region; none is written before the first promotion.

    `opened`: false while promotion is under way; nobody follows anybody then. `before`: the home
    until this term, while it is not opened. `parted`: by term,
    the last entry of the purge log that it took over from the one before: what other regions have
    beyond it was never followed. `since_ms`: from when, by the home's clock, purges are numbered.
    `dropped`: purges may have been lost, so every region forgets all entries.
    """

    epoch: int
    home: str
    opened: bool = True
    before: str = ""
    parted: dict[str, str] = {}
    since_ms: int = 0
    dropped: bool = False

    def parted_after(self, epoch: int) -> str:
        """Up to where a region's log is everybody's, if it conforms to the term `epoch`."""
        later = [log_id for number, log_id in self.parted.items() if int(number) > epoch]
        return min(later, key=place, default=START)


def quorum(regions: int) -> int:
    """How many other regions must follow a home. Of two none: each must be able to be alone."""
    return regions // 2 if regions > 2 else 0


def consent(regions: int) -> int:
    """How many regions beside the old home must take a new term, so that it has no quorum left."""
    return regions - quorum(regions)


def place(log_id: str) -> tuple[int, int]:
    """An id of the log, to be compared."""
    milliseconds, _, number = log_id.partition("-")
    return int(milliseconds), int(number or 0)


class Witness(msgspec.Struct, frozen=True, array_like=True):
    """A region's word that it follows the home of a term: through when (home's clock), what."""

    epoch: int
    through_ms: int
    position: str


def held_until_ms(witnesses: Iterable[Witness], epoch: int, needed: int, lasts_ms: int) -> int:
    """Until when (home's clock) a home may act as one; 0 when too few follow. None needed: -1."""
    if not needed:
        return -1
    through = sorted([one.through_ms for one in witnesses if one.epoch == epoch], reverse=True)
    return through[needed - 1] + lasts_ms if len(through) >= needed else 0


def have_followed(witnesses: Iterable[Witness], epoch: int, log_id: str) -> int:
    """How many regions have taken over the log through `log_id`."""
    return sum(one.epoch == epoch and place(one.position) >= place(log_id) for one in witnesses)
