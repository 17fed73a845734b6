"""Who is asking: key, host, partner and customer, from headers and facts. Raises Problem."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from cache_api.hot import facts, limits
from cache_api.hot.facts import HostFacts, KeyFacts, PartnerFacts
from cache_api.hot.floors import Purges
from cache_api.hot.keyring import Keyring, NoKeys
from cache_api.hot.limits import Gate
from cache_api.hot.look import DEFAULT, Look
from cache_api.hot.problems import Problem
from cache_api.hot.site import Room, Site
from cache_api.hot.snapshot import Snapshot
from cache_api.rules.semantic.policy import Policy
from tenants.rules import hostnames, keys

DEFAULT_CUSTOMER = "_default"
Headers = Mapping[bytes, bytes]
_NO_SUCH_KEY = "No such API key. Check that it is complete and not revoked."
DECIDED_MS = 1_000
_REMEMBERED = 10_000
_host_names: dict[bytes, bytes] = {}


@dataclass(frozen=True, slots=True)
class Presented:
    """A well-formed key as sent, and the snapshot keys that tell whether it is valid."""

    parsed: keys.ParsedKey
    key_name: bytes
    tombstone_name: bytes


@dataclass(frozen=True, slots=True)
class Caller:
    """An authenticated key of an active partner, with what is known of its purges.

    `lapsed`: that is older than 5 s and cannot be read again now; there may have been more since.
    `semantic`: the partner's policy, None also while matching is switched off. `is_drained`: no
    lookup hits and nothing is stored here, so that traffic leaves.
    """

    key: KeyFacts
    partner: PartnerFacts
    ring: Keyring
    site: Site
    room: Room
    gate: Gate | None = None  # None: no limits
    purges: Purges | None = None
    lapsed: bool = False
    semantic: Policy | None = None
    is_drained: bool = False

    @property
    def purge_seq(self) -> int:
        """The number of the last purge that is known here."""
        return 0 if self.purges is None else self.purges.seq


def name_of(headers: Headers) -> bytes:
    """A name of key and host: a hash, so that no secret is kept and none is told by timing."""
    parts = _sent_key(headers) + b"\0" + headers.get(b"host", b"")
    return hashlib.sha256(parts).digest()


def decided(snapshot: Snapshot, name: bytes, now_ms: int) -> Caller | None:
    """The caller of that name (`name_of`), if it was admitted a moment ago and still counts."""
    known = snapshot.decided.get(name)
    if known is None or now_ms >= known[1]:
        return None
    caller: Caller = known[0]
    return caller


def admit(
    headers: Headers, snapshot: Snapshot, now_ms: int, name: bytes = b""
) -> Caller | list[bytes]:
    """The caller, or the facts to fetch before asking again. Raises Problem.

    A decision is remembered for at most a second, never longer than its facts are fresh, and
    forgotten as soon as any fact changes. `name` is `name_of` the headers, where it is known.
    """
    name = name or name_of(headers)
    known = decided(snapshot, name, now_ms)
    if known is not None:
        return known
    sent, host_name = _presented(headers), _host_name(headers)
    names = [sent.key_name, sent.tombstone_name, host_name, facts.SWITCHES]
    wanted = snapshot.wanting(names, now_ms)
    key = snapshot.get(sent.key_name)
    if not wanted and type(key) is KeyFacts:
        more = key.partner_name, key.purges_name
        names += more
        wanted = snapshot.wanting(more, now_ms)
    if wanted:
        return wanted
    caller = _caller(sent, host_name, snapshot, now_ms)
    until_ms = min(now_ms + DECIDED_MS, snapshot.fresh_until_ms(names))
    snapshot.decide(name, caller, min(until_ms, caller.key.expires_at_ms or until_ms))
    return caller


def vouched(key: KeyFacts, snapshot: Snapshot, now_ms: int) -> Caller | list[bytes]:
    """The caller that a door knows without a secret (somebody signed in), as if by this `key`; or
    the facts to fetch before asking again. Raises Problem."""
    wanted = snapshot.wanting((facts.SWITCHES, key.partner_name, key.purges_name), now_ms)
    return wanted or _of_partner(snapshot, key, now_ms)


def _caller(sent: Presented, host_name: bytes, snapshot: Snapshot, now_ms: int) -> Caller:
    key = snapshot.get(sent.key_name)
    if type(key) is not KeyFacts:
        _require(snapshot, sent.key_name, now_ms)
        raise _unauthenticated(_NO_SUCH_KEY)
    if not keys.matches(sent.parsed, key.stored_sha256) or key.livemode != sent.parsed.livemode:
        raise _unauthenticated(_NO_SUCH_KEY)
    _require(snapshot, sent.tombstone_name, now_ms)
    if key.revoked or snapshot.get(sent.tombstone_name) is not None:
        raise _unauthenticated(
            "This API key was revoked. Ask whoever gave it to you for a new one."
        )
    if key.expires_at_ms is not None and now_ms >= key.expires_at_ms:
        raise _unauthenticated(
            "This API key has expired. Ask whoever gave it to you for a new one."
        )
    _check_host(host_name, snapshot, key)
    return _of_partner(snapshot, key, now_ms)


def look_for(headers: Headers, snapshot: Snapshot, now_ms: int) -> Look | list[bytes]:
    """Whose brand a refusal bears: the host's, else the key's. Or the facts to fetch first."""
    host_name = _host_name(headers)
    wanted = snapshot.wanting((host_name,), now_ms)
    if wanted:
        return wanted
    host = snapshot.get(host_name)
    if type(host) is HostFacts and host.brand_api is not None:
        return facts.look_of(host.brand_api)
    try:
        key = snapshot.get(_presented(headers).key_name)
    except Problem:
        return DEFAULT
    partner = snapshot.get(key.partner_name) if type(key) is KeyFacts else None
    return partner.look if type(partner) is PartnerFacts else DEFAULT


def customer_of(who: Caller, named: str | None) -> str:
    """The customer a request acts for. Raises Problem."""
    bound = who.key.customer
    if bound is not None:
        if named is not None and named != bound:
            raise Problem(
                "customer-forbidden",
                "This key belongs to one customer; leave customer_id out or send that customer's.",
                pointer="/customer_id",
            )
        named = bound
    customer = named if named is not None else DEFAULT_CUSTOMER
    partner = who.partner
    if customer in partner.customers_suspended:
        raise Problem("customer-suspended", "This customer is suspended.", pointer="/customer_id")
    is_strict = partner.unknown_customer_policy == "strict" and customer != DEFAULT_CUSTOMER
    if is_strict and customer not in (partner.customers or ()):
        raise Problem(
            "customer-unknown",
            "This customer is not announced. Add it in the portal, then try again.",
            pointer="/customer_id",
        )
    return customer


def _sent_key(headers: Headers) -> bytes:
    """The Authorization header, or what Anthropic's clients send in place of it."""
    sent = headers.get(b"authorization")
    return b"Bearer " + headers.get(b"x-api-key", b"") if sent is None else sent


def _presented(headers: Headers) -> Presented:
    header = _sent_key(headers)
    scheme, _, token = header.decode("latin-1").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise _unauthenticated("Send your API key as: Authorization: Bearer <key>")
    try:
        parsed = keys.parse(token.strip())
    except keys.MalformedKey as error:
        raise _unauthenticated(str(error)) from error
    key_id = parsed.key_id.encode("ascii")
    return Presented(parsed, facts.KEY + key_id, facts.TOMBSTONE + key_id)


def _unauthenticated(detail: str) -> Problem:
    return Problem("unauthenticated", detail)


def _host_name(headers: Headers) -> bytes:
    raw = headers.get(b"host", b"")
    known = _host_names.get(raw)
    if known is None:
        try:
            host = hostnames.normalise(raw.decode("latin-1"))
        except ValueError:
            host = "-"  # nobody's host; on the edge any name but another partner's is fine
        if len(_host_names) >= _REMEMBERED:
            _host_names.clear()
        known = _host_names[raw] = facts.HOST + host.encode("ascii")
    return known


def _check_host(host_name: bytes, snapshot: Snapshot, key: KeyFacts) -> None:
    owner = snapshot.get(host_name)
    if type(owner) is HostFacts and owner.partner_id != key.partner_id:
        # The answer of a path that does not exist: whose host this is stays untold.
        raise Problem(
            "not-found",
            "There is nothing here.",
            alarm="key_on_foreign_host",
            about=f"key={key.key_id}",
        )


def _of_partner(snapshot: Snapshot, key: KeyFacts, now_ms: int) -> Caller:
    partner = snapshot.get(key.partner_name)
    if type(partner) is not PartnerFacts:
        _require(snapshot, key.partner_name, now_ms)
        raise _unauthenticated(_NO_SUCH_KEY)
    if partner.state != "active":
        raise Problem("partner-suspended", f"This partner is {partner.state}. Ask its support.")
    known = snapshot.get(key.purges_name)
    purges = known if type(known) is Purges else None
    lapsed = now_ms >= snapshot.fresh_until_ms((key.purges_name,))
    try:
        ring = partner.ring(snapshot.kek)
    except NoKeys as error:
        raise Problem("overloaded", "This partner's entries cannot be opened right now.") from error
    site = snapshot.site
    room = site.room(partner.partner_id, partner.memory_bytes)
    gate = limits.gate_of(site.stocks, key, partner)
    off = snapshot.switches.semantic_off
    is_off = bool(off) and (facts.ALL in off or str(partner.partner_id) in off)
    return Caller(key, partner, ring, site, room, gate, purges, lapsed,
                  None if is_off else partner.semantic, snapshot.is_drained)  # fmt: skip


def _require(snapshot: Snapshot, name: bytes, now_ms: int) -> None:
    if not snapshot.has(name, now_ms):
        raise Problem("overloaded", "API keys cannot be checked right now. Try again in a second.")
