"""POST /api/overflow/store: look what is there, write, answer."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from cache_api.hot import answers, envelope, leases, marks, prompts, regions, stores, tier, work
from cache_api.hot.admit import Caller
from cache_api.hot.envelope import Alias, Entry
from cache_api.hot.keyring import Scope
from cache_api.hot.marks import Stamp, Subject
from cache_api.hot.members import Common
from cache_api.hot.problems import Problem
from cache_api.hot.prompts import Beginnings
from cache_api.hot.steps import CACHE, TIER, Answer, Asked, Command, Replies, Reply, Run
from cache_api.hot.verbs import shelving
from cache_api.hot.verbs.shelving import Shelving
from cache_api.hot.work import BY_DIGEST, BY_KEY, BY_MEANING, GET, SET, UNLINK
from cache_api.rules import digest, purging

IDEMPOTENT_S = b"86400"
DRAINED_S = 30


def begin(who: Caller, asked: Asked) -> Run | Answer:
    """Read the present entry and claim the Idempotency-Key, in one pipeline. Raises Problem."""
    if who.is_drained:
        raise Problem("overloaded", "This region takes no traffic now; nothing was stored.",
                      retry_after_s=DRAINED_S)  # fmt: skip
    common, customer = work.read(who, asked)
    found, fingerprint = None, None
    if common.original_request is not None:
        found = work.identify(common)
        try:
            fingerprint = digest.digest(found)
        except digest.NotCanonical as error:
            raise Problem("not-canonical", str(error), pointer="/original_request") from error
    scope = work.scope_of(who, customer, common)
    subject = work.subject_of(who, customer, common, "store", found, fingerprint, asked.now_ms)
    subject.request_id = asked.request_id
    response = stores.response_bytes(subject, found, asked.body)
    names = _names(common, fingerprint, work.meaning_of(common, found))
    entry_key, *other_keys = [
        who.ring.entry_key(scope, kind, text.encode()) for kind, text in names
    ]
    entry = Entry(stores.meta(subject, found, response), response)
    plan = Store(subject, scope, entry, fingerprint, entry_key, other_keys)
    plan.ttl_ms = stores.lifetime_ms(subject, entry_key, found)
    once = stores.idempotency(subject, scope, asked)
    if not common.controls.store:  # after all that may be wrong with the request
        fields = who.partner.look.problem("no_store")
        return Answer(200, answers.not_stored(subject), fields=fields)
    plan.prompt = prompts.of(subject, found, entry.meta.tokens)
    plan.shelving = shelving.of_store(plan, found)
    return plan.run(once)


def _names(common: Common, fingerprint: str | None, meaning: str | None) -> list[tuple[bytes, str]]:
    """What the entry is found under, the request's own digest first."""
    key = common.cache_key if common.cache_key != fingerprint else None
    named = ((BY_DIGEST, fingerprint), (BY_KEY, key), (BY_MEANING, meaning))
    return [(kind, text) for kind, text in named if text is not None]


@dataclass(slots=True)
class Store:
    """A store on its way. `outcome` is empty until what is there is known."""

    subject: Subject
    scope: Scope
    entry: Entry
    fingerprint: str | None
    entry_key: bytes
    other_keys: list[bytes]  # the caller's own keys, where they are not the entry's
    ttl_ms: int = 0
    once: bytes | None = None  # SHA-256 of the body, under the caller's Idempotency-Key
    outcome: str = ""  # "stored" | "unchanged", once known
    prompt: Beginnings = prompts.NONE
    marked: Sequence[Reply] = ()  # what its markers answered
    later: tuple[tuple[str, list[Command]], ...] = ()
    shelving: Shelving | None = None  # what follows for semantic matching
    shadow_at: int = 0  # which reply is for it

    def run(self, once: tuple[bytes, bytes] | None) -> Run:
        """The reads that come first."""
        commands: list[Command] = [(GET, self.entry_key)]
        if once is not None:
            key, self.once = once
            # Answers the earlier claim's value, or nothing when this is the first.
            commands.append((SET, key, self.once, b"EX", IDEMPOTENT_S, b"NX", b"GET"))
        commands += self.prompt.commands
        if self.shelving is not None:
            self.shadow_at = len(commands)
            commands.append(self.shelving.look())
        commands += regions.version_reads(self.subject.who, self.entry_key)
        return Run(commands, self)

    def conclude(self, replies: Replies, stamp: Stamp, elapsed_us: int) -> Run | Answer:
        """First what was there, then what was written. Raises Problem."""
        if replies is None:
            raise Problem("overloaded", "The cache store does not answer; nothing was stored.")
        if self.outcome:
            return self._after(stamp, elapsed_us)
        if elapsed_us > purging.STORE_MS * 1000:  # its key may have been purged and forgotten
            raise Problem("overloaded", "The store took too long and is not done; send it again.")
        if self.shelving is not None:
            self.shelving.take(replies[self.shadow_at])
        if self.once is not None and replies[1] not in (None, self.once):
            raise Problem(
                "idempotency-conflict",
                "This Idempotency-Key was used with another body within 24 hours. Send a new key.",
            )
        first = 1 if self.once is None else 2
        self.marked = replies[first : first + len(self.prompt.commands)]
        newest = replies[-1] if self.subject.who.site.others else None
        self._compare(replies[0], newest)
        commands = self._commands()
        return self._write(commands) if commands else self._after(stamp, elapsed_us)

    def _compare(self, sealed: bytes | None, newest: bytes | None) -> None:
        subject, present = self.subject, None
        if sealed is not None:
            present = work.opened(subject.who, self.scope, self.entry_key, sealed, [])
        if (
            type(present) is Entry
            and present.response == self.entry.response
            and present.meta.expires_at_ms > subject.now_ms
            and not regions.is_newer(newest, present.meta.created_at_ms)
        ):
            self.outcome, self.entry = "unchanged", present  # expiry is absolute: it does not slide
            return
        expires_at_ms = subject.now_ms + self.ttl_ms
        meta = msgspec.structs.replace(self.entry.meta, expires_at_ms=expires_at_ms)
        self.outcome, self.entry = "stored", Entry(meta, self.entry.response)

    def _write(self, commands: list[Command]) -> Run:
        """Into memory now and the tier behind the answer; over the room in memory, the tier now."""
        who, size = self.subject.who, sum([len(command[2]) for command in commands])
        in_tier = tier.writes(who, commands, self.entry.meta.seq)
        noted, told = self._notes(commands)
        if who.room.take_memory(size):
            left_ms = self.entry.meta.expires_at_ms - self.subject.now_ms
            if left_ms >= tier.MIN_TTL_MS and self._tier_takes(size):
                self.later = ((TIER, in_tier),)
            self.later += told
            return Run(commands + noted, self)
        if not self._tier_takes(size):
            raise Problem("over-budget", "Your share of the cache is full; nothing was stored.")
        # What memory holds under these keys is older now.
        older: list[Command] = [(UNLINK, command[1]) for command in commands]
        self.later = ((CACHE, older + noted), *told)
        return Run(in_tier, self, TIER)

    def _notes(
        self, commands: list[Command]
    ) -> tuple[list[Command], tuple[tuple[str, list[Command]], ...]]:
        """What this region's index and the others' are told."""
        who, stored_at_ms = self.subject.who, self.entry.meta.created_at_ms
        if self.fingerprint is not None:
            stored_at_ms = self.subject.now_ms  # aliases say so; an entry beside them is as new
        if not regions.may_leave(who, self.subject.customer):
            return [], ()
        return (
            regions.notes(who, commands, stored_at_ms),
            regions.pushes(who, commands, stored_at_ms),
        )

    def _tier_takes(self, size: int) -> bool:
        who = self.subject.who
        return who.site.has_tier and who.room.take_tier(size)

    def _commands(self) -> list[Command]:
        """Entry and aliases in one pipeline; without a digest to point at, copies."""
        who = self.subject.who
        place, generation = (who.ring, self.scope), who.partner.generation
        meta = self.entry.meta
        expires_at = b"%d" % (meta.expires_at_ms + meta.max_stale_ms)
        sealed: dict[bytes, bytes] = {}
        if self.outcome == "stored":
            sealed[self.entry_key] = envelope.seal_entry(
                *place, self.entry_key, generation, self.entry
            )
        for key in self.other_keys:
            if self.fingerprint is None:
                sealed[key] = envelope.seal_entry(*place, key, generation, self.entry)
            else:
                alias = Alias(self.fingerprint, self.subject.now_ms)
                sealed[key] = envelope.seal_alias(*place, key, generation, alias)
        return [(SET, key, value, b"PXAT", expires_at) for key, value in sealed.items()]

    def _after(self, stamp: Stamp, elapsed_us: int) -> Run | Answer:
        if self.shelving is None:
            return self.written(stamp, elapsed_us)
        return self.shelving.begin(stamp, elapsed_us, is_new=self.outcome == "stored")

    def written(self, stamp: Stamp, elapsed_us: int) -> Answer:
        """The answer, once everything is done."""
        entry, is_new = self.entry, self.outcome == "stored"
        size, tokens = len(entry.response), entry.meta.tokens
        # The same answer again is no other call of the provider.
        repeated = self.prompt.numbers(self.marked, self.subject, tokens) if is_new else {}
        event = marks.event(
            self.subject,
            stamp,
            elapsed_us,
            outcome=self.outcome,
            tokens_in=tokens.get("input_tokens", 0),
            tokens_out=tokens.get("output_tokens", 0),
            bytes=size,
            byte_seconds=size * self.ttl_ms // 1000 if is_new else 0,
            **repeated,
        )
        common = self.subject.common
        name = self.fingerprint or common.cache_key or common.semantic_key or ""
        body = answers.stored(self.subject, entry, self.outcome, name, event)
        later = self.later + leases.release(self.subject, self.scope)
        etag = entry.meta.etag or envelope.etag_of(entry.response)
        ttl_ms = entry.meta.expires_at_ms - self.subject.now_ms
        fields = self.subject.who.partner.look.stored(self.outcome, ttl_ms, etag, elapsed_us)
        return Answer(
            201 if is_new else 200, body, events=(marks.mark(event),), later=later, fields=fields
        )
