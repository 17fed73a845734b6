"""POST /api/overflow/feedback: a hit was wrong, or nobody used it. It goes off the bill.

A wrong hit's entry goes as well, and a semantic one counts against the budget. An unused hit (a
hedge that lost, an answer that came too late) says nothing about its entry.

The correction is an event of its own; the recorder finds the hit it speaks of (`rules.corrections`)
and counts it once, however often it is sent.
"""

import uuid
from dataclasses import dataclass
from typing import Any

import orjson

from cache_api.hot import admit, judging, marks, members, notes, work
from cache_api.hot.admit import Caller
from cache_api.hot.keyring import KEY_PREFIX, Scope
from cache_api.hot.marks import Stamp, Subject
from cache_api.hot.members import Common
from cache_api.hot.notes import Note
from cache_api.hot.problems import Problem
from cache_api.hot.selectors import Wanted
from cache_api.hot.steps import CACHE, TIER, Answer, Asked, Command, Replies, Run
from cache_api.hot.targets import Targets
from cache_api.hot.verbs.purge import Purge
from cache_api.hot.work import BY_DIGEST, DEL, EVENT
from cache_api.rules import corrections

Learned = tuple[tuple[bytes, bytes], ...]
REMEMBER_MS = 7 * 86_400_000
WRONG, UNUSED = "wrong", "unused"


def remember(subject: Subject, scope: Scope, event_id: uuid.UUID, note: Note) -> Command:
    """The command that lets feedback on this event find its entry, for seven days.

    For semantic hits, whose request does not lead to the entry; run it on the cache lane.
    """
    key = subject.who.ring.entry_key(scope, EVENT, event_id.bytes)
    return notes.noting(subject, scope, key, note, REMEMBER_MS)


def begin(who: Caller, asked: Asked) -> Run | Answer:
    """Find the entry that answered. Raises Problem."""
    common = _common(asked)
    customer = admit.customer_of(who, common.customer_id)
    event_id = _event_id(common.body)
    scope = work.scope_of(who, customer, common)
    subject = Subject(who, customer, common, "feedback", str(event_id), "", "", asked.now_ms)
    targets = Targets(who, scope)
    if common.cache_key is not None:
        targets.name_cache_key(common.cache_key)
    if common.original_request is not None:
        targets.name_request(common.original_request)
    entry_id = members.text(common.body, "entry_id", members.MAX_LABEL)
    if entry_id is not None:
        targets.name_key(_entry_key(entry_id))
    if _is_unused(common.body):
        return Run([], Unused(subject, event_id))
    event_key = who.ring.entry_key(scope, EVENT, event_id.bytes)
    return Feedback(subject, event_id, targets, event_key).look()


@dataclass(slots=True)
class Unused:
    """Feedback that only takes a hit off the bill: nothing is read."""

    subject: Subject
    event_id: uuid.UUID

    def conclude(self, replies: Replies, stamp: Stamp, elapsed_us: int) -> Answer:
        """The answer; its event is the correction."""
        return _accepted(self.subject, stamp, self.event_id, evicted=0, unused=True)


@dataclass(slots=True)
class Feedback:
    """Feedback on its way: the entry is looked for, then purged by its key."""

    subject: Subject
    event_id: uuid.UUID
    targets: Targets
    event_key: bytes  # where semantic matching may have noted the entry
    is_noted_read: bool = False
    note: Note | None = None  # what was noted of the semantic hit
    purge: Purge | None = None

    def look(self) -> Run:
        """What lies where the caller pointed, and what was noted of the event."""
        noted = [] if self.is_noted_read else [(work.GET, self.event_key)]
        return Run([*noted, *self.targets.reads()], self)

    def conclude(self, replies: Replies, stamp: Stamp, elapsed_us: int) -> Run | Answer:
        """Read on, purge, or answer. Raises Problem."""
        if self.purge is not None:
            return self._purging(self.purge.conclude(replies, stamp, elapsed_us), stamp, elapsed_us)
        if replies is None:
            raise Problem("overloaded", "The cache store does not answer; send it again.")
        self._take(list(replies))
        if self.targets.reads():
            return self.look()
        further = self.targets.tier_reads()
        if further:
            return Run(further, self, TIER)
        evicted = self._to_evict()
        if not evicted.found:
            return self._learn(0, (), stamp, elapsed_us)
        who = self.subject.who
        wanted = Wanted(self.subject.customer, None, {"event_id": str(self.event_id)})
        self.purge = Purge(who, wanted, self.subject.now_ms, targets=evicted)
        return self._purging(self.purge.write_down(), stamp, elapsed_us)

    def _take(self, replies: list[Any]) -> None:
        who, scope = self.subject.who, self.targets.scope
        if not self.is_noted_read:
            sealed, alarms = replies.pop(0), self.targets.alarms
            self.note = notes.noted(who, scope, self.event_key, sealed, alarms)
            self.is_noted_read = True
            self.targets.take(replies)
            if self.note is not None:
                self.targets.name(BY_DIGEST, self.note.digest)
            return
        self.targets.take(replies)

    def _to_evict(self) -> Targets:
        """The entries that were there when the hit was answered; a later one is another answer."""
        at_ms = self.event_id.int >> 80
        chosen = Targets(self.subject.who, self.targets.scope)
        for key, entry in self.targets.entries().items():
            if entry.meta.created_at_ms <= at_ms:
                chosen.found[key] = entry
        return chosen

    def _purging(self, step: Run | Answer, stamp: Stamp, elapsed_us: int) -> Run | Answer:
        purge = self.purge
        assert purge is not None
        if type(step) is Run:
            step.work = self
            return step
        assert type(step) is Answer
        assert purge.targets is not None
        return self._learn(len(purge.targets.found), step.learned, stamp, elapsed_us)

    def _learn(self, evicted: int, learned: Learned, stamp: Stamp, elapsed_us: int) -> Run | Answer:
        """A semantic hit that was wrong counts against the budget, once; then the answer."""

        def then(stamp: Stamp, elapsed_us: int) -> Answer:
            answer = self._answer(stamp, evicted)
            answer.learned = learned
            return answer

        if self.note is None:
            return then(stamp, elapsed_us)
        bps = self.note.similarity_bps
        judged = judging.judgement(self.subject, bps, right=False, then=then)
        return then(stamp, elapsed_us) if judged is None else judged.run()

    def _answer(self, stamp: Stamp, evicted: int) -> Answer:
        forget: list[Command] = [(DEL, self.event_key)]  # told again, it counts no more
        later = () if self.note is None else ((CACHE, forget),)
        return _accepted(self.subject, stamp, self.event_id, evicted=evicted, unused=False,
                         later=later, **self.targets.alarm())  # fmt: skip


def _accepted(
    subject: Subject, stamp: Stamp, hit_id: uuid.UUID, *, evicted: int, unused: bool, **more: Any
) -> Answer:
    reason = corrections.said(hit_id, unused=unused)
    event = marks.event(subject, stamp, None, outcome="unmatched", reason=reason)
    told = {
        "accepted": True, "event_id": str(hit_id), "evicted": evicted,
        "correction_id": str(event.event_id),
    }  # fmt: skip
    return Answer(202, orjson.dumps(told), events=(marks.mark(event),), **more)


def _common(asked: Asked) -> Common:
    """Like a lookup's, but what was asked need not be sent again."""
    value = members.document(asked.body, asked.headers)
    common = members.common(value, asked.headers)
    asked.request_id = common.request_id
    if value.get("reason") not in (None, WRONG, UNUSED):
        raise Problem("invalid-request", "reason must be wrong or unused.", pointer="/reason")
    if _is_unused(value) and value.get("correct") is not None:
        raise Problem(
            "invalid-request", "Leave correct out: an unused hit is neither right nor wrong.",
            pointer="/correct",
        )  # fmt: skip
    if not _is_unused(value) and value.get("correct") is not False:
        raise Problem(
            "invalid-request", "correct must be false: right hits are not reported.",
            pointer="/correct",
        )  # fmt: skip
    return common


def _is_unused(body: dict[str, Any]) -> bool:
    return body.get("reason") == UNUSED


def _event_id(body: dict[str, Any]) -> uuid.UUID:
    given = members.text(body, "event_id", 36)
    try:
        event_id = uuid.UUID(given or "")
    except ValueError:
        event_id = uuid.UUID(int=0)
    if event_id.version != 7:
        raise Problem(
            "invalid-request", "event_id must be a hit's billing.event_id.", pointer="/event_id"
        )
    return event_id


def _entry_key(entry_id: str) -> bytes:
    if not work.is_digest(entry_id):
        raise Problem("invalid-request", "entry_id must be a hit's entry.id.", pointer="/entry_id")
    return KEY_PREFIX + bytes.fromhex(entry_id)
