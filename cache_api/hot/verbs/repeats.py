"""A hit that was told before, told again: the same request in the same bytes, and the same replies.

Only what was worked out is kept. The caller is admitted, counted and limited as ever, the store is
asked, and each answer has an event of its own; anything that is not as it was goes the whole way.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from cache_api.hot import answers
from cache_api.hot.admit import Caller
from cache_api.hot.facts import KeyFacts
from cache_api.hot.floors import Purges
from cache_api.hot.marks import Stamp
from cache_api.hot.memo import Memo
from cache_api.hot.steps import Answer, Asked, Command, Heard, Mark, Replies, Run
from cache_api.hot.telling import Lines, Telling
from cache_api.rules.event_bytes import Pattern
from tenants.rules import ids

# Lookups by what their reading depends on; with what was told (2 kB): about 3,000 requests.
asked_before: "Memo[Any]" = Memo(most_bytes=24 * 1024 * 1024, longest=48 * 1024)
Whole = Callable[[Caller, Asked, Replies, Stamp, int], Run | Answer]


class Told:
    """How a lookup was answered with a hit, and all that this depended on.

    That the request's bytes, its controls and the partner's facts are the same is known by where it
    is kept. `until_ms`: when the entry expires, or prices may change.
    """

    __slots__ = (
        "commands", "event", "key", "lines", "packed", "purges", "replies", "stamp", "tell",
        "until_ms",
    )  # fmt: skip

    def __init__(
        self,
        who: Caller,
        stamp: Stamp,
        until_ms: int,
        commands: list[Command],
        replies: Sequence[bytes | None],
        tell: Telling,
        lines: Lines,
        event: Pattern,
    ) -> None:
        self.key: KeyFacts = who.key
        self.purges: Purges | None = who.purges
        self.stamp, self.until_ms = stamp, until_ms
        self.commands, self.replies = commands, replies
        self.tell, self.lines, self.event = tell, lines, event
        self.packed = b""  # the commands as a door sends them, kept by that door

    def suits(self, who: Caller, now_ms: int) -> bool:
        """Whether it may be told to this caller now, if the store still has the same."""
        return (
            who.key is self.key
            and who.purges is self.purges
            and now_ms < self.until_ms
            and not who.lapsed
        )

    def holds(self, replies: Replies, stamp: Stamp) -> bool:
        """Whether the store still has the same."""
        return replies == self.replies and stamp is self.stamp

    def mark(self, elapsed_us: int) -> tuple[Mark, bytes]:
        """The new answer's event, and the event's id as text."""
        event_id, named = ids.uuid7_bytes()
        seq = self.stamp.next_seq()
        self.stamp.count("hit", "")
        return (seq, self.event.fill(event_id, seq, elapsed_us)), named


def told_before(who: Caller, heard: Heard, body: bytes) -> Told | None:
    """How this caller's lookup with these headers and this body was last answered, if with a hit.

    The caller of this looks after quotas, and after the trace that an answer repeats.
    """
    if who.is_drained or heard.key is not who.key or heard.partner is not who.partner:
        return None
    known = asked_before.get((heard.said, body))
    return None if known is None else known.told


@dataclass(slots=True)
class Repeat:
    """One such lookup on its way. `whole` concludes it where the replies are others."""

    told: Told
    who: Caller
    asked: Asked
    whole: Whole

    def conclude(self, replies: Replies, stamp: Stamp, elapsed_us: int) -> Run | Answer:
        """The same answer, with a new event; or what the new replies come to. Raises Problem."""
        told = self.told
        if not told.holds(replies, stamp):
            return self.whole(self.who, self.asked, replies, stamp, elapsed_us)
        mark, named = told.mark(elapsed_us)
        fields = told.lines.at(self.asked.now_ms, elapsed_us)
        answer = answers.told(told.tell, named, elapsed_us, fields)
        answer.events = (mark,)
        return answer
