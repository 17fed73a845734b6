"""From the cache store's replies to the answer and its usage event, or to one more step.

`replies` has one reply per command of the Run, or is None when the store did not answer in time.
`elapsed_us` is the time spent on this request so far.
"""

from collections.abc import Sequence

import msgspec

from cache_api.hot import answers, envelope, marks, steps
from cache_api.hot.envelope import Alias, Entry, Forged, OutOfDate
from cache_api.hot.marks import Stamp
from cache_api.hot.problems import Problem
from cache_api.hot.steps import Answer, Command, Reply, Run
from cache_api.hot.work import BY_DIGEST, BY_KEY, LookupPlan, StorePlan
from cache_api.rules import prices
from cache_api.rules.events import UsageEvent

FORGED = "payload_authentication"
Replies = Sequence[Reply] | None


def conclude(run: Run, replies: Replies, stamp: Stamp, elapsed_us: int) -> Run | Answer:
    """The next step of a Run whose replies are here."""
    plan = run.plan
    if type(plan) is LookupPlan:
        return _lookup(plan, replies, stamp, elapsed_us)
    if type(plan) is not StorePlan:
        raise TypeError(f"{type(plan).__name__} is no plan")
    try:
        if plan.outcome:
            return _written(plan, replies, stamp, elapsed_us)
        return _write(plan, replies, stamp, elapsed_us)
    except Problem as problem:
        return steps.refused(problem, plan.subject.common.request_id)


def _lookup(plan: LookupPlan, replies: Replies, stamp: Stamp, elapsed_us: int) -> Run | Answer:
    if replies is None:
        return _miss(plan, "unavailable", stamp, elapsed_us, ())
    alarms: list[str] = []
    found: list[Entry | Alias | None] = []
    for (_, _, key), sealed in zip(plan.looked, replies, strict=True):
        found.append(None if sealed is None else _open(plan, key, sealed, alarms))
    if plan.fingerprint is None:
        entry, further = _by_key(plan, found)
    else:
        entry, further = _by_fingerprint(plan, found), None
    if further is not None:
        return further
    now_ms = plan.subject.now_ms
    if entry is None:
        return _miss(plan, plan.miss_reason or "not_found", stamp, elapsed_us, tuple(alarms))
    if entry.meta.expires_at_ms <= now_ms:
        return _miss(plan, "expired", stamp, elapsed_us, tuple(alarms))
    return _hit(plan, entry, stamp, elapsed_us, tuple(alarms))


def _by_fingerprint(plan: LookupPlan, found: list[Entry | Alias | None]) -> Entry | None:
    """The entry of the server's own fingerprint, unless the caller's key stands for another."""
    for (kind, _, _), value in zip(plan.looked[1:], found[1:], strict=True):
        if value is None:
            continue
        same = kind == BY_KEY and type(value) is Alias and value.digest == plan.fingerprint
        if not same:
            plan.miss_reason = "key_mismatch"
            return None
    first = found[0] if found else None
    return first if type(first) is Entry else None


def _by_key(plan: LookupPlan, found: list[Entry | Alias | None]) -> tuple[Entry | None, Run | None]:
    for (kind, _, _), value in zip(plan.looked, found, strict=True):
        if type(value) is Entry:
            return value, None
        if type(value) is Alias and kind == BY_KEY:
            plan.looked = []
            plan.add(BY_DIGEST, value.digest)
            return None, plan.run()
    return None, None


def _open(
    plan: LookupPlan | StorePlan, key: bytes, sealed: bytes, alarms: list[str]
) -> Entry | Alias | None:
    who = plan.subject.who
    try:
        return envelope.unseal(who.ring, plan.scope, key, who.partner.generation, sealed)
    except OutOfDate:
        return None
    except Forged:
        alarms.append(FORGED)  # the caller sees an ordinary miss
        return None


def _hit(
    plan: LookupPlan, entry: Entry, stamp: Stamp, elapsed_us: int, alarms: tuple[str, ...]
) -> Answer:
    subject, meta = plan.subject, entry.meta
    subject.provider, subject.model = meta.provider, meta.model
    micros = prices.cost_saved_micros(meta.provider, meta.model, meta.tokens, subject.now_ms)
    event = marks.event(
        subject,
        stamp,
        elapsed_us,
        outcome="hit",
        tokens_in=meta.tokens.get("input_tokens", 0),
        tokens_out=meta.tokens.get("output_tokens", 0),
        bytes=len(entry.response),
        cost_saved_micros=micros,
        price_version=prices.PRICE_VERSION,
    )
    body = answers.hit(subject, entry, event, micros, elapsed_us)
    return Answer(200, body, event=event, alarms=alarms, about=_about(event, alarms))


def _miss(
    plan: LookupPlan, reason: str, stamp: Stamp, elapsed_us: int, alarms: tuple[str, ...]
) -> Answer:
    event = marks.event(plan.subject, stamp, elapsed_us, outcome="miss", reason=reason)
    body = answers.miss(plan.subject, event, elapsed_us)
    return Answer(200, body, event=event, alarms=alarms, about=_about(event, alarms))


def _about(event: UsageEvent, alarms: tuple[str, ...]) -> str:
    return f"partner={event.partner_id} key={event.key_id}" if alarms else ""


def _write(plan: StorePlan, replies: Replies, stamp: Stamp, elapsed_us: int) -> Run | Answer:
    """Compare with what is there; write entry and alias in one pipeline."""
    if replies is None:
        raise _unavailable()
    if plan.once is not None and replies[1] not in (None, plan.once):
        raise Problem(
            "idempotency-conflict",
            "This Idempotency-Key was used with another body within 24 hours. Send a new key.",
        )
    subject = plan.subject
    present = _open(plan, plan.entry_key, replies[0], []) if replies[0] is not None else None
    unchanged = (
        type(present) is Entry
        and present.response == plan.entry.response
        and present.meta.expires_at_ms > subject.now_ms
    )
    if unchanged and type(present) is Entry:
        plan.outcome, plan.entry = "unchanged", present  # expiry is absolute: it does not slide
    else:
        expires_at_ms = subject.now_ms + plan.ttl_ms
        meta = msgspec.structs.replace(plan.entry.meta, expires_at_ms=expires_at_ms)
        plan.outcome, plan.entry = "stored", Entry(meta, plan.entry.response)
    commands = _commands(plan)
    if not commands:
        return _written(plan, [], stamp, elapsed_us)
    return Run(commands, plan)


def _commands(plan: StorePlan) -> list[Command]:
    who = plan.subject.who
    place = (who.ring, plan.scope)
    expires_at = b"%d" % plan.entry.meta.expires_at_ms
    commands: list[Command] = []
    if plan.outcome == "stored":
        sealed = envelope.seal_entry(*place, plan.entry_key, who.partner.generation, plan.entry)
        commands.append((b"SET", plan.entry_key, sealed, b"PXAT", expires_at))
    if plan.alias_key is not None and plan.fingerprint is not None:
        alias = Alias(plan.fingerprint)
        sealed = envelope.seal_alias(*place, plan.alias_key, who.partner.generation, alias)
        commands.append((b"SET", plan.alias_key, sealed, b"PXAT", expires_at))
    return commands


def _written(plan: StorePlan, replies: Replies, stamp: Stamp, elapsed_us: int) -> Answer:
    if replies is None:
        raise _unavailable()
    entry, stored = plan.entry, plan.outcome == "stored"
    tokens = entry.meta.tokens
    event = marks.event(
        plan.subject,
        stamp,
        elapsed_us,
        outcome=plan.outcome,
        tokens_in=tokens.get("input_tokens", 0),
        tokens_out=tokens.get("output_tokens", 0),
        bytes=len(entry.response),
        byte_seconds=len(entry.response) * plan.ttl_ms // 1000 if stored else 0,
    )
    return Answer(201 if stored else 200, answers.stored(plan, event), event=event)


def _unavailable() -> Problem:
    return Problem("overloaded", "The cache store does not answer; nothing was stored.")
