"""What follows the store of an answer where the partner has semantic matching.

Its question goes on the shelf. And if a lookup of this very request was a withheld hit (a shadow),
what the caller's model said now judges it. Nothing here can fail the store.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cache_api.hot import judging, notes, shelves, work
from cache_api.hot.admit import Caller
from cache_api.hot.envelope import Entry
from cache_api.hot.keyring import Scope
from cache_api.hot.marks import Stamp, Subject
from cache_api.hot.notes import Note
from cache_api.hot.shelves import Record
from cache_api.hot.steps import CACHE, EMBEDDER, Answer, Command, Replies, Run
from cache_api.hot.work import BY_DIGEST, COMPARE, DEL, EMBED, GET, SHADOW
from cache_api.rules.identity import Identity
from cache_api.rules.semantic import eligible, judge

if TYPE_CHECKING:
    from cache_api.hot.verbs.store import Store

SHADOW_MS = 15 * 60_000  # what a model may take to answer, and more
Stage = Callable[["Replies", Stamp, int], Run | Answer]


def shadow(subject: Subject, scope: Scope, asked_digest: str, note: Note) -> Command:
    """The command that notes a withheld hit, so that the store of `asked_digest` judges it."""
    key = _shadow_key(subject.who, scope, asked_digest)
    return notes.noting(subject, scope, key, note, SHADOW_MS)


def of_store(store: "Store", found: Identity | None) -> "Shelving | None":
    """The work that follows a store, or None where there is none."""
    subject = store.subject
    policy = subject.who.semantic
    if policy is None or found is None or subject.common.controls.mode == "exact":
        return None
    if eligible.refusal(found, policy.max_temperature) is not None:
        return None
    return Shelving(store, found)


@dataclass(slots=True)
class Shelving:
    """A store that has been written, on its way to its answer."""

    store: "Store"
    found: Identity
    stage: Stage | None = None
    note: Note | None = None  # of the withheld hit

    def look(self) -> Command:
        """Whether there was a withheld hit; `take` gets the reply."""
        return (GET, self._shadow_key())

    def take(self, sealed: bytes | None) -> None:
        """The reply to `look`."""
        who, scope = self.store.subject.who, self.store.scope
        self.note = notes.noted(who, scope, self._shadow_key(), sealed, [])

    def begin(self, stamp: Stamp, elapsed_us: int, *, is_new: bool) -> Run | Answer:
        """The first step: a new answer's question goes on the shelf."""
        if not is_new:
            return self._judge(stamp, elapsed_us)
        text = eligible.text_of(self.found).encode()
        return self._run(self._embedded, EMBEDDER, (EMBED, text))

    def conclude(self, replies: Replies, stamp: Stamp, elapsed_us: int) -> Run | Answer:
        """The next step; what does not answer in time is left out."""
        assert self.stage is not None
        return self.stage(replies, stamp, elapsed_us)

    def _run(self, stage: Stage, where: str, *commands: Command) -> Run:
        self.stage = stage
        return Run(list(commands), self, where)

    def _embedded(self, replies: Replies, stamp: Stamp, elapsed_us: int) -> Run | Answer:
        store = self.store
        if replies is None or replies[0] is None or store.fingerprint is None:
            return self._judge(stamp, elapsed_us)
        (model, vector), who = replies[0], store.subject.who
        asked = eligible.question(self.found, model)
        record = Record(store.fingerprint, asked.text, vector, store.entry.meta.expires_at_ms)
        key = shelves.key_of(who, store.scope, asked.partition)
        commands = shelves.addition(who, store.scope, key, record, store.subject.now_ms)
        if not who.room.take_memory(len(commands[0][-1])):
            return self._judge(stamp, elapsed_us)
        return self._run(self._added, CACHE, *commands)

    def _added(self, replies: Replies, stamp: Stamp, elapsed_us: int) -> Run | Answer:
        return self._judge(stamp, elapsed_us)

    def _judge(self, stamp: Stamp, elapsed_us: int) -> Run | Answer:
        if self.note is None:
            return self.store.written(stamp, elapsed_us)
        commands = [(GET, self._withheld_key()), (DEL, self._shadow_key())]
        return self._run(self._compare, CACHE, *commands)

    def _compare(self, replies: Replies, stamp: Stamp, elapsed_us: int) -> Run | Answer:
        store, sealed = self.store, None if replies is None else replies[0]
        withheld = None
        if sealed is not None:
            key = self._withheld_key()
            withheld = work.opened(store.subject.who, store.scope, key, sealed, [])
        if type(withheld) is not Entry:
            return store.written(stamp, elapsed_us)
        one, other = judge.text_of(withheld.response), judge.text_of(store.entry.response)
        verdict = judge.agree(one, other)
        if verdict is not None:
            return self._learn(verdict, stamp, elapsed_us)
        leads = judge.lead(one).encode(), judge.lead(other).encode()
        return self._run(self._compared, EMBEDDER, (COMPARE, *leads))

    def _compared(self, replies: Replies, stamp: Stamp, elapsed_us: int) -> Run | Answer:
        if replies is None or replies[0] is None:
            return self.store.written(stamp, elapsed_us)  # not judged
        return self._learn(replies[0] >= judge.MIN_SIMILARITY_BPS, stamp, elapsed_us)

    def _learn(self, right: bool, stamp: Stamp, elapsed_us: int) -> Run | Answer:
        assert self.note is not None
        store, bps = self.store, self.note.similarity_bps
        learnt = judging.judgement(store.subject, bps, right=right, then=store.written)
        return store.written(stamp, elapsed_us) if learnt is None else learnt.run()

    def _shadow_key(self) -> bytes:
        store = self.store
        return _shadow_key(store.subject.who, store.scope, store.fingerprint or "")

    def _withheld_key(self) -> bytes:
        assert self.note is not None
        ring = self.store.subject.who.ring
        return ring.entry_key(self.store.scope, BY_DIGEST, self.note.digest.encode())


def _shadow_key(who: Caller, scope: Scope, digest: str) -> bytes:
    return who.ring.entry_key(scope, SHADOW, digest.encode())
