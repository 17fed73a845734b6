"""What verbs about entries share: kinds of store keys, whose scope, opening what was found."""

from collections.abc import Callable

from cache_api.hot import admit, envelope, floors, members
from cache_api.hot.admit import Caller
from cache_api.hot.envelope import Alias, Entry, Forged, OutOfDate
from cache_api.hot.keyring import Scope
from cache_api.hot.marks import Subject
from cache_api.hot.members import Common, Headers
from cache_api.hot.memo import Memo
from cache_api.hot.problems import Problem
from cache_api.hot.steps import Asked
from cache_api.rules import controls, identity, semantic_key
from cache_api.rules.digest import NotCanonical
from cache_api.rules.events import Kind
from cache_api.rules.identity import Identity

# One byte of the store key's HMAC tells what it stands for: request digests, callers' own keys,
# semantic keys, once-only records, leases, events that had an entry's answer; of semantic matching
# shelves of questions, withheld hits, what was learnt about wrong ones.
BY_DIGEST, BY_KEY, BY_MEANING, ONCE, LEASE, EVENT = b"d", b"k", b"m", b"o", b"l", b"e"
PREFIX = b"p"  # beginnings of prompts
SHELF, SHADOW, BUDGET = b"s", b"w", b"b"
GET, SET, DEL, UNLINK = b"GET", b"SET", b"DEL", b"UNLINK"
EMBED, NEAREST, COMPARE = b"EMBED", b"NEAREST", b"COMPARE"  # on the embedder's lane
Reading = Callable[[bytes, Headers], Common]
FORGED = "payload_authentication"
# The very bytes that were authenticated and opened a moment ago need not be opened again.
_opened: "Memo[Entry | Alias]" = Memo(most_bytes=12 * 1024 * 1024, longest=64 * 1024)
_HEX = frozenset("0123456789abcdef")


def read(who: Caller, asked: Asked, reading: Reading = members.read) -> tuple[Common, str]:
    """The body's common members and the customer they act for. Raises Problem."""
    common = reading(asked.body, asked.headers)
    asked.request_id = common.request_id or controls.trace_id(asked.headers)
    return common, admit.customer_of(who, common.customer_id)


def scope_of(who: Caller, customer: str, common: Common) -> Scope:
    """Where this caller's entries live."""
    return who.partner.scope(who.ring, who.key.livemode, customer, common.namespace)


def identify(common: Common) -> Identity:
    """The identity of the body's original_request. Raises Problem."""
    return identified(common.original_request)


def meaning_of(common: Common, found: Identity | None) -> str | None:
    """What the body's semantic_key is looked up by, or None. Raises Problem."""
    if common.semantic_key is None:
        return None
    try:
        return semantic_key.semantic_digest(common.semantic_key, found)
    except NotCanonical as error:
        raise Problem("not-canonical", str(error), pointer="/original_request") from error


def is_digest(text: str) -> bool:
    """Whether a key reads like a request's digest."""
    return len(text) == 64 and _HEX.issuperset(text)


def identified(original_request: object) -> Identity:
    """The identity of a provider request. Raises Problem."""
    try:
        return identity.identify(original_request)
    except identity.BadRequestMember as error:
        pointer = f"/original_request{error.pointer}"
        raise Problem("invalid-request", error.detail, pointer=pointer) from error


def subject_of(
    who: Caller,
    customer: str,
    common: Common,
    kind: Kind,
    found: Identity | None,
    fingerprint: str | None,
    now_ms: int,
) -> Subject:
    """Who asked for what, as the usage event will tell it."""
    provider = found.provider if found else members.label(common.body.get("provider"))
    model = found.model if found else members.label(common.body.get("model"))
    digest = fingerprint or f"key:{common.cache_key or common.semantic_key}"
    return Subject(who, customer, common, kind, digest, provider, model, now_ms)


def opened(
    who: Caller, scope: Scope, key: bytes, sealed: bytes, alarms: list[str]
) -> Entry | Alias | None:
    """What lay under a key, or None: a purged entry, or a value that does not belong there.

    The latter is an alarm besides. A softly purged entry comes back as one that has expired.
    """
    partner = who.partner
    # The scope as well: a key that a caller names (`entry_id`) need not be one of its scope.
    name = (partner.serial, scope.bound_to, key, sealed)
    found = _opened.get(name)
    if found is None:
        found = _unsealed(who, scope, key, sealed, alarms)
        if found is None:
            return None
        size = len(found.response) if type(found) is Entry else 0
        _opened.keep(name, found, size + len(sealed))
    if type(found) is Entry:
        return floors.surviving(who.purges, scope, key, found)
    return found


def _unsealed(
    who: Caller, scope: Scope, key: bytes, sealed: bytes, alarms: list[str]
) -> Entry | Alias | None:
    try:
        return envelope.unseal(who.ring, scope, key, who.partner.generation, sealed)
    except OutOfDate:
        return None
    except Forged:
        alarms.append(FORGED)  # the caller sees an ordinary miss
        return None
