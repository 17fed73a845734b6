"""A hit that was told before, told again: the same request in the same bytes, and the same replies.

Only what was worked out is kept. The caller is admitted, counted and limited as ever, the store is
asked, and each answer has an event of its own; anything that is not as it was goes the whole way.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cache_api.hot.admit import Caller
from cache_api.hot.answers import Telling
from cache_api.hot.facts import KeyFacts
from cache_api.hot.floors import Purges
from cache_api.hot.look import Lines
from cache_api.hot.marks import Stamp
from cache_api.hot.steps import Answer, Asked, Command, Replies, Run
from tenants.rules import ids

Whole = Callable[[Caller, Asked, Replies, Stamp, int], Run | Answer]


@dataclass(frozen=True, slots=True)
class Told:
    """How a lookup was answered with a hit, and all that this depended on.

    That the request's bytes, its controls and the partner's facts are the same is known by where it
    is kept. `until_ms`: when the entry expires, or prices may change.
    """

    key: KeyFacts
    purges: Purges | None
    stamp: Stamp
    until_ms: int
    commands: list[Command]
    replies: Sequence[bytes | None]
    tell: Telling
    lines: Lines
    event: Callable[[bytes, int, int], bytes]  # rules.events.pattern

    def suits(self, who: Caller, asked: Asked) -> bool:
        """Whether it may be told to this caller now, if the store still has the same."""
        return (
            who.key is self.key
            and who.purges is self.purges
            and asked.now_ms < self.until_ms
            and not who.lapsed
            and not asked.request_id  # it would have to be repeated
        )


@dataclass(slots=True)
class Repeat:
    """One such lookup on its way. `whole` concludes it where the replies are others."""

    told: Told
    who: Caller
    asked: Asked
    whole: Whole

    def conclude(self, replies: Replies, stamp: Stamp, elapsed_us: int) -> Run | Answer:
        """The same answer, with a new event; or what the new replies come to. Raises Problem."""
        told, now_ms = self.told, self.asked.now_ms
        if replies != told.replies or stamp is not told.stamp:
            return self.whole(self.who, self.asked, replies, stamp, elapsed_us)
        event_id, named = ids.uuid7_bytes()
        seq = stamp.next_seq()
        stamp.count("hit", "")
        answer = told.tell(named, elapsed_us)
        answer.fields = told.lines(now_ms, elapsed_us)
        answer.events = ((seq, told.event(event_id, seq, elapsed_us)),)
        return answer
