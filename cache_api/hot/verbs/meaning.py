"""The last place a lookup goes on to: an answer to the same question in other words.

Embed the question, read its partition's shelf, take the nearest that pass every guard, and look
for their answers as any entry is looked for. Whatever does not answer in time was nothing.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cache_api.hot import judging, shelves, work
from cache_api.hot.marks import Stamp
from cache_api.hot.notes import Note
from cache_api.hot.shelves import Record, Shelf
from cache_api.hot.steps import CACHE, EMBEDDER, EVENTS, Answer, Replies, Run
from cache_api.hot.work import BY_DIGEST, EMBED, NEAREST
from cache_api.rules.identity import Identity
from cache_api.rules.semantic import budget, eligible, guards
from cache_api.rules.semantic.budget import State
from cache_api.rules.semantic.features import features
from cache_api.rules.semantic.policy import Policy, bps_of

if TYPE_CHECKING:
    from cache_api.hot.verbs.lookup import Lookup

CANDIDATES, TRIES = 8, 3
Stage = Callable[["Replies", Stamp, int], Run | Answer]


def by_meaning(lookup: "Lookup") -> Run | None:
    """The first step, or the next candidate; None where there is nothing (more) to try."""
    if lookup.meaning is None:
        lookup.meaning = _begun(lookup)
        return None if lookup.meaning is None else lookup.meaning.embed()
    return lookup.meaning.next()


def _begun(lookup: "Lookup") -> "Meaning | None":
    policy, common = lookup.subject.who.semantic, lookup.subject.common
    if policy is None or lookup.fingerprint is None or common.controls.mode == "exact":
        return None
    if lookup.miss_reason == "unavailable":
        return None  # the shelf is where nothing answers
    found = work.identify(common)
    if eligible.refusal(found, policy.max_temperature) is not None:
        return None
    return Meaning(lookup, policy, found, lookup.miss_reason)


@dataclass(slots=True)
class Meaning:
    """A lookup that waits for a question like its own."""

    lookup: "Lookup"
    policy: Policy
    found: Identity
    reason: str  # why the exact lookup missed
    stage: Stage | None = None
    vector: bytes = b""
    key: bytes = b""
    shelf: Shelf = field(default_factory=Shelf)
    alive: list[Record] = field(default_factory=list)
    candidates: list[tuple[Record, int]] = field(default_factory=list)
    chosen: tuple[Record, int] | None = None  # whose answer is being looked for; its similarity
    state: State | None = None

    def conclude(self, replies: Replies, stamp: Stamp, elapsed_us: int) -> Run | Answer:
        """The stage's next step; no answer in time is an ordinary miss."""
        assert self.stage is not None
        if replies is None:
            return self.lookup.missed(stamp, elapsed_us)
        return self.stage(replies, stamp, elapsed_us)

    def embed(self) -> Run:
        """Ask the model for the question's vector."""
        text = eligible.text_of(self.found).encode()
        return self._run(self._embedded, EMBEDDER, (EMBED, text))

    def next(self) -> Run | None:
        """Look for the next candidate's answer."""
        lookup = self.lookup
        lookup.miss_reason = self.reason
        self.chosen = None
        if not self.candidates:
            return None
        self.chosen = self.candidates.pop(0)
        record, lookup.subject.similarity_bps = self.chosen
        key = lookup.subject.who.ring.entry_key(lookup.scope, BY_DIGEST, record.digest.encode())
        lookup.looked, lookup.tried, lookup.brought = [(BY_DIGEST, record.digest, key)], 0, []
        return lookup.run()

    def note(self) -> Note:
        """What is to be remembered of the chosen hit."""
        assert self.chosen is not None
        record, similarity_bps = self.chosen
        return Note(record.digest, similarity_bps)

    def withholds(self, event_id: uuid.UUID) -> bool:
        """Whether the chosen hit is not served but judged."""
        assert self.chosen is not None
        assert self.state is not None
        return budget.is_shadow(self.policy, self.state, event_id, self.chosen[1])

    def _run(self, stage: Stage, where: str, *commands: tuple[bytes, ...]) -> Run:
        self.stage = stage
        return Run(list(commands), self, where)

    def _embedded(self, replies: Replies, stamp: Stamp, elapsed_us: int) -> Run | Answer:
        assert replies is not None
        if replies[0] is None:
            return self.lookup.missed(stamp, elapsed_us)
        model, self.vector = replies[0]
        subject, scope = self.lookup.subject, self.lookup.scope
        asked = eligible.question(self.found, model)
        self.key = shelves.key_of(subject.who, scope, asked.partition)
        self.shelf = shelves.known(subject.who, self.key)
        return self._read()

    def _read(self) -> Run:
        return self._run(self._came, CACHE, shelves.read(self.key, self.shelf))

    def _came(self, replies: Replies, stamp: Stamp, elapsed_us: int) -> Run | Answer:
        assert replies is not None
        page, lookup = replies[0] or [], self.lookup
        who, scope = lookup.subject.who, lookup.scope
        self.shelf = shelves.extended(who, scope, self.key, self.shelf, page, lookup.alarms)
        if len(page) == shelves.PAGE:
            return self._read()
        now_ms = lookup.subject.now_ms
        self.alive = [one for one in self.shelf.records if one.expires_at_ms > now_ms]
        if not self.alive:
            return lookup.missed(stamp, elapsed_us)
        wanted = lookup.subject.common.controls.min_similarity
        least = max(self.policy.floor_bps(0), bps_of(wanted))
        vectors = [one.vector for one in self.alive]
        command = (NEAREST, self.vector, b"%d" % least, b"%d" % CANDIDATES, *vectors)
        return self._run(self._near, EMBEDDER, command)

    def _near(self, replies: Replies, stamp: Stamp, elapsed_us: int) -> Run | Answer:
        assert replies is not None
        found = [(self.alive[place], bps) for place, bps in replies[0] or []]
        asked = features(eligible.text_of(self.found))
        passed = [
            (one, bps) for one, bps in found if guards.tripped(features(one.text), asked) is None
        ]
        self.candidates = passed[:TRIES]
        if not passed:
            self.reason = "guarded" if found else self.reason
            self.lookup.miss_reason = self.reason
            return self.lookup.missed(stamp, elapsed_us)
        return self._run(self._learnt, EVENTS, judging.reading(self.lookup.subject))

    def _learnt(self, replies: Replies, stamp: Stamp, elapsed_us: int) -> Run | Answer:
        assert replies is not None
        self.state = judging.state_of(self.policy, replies[0])
        return self.next() or self.lookup.missed(stamp, elapsed_us)
