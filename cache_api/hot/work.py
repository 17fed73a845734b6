"""What verbs about entries share: kinds of store keys, whose scope, opening what was found."""

from cache_api.hot import admit, envelope, members
from cache_api.hot.admit import Caller
from cache_api.hot.envelope import Alias, Entry, Forged, OutOfDate
from cache_api.hot.keyring import Scope
from cache_api.hot.marks import Subject
from cache_api.hot.members import Common
from cache_api.hot.memo import Memo
from cache_api.hot.problems import Problem
from cache_api.hot.steps import Asked
from cache_api.rules import identity
from cache_api.rules.events import Kind
from cache_api.rules.identity import Identity

# One byte of the store key's HMAC tells request digests, callers' own keys and once-only records.
BY_DIGEST, BY_KEY, ONCE = b"d", b"k", b"o"
GET, SET = b"GET", b"SET"
FORGED = "payload_authentication"
# The very bytes that were authenticated and opened a moment ago need not be opened again.
_opened: "Memo[Entry | Alias]" = Memo(most_bytes=32 * 1024 * 1024, longest=64 * 1024)


def read(who: Caller, asked: Asked) -> tuple[Common, str]:
    """The body's common members and the customer they act for. Raises Problem."""
    common = members.read(asked.body, asked.headers)
    asked.request_id = common.request_id
    return common, admit.customer_of(who, common.customer_id)


def scope_of(who: Caller, customer: str, common: Common) -> Scope:
    """Where this caller's entries live."""
    return who.partner.scope(who.ring, who.key.livemode, customer, common.namespace)


def identify(common: Common) -> Identity:
    """The identity of the body's original_request. Raises Problem."""
    try:
        return identity.identify(common.original_request)
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
    digest = fingerprint or f"key:{common.cache_key}"
    return Subject(who, customer, common, kind, digest, provider, model, now_ms)


def opened(
    who: Caller, scope: Scope, key: bytes, sealed: bytes, alarms: list[str]
) -> Entry | Alias | None:
    """What lay under a key, or None; a value that does not belong there is an alarm besides."""
    partner = who.partner
    name = (partner.serial, key, sealed)  # the key names the scope: it is made of it
    known = _opened.get(name)
    if known is not None:
        return known
    try:
        found = envelope.unseal(who.ring, scope, key, partner.generation, sealed)
        size = len(found.response) if type(found) is Entry else 0
        _opened.keep(name, found, size + len(sealed))
        return found
    except OutOfDate:
        return None
    except Forged:
        alarms.append(FORGED)  # the caller sees an ordinary miss
        return None
