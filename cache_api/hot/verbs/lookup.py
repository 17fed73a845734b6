"""POST /api/overflow: by the request's identity, by the caller's own key, or both.

Other paths ask the same in another way (`verbs/dropins`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from uuid import UUID

from cache_api.hot import (
    answers,
    envelope,
    forms,
    leases,
    marks,
    members,
    purges,
    quotas,
    regions,
    work,
)  # fmt: skip
from cache_api.hot.admit import Caller
from cache_api.hot.envelope import Alias, Entry
from cache_api.hot.forms import Form
from cache_api.hot.marks import Stamp
from cache_api.hot.members import Common
from cache_api.hot.memo import Name
from cache_api.hot.steps import CACHE, Answer, Asked, Command, Fetch, Replies, Run
from cache_api.hot.telling import Lines, Telling
from cache_api.hot.verbs import elsewhere, feedback, shelving
from cache_api.hot.verbs.looking import LATE, Looking
from cache_api.hot.verbs.meaning import Meaning, by_meaning
from cache_api.hot.verbs.repeats import Repeat, Told, asked_before
from cache_api.hot.work import GET, Reading
from cache_api.rules import controls, digest, prices
from cache_api.rules.controls import NOTHING
from cache_api.rules.event_bytes import Pattern
from cache_api.rules.events import HITS, Outcome, UsageEvent


@dataclass(frozen=True, slots=True, eq=False)
class Way:
    """How one path's lookups are read, by which headers of its own, and how they are told."""

    read: Reading
    form: Callable[[Common], Form]
    hears: tuple[bytes, ...] = ()


DRAINED = "drained"
OVERFLOW = Way(members.read, lambda common: forms.of_lookup(common.body))


def begin(who: Caller, asked: Asked, way: Way = OVERFLOW) -> Run | Fetch:
    """The reads of a lookup; a Fetch where the customer's quota must be asked. Raises Problem."""
    body, name = asked.body, (_said(who, asked, way), asked.body)
    known = asked_before.get(name)
    if known is None:
        known = _read(who, asked, way)
        known.name = name
        asked_before.keep(name, known, 3 * len(body))  # the bytes, and what was parsed out of them
    asked.request_id = known.subject.common.request_id or controls.trace_id(asked.headers)
    why: str | Fetch = DRAINED if who.is_drained else ""
    if who.partner.quotas and not why:
        why = quotas.spend(who, known.subject.customer, asked)
    if type(why) is Fetch:
        return why
    told = known.told
    if told is not None and not why and not asked.request_id and told.suits(who, asked.now_ms):
        return Run(told.commands, Repeat(told, who, asked, known.whole))
    plan = known.again(who, asked)
    if why:
        plan.miss_reason, plan.looked = str(why), []
    return plan.run()


def _said(who: Caller, asked: Asked, way: Way) -> Name:
    """All that the reading of a body depends on; the partner's serial stands for its facts."""
    heard, headers = asked.heard, asked.headers
    if heard is not None and heard.key is who.key and heard.partner is who.partner:
        return heard.said
    said = (
        way, who.partner.serial, who.key.customer, who.key.livemode, headers.get(b"content-type"),
        controls.said(headers),
        *[headers.get(one) for one in way.hears],
    )  # fmt: skip
    if heard is not None:
        heard.said, heard.key, heard.partner = said, who.key, who.partner
    return said


def _read(who: Caller, asked: Asked, way: Way) -> "Lookup":
    common, customer = work.read(who, asked, way.read)
    form = way.form(common)
    scope = work.scope_of(who, customer, common)
    found, fingerprint, reason = None, None, common.controls.reason
    if common.original_request is not None:
        found = work.identify(common)
        try:
            fingerprint = digest.digest(found)
        except digest.NotCanonical:
            reason = reason or "not_canonical"
    subject = work.subject_of(who, customer, common, "lookup", found, fingerprint, asked.now_ms)
    plan = Lookup(subject, scope, form, fingerprint, reason)
    body = common.body
    stale_ms = members.seconds_or_true(body, "allow_stale")
    plan.stale_ms = stale_ms or common.controls.max_stale_ms or 0
    plan.wants_lease = members.flag(body, "lease")
    if not reason:
        plan.look_up(common.cache_key, work.meaning_of(common, found))
    return plan


@dataclass(slots=True)
class Lookup(Looking):
    """A lookup on its way through the places where an answer may be.

    One that is remembered goes no way itself: `name` is what by, `told` its last hit.
    """

    name: Name = ()
    told: Told | None = None
    replies: Replies = None  # the first ones

    def whole(
        self, who: Caller, asked: Asked, replies: Replies, stamp: Stamp, elapsed_us: int
    ) -> Run | Answer:
        """The same lookup by this caller, concluded with these replies. Raises Problem."""
        plan = self.again(who, asked)
        plan.run()
        return plan.conclude(replies, stamp, elapsed_us)

    def run(self) -> Run:
        """The reads, in the order of `looked`."""
        self.found = [None] * len(self.looked)
        commands: list[Command] = [(GET, key) for _, _, key in self.looked]
        if self.subject.who.site.others:
            commands += regions.reads(self.subject.who, self.missing())
        if self.subject.who.lapsed:
            commands.append((GET, purges.mark_name(self.subject.who.partner.partner_id)))
        return Run(commands, self)

    def conclude(self, replies: Replies, stamp: Stamp, elapsed_us: int) -> Run | Answer:
        """A hit, a miss, or one more read where the caller's key stands for a fingerprint."""
        if not self.looked:  # nothing was to be read, and why is known
            return self.missed(stamp, elapsed_us)
        who = self.subject.who
        if replies is None:
            self.miss_reason = "unavailable"
            # Where it is memory that tells whether a purge was missed, nothing is good then.
            if who.lapsed or who.site.others:
                return self._miss("unavailable", stamp, elapsed_us, ())
            return self.missed(stamp, elapsed_us)
        if who.lapsed:
            *replies, last_purge = replies
            if last_purge is not None and int(last_purge) > who.purge_seq:
                return self._miss("purged", stamp, elapsed_us, ())
        self.replies = replies
        had = dict(zip([key for _, _, key in self.looked], replies, strict=False))
        if who.site.others:
            try:
                known = regions.versions(who, list(had), replies[len(had) :])
            except regions.CutOff:
                return self._miss("cut_off", stamp, elapsed_us, ())
            self.versions, self.sealed = (self.versions or {}) | known, had
        return self.weigh(CACHE, had, stamp, elapsed_us)

    def weigh(
        self, where: str, had: Mapping[bytes, bytes | None], stamp: Stamp, elapsed_us: int
    ) -> Run | Answer:
        """Go on with what a place had (by store key)."""
        self.take(where, had)
        entry = self.chosen()
        if entry is None:
            return self.missed(stamp, elapsed_us)
        if type(entry) is Alias:
            self.follow(entry)
            return self.run()
        assert type(entry) is Entry
        self.miss_reason = self.unfit(entry, elapsed_us)
        if self.miss_reason:
            self.found = [None if value is entry else value for value in self.found]
            return self.missed(stamp, elapsed_us)
        return self.hit(entry, stamp, elapsed_us)

    def missed(self, stamp: Stamp, elapsed_us: int, alarms: tuple[str, ...] = ()) -> Run | Answer:
        """Not in the region's memory: while there is time, the next place that may know."""
        self.alarms += alarms
        if self.is_late(elapsed_us):
            return self._miss(LATE, stamp, elapsed_us, ())
        if self.miss_reason in _MAY_BE_ELSEWHERE:
            in_time = elapsed_us < self.subject.who.site.deadline_us
            while in_time and self.tried < len(FALLBACKS):
                self.tried += 1
                further = FALLBACKS[self.tried - 1](self)
                if further is not None:
                    return further
            if self.stale is not None:
                return self.hit(self.stale, stamp, elapsed_us, outcome="stale")
            if self.wants_lease and self.miss_reason != "unavailable":
                return leases.ask(self.subject, self.scope, (), self.miss_with)
        return self._miss(self.miss_reason or "not_found", stamp, elapsed_us, ())

    def miss_with(
        self, lease: bytes, stamp: Stamp, elapsed_us: int, alarms: tuple[str, ...]
    ) -> Answer:
        """A miss that tells whether this caller is to ask the provider (`lease`: JSON, or b"")."""
        return self._miss(self.miss_reason or "not_found", stamp, elapsed_us, alarms, lease)

    def hit(
        self,
        entry: Entry,
        stamp: Stamp,
        elapsed_us: int,
        alarms: tuple[str, ...] = (),
        outcome: Outcome = "hit",
    ) -> Run | Answer:
        """The answer with a stored response, and its event. A stale one is not billed as a hit.

        A miss where the caller's form cannot say it, or a semantic hit is withheld.
        """
        subject, meta = self.subject, entry.meta
        said = self.form.say(entry.response)
        if said is None:
            return self._miss(forms.NOT_STREAMABLE, stamp, elapsed_us, alarms)
        event_id = None
        if self.meaning is not None and outcome == "hit":
            outcome, event_id = "semantic_hit", marks.event_id_of(subject)
            if self.meaning.withholds(event_id):
                return self._withheld(self.meaning, stamp, elapsed_us)
            noting = feedback.remember(subject, self.scope, event_id, self.meaning.note())
            self.later = ((CACHE, [noting]),)
        event = self._event(entry, outcome, event_id, stamp, elapsed_us)
        tell = self.form.hit(subject, entry, said, event, self.entry_key)
        etag = meta.etag or envelope.etag_of(entry.response)
        if said is not entry.response:
            etag += forms.OTHERWISE
        look = subject.who.partner.look
        lines = look.hit(outcome, meta.created_at_ms, meta.expires_at_ms, etag)
        named = str(event.event_id).encode("ascii")
        fields = lines.at(subject.now_ms, elapsed_us)
        answer = answers.told(tell, named, elapsed_us, fields)
        answer.later += self.later
        if self.brought:
            answer.later += elsewhere.promotion(self, entry)
        elif self.versions:
            answer.later += elsewhere.spread(self, entry)
        told = _counted(answer, event, alarms + tuple(self.alarms))
        if self._is_plain(told, outcome):
            self._remember(meta.expires_at_ms, tell, lines, event, stamp)
        return told

    def _is_plain(self, answer: Answer, outcome: Outcome) -> bool:
        """Whether the hit came of the request, the first replies and the caller's facts alone."""
        subject, who = self.subject, self.subject.who
        return (
            outcome == "hit"
            and self.before is not None
            and self.looked is self.before.looked  # no alias was followed
            and subject.common.controls is NOTHING
            and not (self.tried or answer.later or answer.alarms or subject.request_id)
            and not (who.lapsed or who.site.others)
        )

    def _remember(
        self, expires_at_ms: int, tell: Telling, lines: Lines, event: UsageEvent, stamp: Stamp
    ) -> None:
        """Tell the same when the same comes again."""
        before, who, replies = self.before, self.subject.who, self.replies
        assert before is not None and replies is not None
        until_ms = min(expires_at_ms, prices.steady_until_ms(self.subject.now_ms))
        commands: list[Command] = [(GET, key) for _, _, key in self.looked]
        told = Told(who, stamp, until_ms, commands, replies, tell, lines, Pattern(event))
        size = event.bytes + sum([len(reply) for reply in replies if reply is not None])
        if asked_before.keep(before.name, before, size):
            before.told = told

    def _event(
        self, entry: Entry, outcome: Outcome, event_id: UUID | None, stamp: Stamp, elapsed_us: int
    ) -> UsageEvent:
        """The hit's event, with what it saved (nothing, when it is not billed)."""
        subject, meta = self.subject, entry.meta
        subject.provider, subject.model = meta.provider, meta.model
        micros = 0
        if outcome in HITS:
            micros = prices.cost_saved_micros(
                meta.provider, meta.model, meta.tokens, subject.now_ms
            )
        return marks.event(
            subject,
            stamp,
            elapsed_us,
            event_id=event_id,
            outcome=outcome,
            reason=self.came_from if self.brought else "",
            tokens_in=meta.tokens.get("input_tokens", 0),
            tokens_out=meta.tokens.get("output_tokens", 0),
            bytes=len(entry.response),
            cost_saved_micros=micros,
            price_version=prices.PRICE_VERSION,
        )

    def _withheld(self, meaning: Meaning, stamp: Stamp, elapsed_us: int) -> Run | Answer:
        """A semantic hit that is not served: what the caller stores instead will judge it."""
        assert self.fingerprint is not None
        note = meaning.note()
        noting = shelving.shadow(self.subject, self.scope, self.fingerprint, note)
        self.later = ((CACHE, [noting]),)
        meaning.candidates.clear()  # no other is served in its place
        meaning.reason = self.miss_reason = "shadow"
        return self.missed(stamp, elapsed_us)

    def _miss(
        self,
        reason: str,
        stamp: Stamp,
        elapsed_us: int,
        alarms: tuple[str, ...],
        lease: bytes = b"",
    ) -> Answer:
        event = marks.event(self.subject, stamp, elapsed_us, outcome="miss", reason=reason)
        answer = self.form.miss(self.subject, event, elapsed_us, lease)
        answer.fields = self.subject.who.partner.look.miss(reason, elapsed_us)
        answer.later += self.later
        return _counted(answer, event, alarms + tuple(self.alarms))


# Where else an answer may be, in the order in which it is tried: each looks at the lookup and
# returns a Run, or None where it has nothing to try. Its work ends in `hit` or in `missed`.
Fallback = Callable[[Lookup], Run | None]
FALLBACKS: tuple[Fallback, ...] = (elsewhere.from_tier, elsewhere.from_region, by_meaning)
_MAY_BE_ELSEWHERE = frozenset({"", "expired", "unavailable", "guarded", "shadow"})


def _counted(answer: Answer, event: UsageEvent, alarms: tuple[str, ...]) -> Answer:
    answer.events, answer.alarms = (marks.mark(event),), alarms
    if alarms:
        answer.about = f"partner={event.partner_id} key={event.key_id}"
    return answer
