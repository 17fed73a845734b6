"""From request bytes to a step: facts to fetch, commands for the cache store, or a refusal.

Duties in order: who asks (headers only, so that a stranger's body is never parsed), what the body
says, whose scope, which fingerprint, which keys. `now_ms` is Unix time in milliseconds.
"""

from collections.abc import Callable

from cache_api.hot import admit, members, steps, stores
from cache_api.hot.admit import Caller, Headers
from cache_api.hot.envelope import Entry
from cache_api.hot.keyring import Scope
from cache_api.hot.marks import Subject
from cache_api.hot.members import Common
from cache_api.hot.problems import Problem
from cache_api.hot.snapshot import Snapshot
from cache_api.hot.steps import Fetch, Run, Step
from cache_api.hot.work import BY_DIGEST, BY_KEY, LookupPlan, StorePlan
from cache_api.rules import digest, identity
from cache_api.rules.identity import Identity

# (who, customer, common members, body, headers, now_ms) → commands for the cache store
Verb = Callable[[Caller, str, Common, bytes, Headers, int], Run]
_HEX = frozenset("0123456789abcdef")
_NOTHING: list[tuple[bytes, ...]] = []


def plan_lookup(body: bytes, headers: Headers, snapshot: Snapshot, now_ms: int) -> Step:
    """The first step of a lookup. Repeat after a Fetch; pass a Run's replies to `conclude`."""
    return _plan(_lookup, body, headers, snapshot, now_ms)


def plan_store(body: bytes, headers: Headers, snapshot: Snapshot, now_ms: int) -> Step:
    """The first step of a store. Repeat after a Fetch; pass a Run's replies to `conclude`."""
    return _plan(_store, body, headers, snapshot, now_ms)


def _plan(verb: Verb, body: bytes, headers: Headers, snapshot: Snapshot, now_ms: int) -> Step:
    request_id = ""
    try:
        who = admit.admit(headers, snapshot, now_ms)
        if isinstance(who, list):
            return Fetch(who)
        common = members.read(body, headers)
        request_id = common.request_id
        customer = admit.customer_of(who, common.customer_id)
        return verb(who, customer, common, body, headers, now_ms)
    except Problem as problem:
        return steps.refused(problem, request_id)


def _lookup(
    who: Caller, customer: str, common: Common, body: bytes, headers: Headers, now_ms: int
) -> Run:
    scope = who.partner.scope(who.ring, who.key.livemode, customer, common.namespace)
    if common.original_request is None:
        subject = _subject(who, customer, common, "lookup", None, None, now_ms)
        return _lookup_by_key(LookupPlan(subject, scope))
    found = _identify(common)
    try:
        fingerprint = digest.digest(found)
    except digest.NotCanonical:
        subject = _subject(who, customer, common, "lookup", found, None, now_ms)
        return Run(_NOTHING, LookupPlan(subject, scope, miss_reason="not_canonical"))
    subject = _subject(who, customer, common, "lookup", found, fingerprint, now_ms)
    plan = LookupPlan(subject, scope, fingerprint=fingerprint)
    plan.add(BY_DIGEST, fingerprint)
    if common.cache_key is not None and common.cache_key != fingerprint:
        _add_key(plan, common.cache_key)
    return plan.run()


def _lookup_by_key(plan: LookupPlan) -> Run:
    key = plan.subject.common.cache_key
    assert key is not None
    _add_key(plan, key)
    return plan.run()


def _add_key(plan: LookupPlan, key: str) -> None:
    plan.add(BY_KEY, key)
    if _is_digest(key):
        plan.add(BY_DIGEST, key)


def _is_digest(key: str) -> bool:
    return len(key) == 64 and _HEX.issuperset(key)


def _store(
    who: Caller, customer: str, common: Common, body: bytes, headers: Headers, now_ms: int
) -> Run:
    found, fingerprint = None, None
    if common.original_request is not None:
        found = _identify(common)
        try:
            fingerprint = digest.digest(found)
        except digest.NotCanonical as error:
            raise Problem("not-canonical", str(error), pointer="/original_request") from error
    scope = who.partner.scope(who.ring, who.key.livemode, customer, common.namespace)
    subject = _subject(who, customer, common, "store", found, fingerprint, now_ms)
    plan = StorePlan(subject, scope, _entry(subject, scope, found, body), fingerprint)
    key = common.cache_key
    plan.ttl_ms = stores.lifetime_ms(subject, plan.entry_key, found)
    if key is not None and fingerprint is not None and key != fingerprint:
        plan.alias_key = who.ring.entry_key(scope, BY_KEY, key.encode())
    return plan.first_run(stores.idempotency(plan, headers, body))


def _entry(subject: Subject, scope: Scope, found: Identity | None, body: bytes) -> Entry:
    response = stores.response_slice(subject, found, body)
    return Entry(stores.meta(subject, found), response)


def _identify(common: Common) -> Identity:
    try:
        return identity.identify(common.original_request)
    except identity.BadRequestMember as error:
        pointer = f"/original_request{error.pointer}"
        raise Problem("invalid-request", error.detail, pointer=pointer) from error


def _subject(
    who: Caller,
    customer: str,
    common: Common,
    kind: str,
    found: Identity | None,
    fingerprint: str | None,
    now_ms: int,
) -> Subject:
    provider = found.provider if found else members.label(common.body.get("provider"))
    model = found.model if found else members.label(common.body.get("model"))
    name = fingerprint or f"key:{common.cache_key}"
    return Subject(who, customer, common, kind, name, provider, model, now_ms)
