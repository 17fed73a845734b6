"""The two machines of a claimed host, routing and certificate, and when to look again. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from tenants.rules.dns_findings import Verdict


class Routing(StrEnum):
    """Whether the name is proved and led to us. `moved` and `released` are final."""

    DRAFT = "draft"
    PENDING = "pending"
    VERIFIED = "verified"
    WARNING = "warning"
    MOVED = "moved"
    RELEASED = "released"


class Cert(StrEnum):
    """How far the certificate is. `none` unless the routing serves."""

    NONE = "none"
    ALLOWED = "allowed"
    ISSUING = "issuing"
    ACTIVE = "active"
    RENEWING = "renewing"
    ERROR = "error"


OPEN = (Routing.DRAFT, Routing.PENDING, Routing.VERIFIED, Routing.WARNING)
SERVED = (Routing.VERIFIED, Routing.WARNING)
CHECKED = (Routing.PENDING, *SERVED)
SECURED = (Cert.ACTIVE, Cert.RENEWING)
# Which steps there are; the database holds the same tables (migration 0007, compared by a test).
ROUTING_STEPS = frozenset({
    (Routing.DRAFT, Routing.PENDING), (Routing.PENDING, Routing.VERIFIED),
    (Routing.VERIFIED, Routing.WARNING), (Routing.WARNING, Routing.VERIFIED),
    (Routing.WARNING, Routing.MOVED),
    *((routing, Routing.RELEASED) for routing in (*OPEN, Routing.MOVED)),
})  # fmt: skip
_SERVED_CERTS = (Cert.ISSUING, Cert.ACTIVE, Cert.RENEWING, Cert.ERROR)
CERT_STEPS = frozenset({
    (Cert.NONE, Cert.ALLOWED), *((Cert.ALLOWED, to) for to in _SERVED_CERTS),
    *((cert, to) for cert in _SERVED_CERTS for to in (*_SERVED_CERTS, Cert.NONE) if cert != to),
    (Cert.ALLOWED, Cert.NONE),
} - {(Cert.ACTIVE, Cert.ISSUING), (Cert.RENEWING, Cert.ISSUING)})  # fmt: skip

MOVED_AFTER = 10  # failures in a row: five days and a half with the pauses below
CERT_TRIES = 5
RENEWAL_ALARMS_DAYS = (21, 7, 1)
PENDING_FOR = timedelta(days=30)
REDIRECT_FOR = timedelta(days=30)
_FIRST, _LONGEST = timedelta(seconds=20), timedelta(hours=6)
_WARNING_FIRST, _DAY = timedelta(hours=1), timedelta(days=1)
_ASK_AGAIN = timedelta(minutes=10)


@dataclass(frozen=True)
class Standing:
    """Where a claim's routing stands; `failures` and `tries` count checks in a row."""

    routing: Routing
    failures: int = 0
    tries: int = 0


def after_check(standing: Standing, verdict: Verdict, *, contested: bool = False) -> Standing:
    """The standing after a check. Who could not be asked has not failed.

    `contested`: another partner has proved the name, so that the second failure decides.
    """
    routing, failures = standing.routing, standing.failures
    if routing not in CHECKED:
        return standing
    if verdict is Verdict.PASSED:
        return Standing(Routing.VERIFIED)
    if verdict is Verdict.UNASKED or routing is Routing.PENDING:
        return Standing(routing, failures, standing.tries + 1)
    moved = routing is Routing.WARNING and failures + 1 >= (2 if contested else MOVED_AFTER)
    return Standing(Routing.MOVED if moved else Routing.WARNING, failures + 1)


def next_check(
    standing: Standing, cert: Cert, cert_tries: int, verdict: Verdict
) -> timedelta | None:
    """How long until the next look; None when there is nothing to look for."""
    if standing.routing not in CHECKED:
        return None
    pauses = {
        Routing.PENDING: _doubling(_FIRST, standing.tries, _LONGEST),
        Routing.VERIFIED: _DAY,
        Routing.WARNING: _doubling(_WARNING_FIRST, standing.failures, _DAY),
    }
    pause = pauses[standing.routing]
    if verdict is Verdict.UNASKED and standing.routing in SERVED:
        pause = min(pause, _ASK_AGAIN)
    if cert in (Cert.ALLOWED, Cert.ISSUING, Cert.ERROR):
        pause = min(pause, _doubling(_FIRST, cert_tries, _LONGEST))
    return pause


def _doubling(first: timedelta, count: int, longest: timedelta) -> timedelta:
    return min(first * (1 << min(max(count - 1, 0), 16)), longest)


@dataclass(frozen=True)
class CertSeen:
    """What a TLS handshake showed. `outcome`: served, refused, untrusted, wrong_name, expired,
    unreachable. `detail`: the handshake's own words."""

    outcome: str
    issuer: str = ""
    not_before: datetime | None = None
    not_after: datetime | None = None
    detail: str = ""


def after_handshake(cert: Cert, tries: int, seen: CertSeen, now: datetime) -> tuple[Cert, int]:
    """The certificate's state and how often it was tried in vain. Unreachable says nothing new.

    Caddy renews with a third of the lifetime left; with less than a quarter (21 days at most) it is
    late.
    """
    if seen.outcome == "served" and seen.not_before and seen.not_after:
        late = min(timedelta(days=RENEWAL_ALARMS_DAYS[0]), (seen.not_after - seen.not_before) / 4)
        return (Cert.RENEWING if seen.not_after - now < late else Cert.ACTIVE), 0
    if seen.outcome == "unreachable" and cert in SECURED:
        return cert, tries
    waiting = cert in (Cert.ALLOWED, Cert.ISSUING) and tries + 1 < CERT_TRIES
    return (Cert.ISSUING if waiting else Cert.ERROR), tries + 1


def headline(routing: Routing, cert: Cert, *, tls: bool) -> str:
    """The one word for both machines; without TLS (loopback demo) the routing alone decides."""
    if routing not in SERVED:
        return str(routing)
    if tls and cert is Cert.ERROR:
        return "unsecured"
    if routing is Routing.WARNING:
        return "warning"
    return "live" if cert in SECURED or not tls else "securing"


def may_lead(routing: Routing, cert: Cert, *, tls: bool) -> bool:
    """Whether a host may become the primary one: visitors must not meet a TLS error."""
    return routing in SERVED and (cert in SECURED or not tls)


def notice(
    routing: Routing, cert: Cert, not_after: datetime | None, now: datetime, *, tls: bool
) -> str:
    """What the partner should have been told by mail, '' when nothing: each is told once."""
    if routing in (Routing.WARNING, Routing.MOVED):
        return str(routing)
    if routing is not Routing.VERIFIED:
        return ""
    if cert is Cert.RENEWING and not_after is not None:
        days = max((not_after - now).days, 0)
        return f"renewal_{min(alarm for alarm in RENEWAL_ALARMS_DAYS if days <= alarm)}"
    if cert is Cert.ERROR:
        return "unsecured"
    return "live" if cert in SECURED or not tls else ""
