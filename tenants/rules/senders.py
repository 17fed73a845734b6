"""A partner's own address for mails: its DNS records, what was found of them, when to look again.

DKIM (RFC 6376) proves the domain and is what DMARC (RFC 7489) asks for; SPF (RFC 7208) lets our
servers send with the address as the envelope's. Both are needed; a DMARC policy is advice. Pure.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

from tenants.rules.custom_hosts import HostRefused, custom_host, parse_custom_host
from tenants.rules.dns_findings import Finding, Reply, State, Verdict, Who, unanswered

PURPOSE = b"dkim"  # what a signing key is sealed for
MOST_LOOKUPS = 10  # RFC 7208 §4.6.4: more of them are an error of the record
_LOCAL = re.compile(r"[a-z0-9](?:[a-z0-9._+-]{0,62}[a-z0-9])?")
_INCLUDES = re.compile(r"(?:^|\s)(?:\+?include:|redirect=)([a-z0-9._-]+)", re.IGNORECASE)


class Sending(StrEnum):
    """Whether mails come from the address. `warning`: they do, and the last check failed."""

    PENDING = "pending"
    VERIFIED = "verified"
    WARNING = "warning"
    ENDED = "ended"


SENDING = (Sending.VERIFIED, Sending.WARNING)
LOOKED_AT = (Sending.PENDING, *SENDING)
FALL_BACK_AFTER = 3  # failures in a row, an hour apart: mails then come from our address again
_FIRST, _LONGEST, _HOUR, _DAY = (
    timedelta(minutes=1), timedelta(hours=6), timedelta(hours=1), timedelta(days=1),
)  # fmt: skip


class AddressRefused(ValueError):
    """No address that mails can come from; `code`: not_an_address, or one of HostRefused's."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def parse_address(text: str, *, platform_domain: str) -> tuple[str, str]:
    """What somebody typed → (address, its domain), both in lower case. Raises AddressRefused."""
    local, at, domain = text.strip().lower().rpartition("@")
    if not at or not _LOCAL.fullmatch(local) or ".." in local or "/" in domain or ":" in domain:
        raise AddressRefused("not_an_address")
    try:
        host = parse_custom_host(domain, platform_domain=platform_domain).host
    except HostRefused as refused:
        raise AddressRefused(refused.code) from refused
    return f"{local}@{host}", host


@dataclass(frozen=True)
class Wanted:
    """What the records must hold. `spf_domain`: what an SPF record must include."""

    domain: str
    selector: str
    public_key: str
    spf_domain: str

    @property
    def dkim_name(self) -> str:
        """The full name of the DKIM record."""
        return f"{self.selector}._domainkey.{self.domain}"

    @property
    def dkim_value(self) -> str:
        """What the DKIM record holds."""
        return f"v=DKIM1; k=rsa; p={self.public_key}"

    @property
    def dmarc_name(self) -> str:
        """Where a policy of the domain lies."""
        return f"_dmarc.{self.domain}"

    @property
    def zone(self) -> str:
        """The whole domain that the address's belongs to."""
        return custom_host(self.domain).zone

    def spf_value(self, found: Iterable[str] = ()) -> str:
        """The SPF record that is there with our servers put in, or a fresh one."""
        ours, present = f"include:{self.spf_domain}", [one for one in found if is_spf(one)]
        if len(present) != 1:
            return f"v=spf1 {ours} ~all"
        first, _, others = present[0].partition(" ")
        return present[0] if self.spf_domain in includes(present[0]) else \
            f"{first} {ours} {others}".strip()  # fmt: skip


@dataclass(frozen=True)
class SenderSeen:
    """What DNS said: TXT of the DKIM name, of the domain and of the policy; every name that the
    SPF record includes, through others too."""

    dkim: Reply
    spf: Reply
    dmarc: Reply
    included: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """For the row."""
        texts = {
            name: {"status": reply.status, "values": list(reply.values)}
            for name, reply in (("dkim", self.dkim), ("spf", self.spf), ("dmarc", self.dmarc))
        }
        return {**texts, "included": list(self.included)}

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> "SenderSeen":
        """The row back."""
        replies = {
            name: Reply(row[name]["status"], tuple(row[name]["values"]))
            for name in ("dkim", "spf", "dmarc")
        }
        return cls(**replies, included=tuple(row["included"]))


def is_spf(text: str) -> bool:
    """Whether a TXT record is an SPF record."""
    return text.lower() == "v=spf1" or text.lower().startswith("v=spf1 ")


def includes(text: str) -> tuple[str, ...]:
    """The names that an SPF record sends a receiver on to."""
    return tuple(found.lower().rstrip(".") for found in _INCLUDES.findall(text))


def sender_findings(seen: SenderSeen, wanted: Wanted) -> tuple[Finding, ...]:
    """DKIM, SPF and DMARC, in the order a person works through them."""
    return (_dkim(seen, wanted), _spf(seen, wanted), _dmarc(seen))


def sender_verdict(found: Iterable[Finding]) -> Verdict:
    """Whether mails may come from the address. DMARC is the domain's own affair."""
    states = {finding.state for finding in found if finding.check != "dmarc"}
    if states & {State.MISSING, State.WRONG}:
        return Verdict.FAILED
    return Verdict.UNASKED if State.UNASKED in states else Verdict.PASSED


def _dkim(seen: SenderSeen, wanted: Wanted) -> Finding:
    expected, values = wanted.dkim_value, seen.dkim.values
    if not seen.dkim.asked:
        return unanswered("dkim", seen.dkim, expected)
    keys = [tags["p"] for tags in map(_tags, values) if "p" in tags]
    if wanted.public_key in keys:
        return Finding("dkim", State.OK, "dkim_found", Who.NOBODY, (), expected)
    if "" in keys:
        return Finding("dkim", State.WRONG, "dkim_revoked", Who.DNS, values, expected)
    if values:
        return Finding("dkim", State.WRONG, "dkim_other", Who.DNS, values, expected)
    return Finding("dkim", State.MISSING, "dkim_missing", Who.DNS, (), expected)


def _spf(seen: SenderSeen, wanted: Wanted) -> Finding:
    expected = wanted.spf_value(seen.spf.values)
    if not seen.spf.asked:
        return unanswered("spf", seen.spf, expected)
    records = tuple(one for one in seen.spf.values if is_spf(one))
    if not records:
        return Finding("spf", State.MISSING, "spf_missing", Who.DNS, (), expected)
    if len(records) > 1:
        return Finding("spf", State.WRONG, "spf_several", Who.DNS, records, expected)
    if wanted.spf_domain in seen.included:
        return Finding("spf", State.OK, "spf_found", Who.NOBODY, records, expected)
    return Finding("spf", State.WRONG, "spf_without_us", Who.DNS, records, expected)


def _dmarc(seen: SenderSeen) -> Finding:
    if not seen.dmarc.asked:
        return unanswered("dmarc", seen.dmarc, "")
    policies = tuple(one for one in seen.dmarc.values if one.lower().startswith("v=dmarc1"))
    if policies:
        return Finding("dmarc", State.OK, "dmarc_found", Who.NOBODY, policies)
    return Finding("dmarc", State.MISSING, "dmarc_missing", Who.DNS, (), "v=DMARC1; p=none")


def _tags(text: str) -> dict[str, str]:
    """The ``name=value`` of a DKIM record, without spaces, which DNS pages like to put in."""
    pairs = (part.partition("=") for part in text.split(";"))
    return {name.strip(): "".join(value.split()) for name, _, value in pairs if name.strip()}


@dataclass(frozen=True)
class SenderStanding:
    """Where an address is; `failures` and `tries` count checks in a row."""

    state: Sending
    failures: int = 0
    tries: int = 0


def after_sender_check(standing: SenderStanding, verdict: Verdict) -> SenderStanding:
    """The standing after a check. Who could not be asked has not failed."""
    state, failures = standing.state, standing.failures
    if state not in LOOKED_AT:
        return standing
    if verdict is Verdict.UNASKED:
        return SenderStanding(state, failures, standing.tries + 1)
    if verdict is Verdict.PASSED:
        return SenderStanding(Sending.VERIFIED)
    if state in SENDING and failures + 1 < FALL_BACK_AFTER:
        return SenderStanding(Sending.WARNING, failures + 1)
    fresh = 1 if state in SENDING else standing.tries + 1
    return SenderStanding(Sending.PENDING, 0, fresh)


def next_sender_check(standing: SenderStanding) -> timedelta | None:
    """How long until the next look; None when there is nothing to look for."""
    if standing.state is Sending.PENDING:
        return min(_FIRST * (1 << min(max(standing.tries - 1, 0), 16)), _LONGEST)
    if standing.state is Sending.WARNING:
        return _HOUR
    return _DAY if standing.state is Sending.VERIFIED else None


def relative_name(name: str, domain: str) -> str:
    """A record's name as most DNS pages want it."""
    return custom_host(domain).relative(name)
