"""A claimed host as its pages show it (partner's scope)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings

from portal.words import Word
from portal.words import domains as words
from tenants import queries
from tenants.actions.domain_checks import expected_of
from tenants.models import DomainClaim
from tenants.rules.custom_hosts import CustomHost, custom_host
from tenants.rules.dns_findings import Finding, Seen, findings
from tenants.rules.domain_states import OPEN, SECURED, SERVED, Cert, Routing, headline, may_lead


@dataclass(frozen=True)
class Check:
    """A finding in words; `name` is what was checked."""

    finding: Finding
    name: Any
    state: Word
    meaning: words.Meaning
    who: Any


@dataclass(frozen=True)
class Record:
    """A DNS record to add: `short` without the zone, as most DNS pages want it."""

    kind: str
    short: str
    name: str
    value: str
    state: Word


@dataclass(frozen=True)
class Step:
    """One of the four stations; `state` done, now, failed or later."""

    label: Any
    state: str


@dataclass(frozen=True)
class DomainView:
    """Everything on the page of one claimed host."""

    claim: DomainClaim
    host: CustomHost
    word: str
    records: tuple[Record, ...]
    checks: tuple[Check, ...]
    handshake: Any
    is_primary: bool

    @property
    def headline(self) -> Word:
        """The one word for both machines."""
        return words.HEADLINES[self.word]

    @property
    def explained(self) -> Any:
        """What that word means here."""
        return words.EXPLAINED[self.word]

    @property
    def cert(self) -> Word:
        """The certificate's state."""
        return words.CERTS[self.claim.cert]

    @property
    def is_open(self) -> bool:
        """Whether anything can still be done with it."""
        return self.claim.routing in OPEN

    @property
    def is_served(self) -> bool:
        """Whether requests to it are answered."""
        return self.claim.routing in SERVED

    @property
    def is_waiting(self) -> bool:
        """Whether the page should look again by itself."""
        return self.word in ("pending", "securing") or self.is_checking

    @property
    def is_checking(self) -> bool:
        """A check was asked for, and has not been done."""
        asked, done = self.claim.asked_at, self.claim.checked_at
        return self.is_open and asked is not None and (done is None or done < asked)

    @property
    def may_lead(self) -> bool:
        """Whether it can be made the primary host."""
        routing, cert = Routing(self.claim.routing), Cert(self.claim.cert)
        return not self.is_primary and may_lead(routing, cert, tls=settings.HTTPS)

    @property
    def steps(self) -> tuple[Step, ...]:
        """Records, check, certificate, live."""
        proved = self.is_served
        secured = proved and (self.claim.cert in SECURED or not settings.HTTPS)
        done = (self.claim.routing != Routing.DRAFT, proved, secured, self.word == "live")
        first = done.index(False) if False in done else len(done)
        here = "failed" if self.word in ("unsecured", "warning") else "now"
        states = ["done"] * first + [here] + ["later"] * len(done)
        return tuple(map(Step, words.STATIONS, states))


def domain_view(claim: DomainClaim) -> DomainView:
    """One claimed host with its last look, in four queries at most."""
    host = custom_host(claim.host)
    probe = queries.last_probe(claim.pk, "dns")
    found: tuple[Finding, ...] = ()
    if probe is not None:
        expected = expected_of(claim, held=bool(probe.seen.get("held")) and not _served(claim))
        found = findings(Seen.from_json(probe.seen), expected)
    handshake = queries.last_probe(claim.pk, "tls") if _served(claim) else None
    return DomainView(
        claim=claim,
        host=host,
        word=headline(Routing(claim.routing), Cert(claim.cert), tls=settings.HTTPS),
        records=_records(claim, host, {one.check: one.state for one in found}),
        checks=tuple(map(_check, found)),
        handshake=words.HANDSHAKES.get(handshake.verdict, "") if handshake else "",
        is_primary=queries.primary_host(claim.partner_id) == claim.host,
    )


def _served(claim: DomainClaim) -> bool:
    return claim.routing in SERVED


def _records(claim: DomainClaim, host: CustomHost, states: dict[str, Any]) -> tuple[Record, ...]:
    rows = (("TXT", host.challenge, claim.token), ("CNAME", host.host, claim.target))
    return tuple(
        Record(kind, host.relative(name), name, value,
               words.STATES[str(states.get(kind.lower(), ""))])
        for kind, name, value in rows
    )  # fmt: skip


def _check(found: Finding) -> Check:
    return Check(found, words.CHECKS[found.check], words.STATES[str(found.state)],
                 words.finding(found.code), words.WHO[str(found.who)])  # fmt: skip
