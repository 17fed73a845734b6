"""What DNS answers mean: from observations to findings that say who has to act. Pure.

A finding's text is the portal's (`portal/words/domains.py`), by its code.
"""

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from tenants.rules.custom_hosts import TOKEN_PREFIX


class State(StrEnum):
    """`unasked`: DNS gave no answer, which says nothing about the record."""

    OK = "ok"
    MISSING = "missing"
    WRONG = "wrong"
    UNASKED = "unasked"


class Who(StrEnum):
    """Who has to act."""

    NOBODY = "nobody"
    DNS = "dns"
    REGISTRAR = "registrar"
    US = "us"


class Verdict(StrEnum):
    """What a whole check says about the routing."""

    PASSED = "passed"
    FAILED = "failed"
    UNASKED = "unasked"


@dataclass(frozen=True)
class Reply:
    """One question's answer. `status`: ok, nodata, nxdomain; unasked: timeout, servfail, refused;
    bogus (the signatures of the zone do not hold)."""

    status: str
    values: tuple[str, ...] = ()

    @property
    def asked(self) -> bool:
        """Whether the zone itself has answered."""
        return self.status in ("ok", "nodata", "nxdomain")


@dataclass(frozen=True)
class Seen:
    """What DNS said about a host at one moment.

    `cname` is the chain of names behind the host; `addresses` are A and AAAA together;
    `caa` holds ``flags tag "value"`` of the first name up the tree that has any, `caa_at` that
    name; `doubled` is the challenge with the zone's name appended once more, a usual slip.
    """

    txt: Reply
    cname: Reply
    addresses: Reply
    target_addresses: Reply
    caa: Reply
    caa_at: str = ""
    doubled: Reply = Reply("nodata")

    def as_json(self) -> dict[str, Any]:
        """For the probe's row."""
        return asdict(self)

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> "Seen":
        """A probe's row back."""
        replies = {
            name: Reply(found["status"], tuple(found["values"]))
            for name, found in row.items()
            if isinstance(found, Mapping) and "status" in found
        }
        return cls(**replies, caa_at=row.get("caa_at", ""))


@dataclass(frozen=True)
class Expected:
    """What must be found. `zone_of_targets`: under which all our CNAME targets lie;
    `authorities`: the domains of the certificate authorities in use; `held`: another partner is
    still served under this name."""

    target: str
    token: str
    zone_of_targets: str
    authorities: tuple[str, ...]
    held: bool = False


@dataclass(frozen=True)
class Finding:
    """One check: what was found, what was expected, who has to act."""

    check: str
    state: State
    code: str
    who: Who
    found: tuple[str, ...] = ()
    expected: str = ""


def findings(seen: Seen, expected: Expected) -> tuple[Finding, ...]:
    """All checks of one observation, in the order a person works through them."""
    found = (_txt(seen, expected), _cname(seen, expected), _caa(seen, expected))
    if not expected.held:
        return found
    return (*found, Finding("owner", State.WRONG, "held", Who.DNS))


def verdict(found: Iterable[Finding]) -> Verdict:
    """Whether the host is proved and led to us. CAA concerns the certificate, not the routing."""
    states = {finding.state for finding in found if finding.check != "caa"}
    if states & {State.MISSING, State.WRONG}:
        return Verdict.FAILED
    return Verdict.UNASKED if State.UNASKED in states else Verdict.PASSED


_UNASKED = {
    "bogus": (State.WRONG, "dnssec", Who.REGISTRAR),
    "servfail": (State.UNASKED, "servfail", Who.NOBODY),
    "timeout": (State.UNASKED, "timeout", Who.NOBODY),
    "refused": (State.UNASKED, "refused", Who.NOBODY),
}


def unanswered(check: str, reply: Reply, expected: str) -> Finding:
    """What a question without an answer says of a check."""
    state, code, who = _UNASKED[reply.status]
    return Finding(check, state, code, who, expected=expected)


def _txt(seen: Seen, expected: Expected) -> Finding:
    wanted, values = expected.token, seen.txt.values
    if not seen.txt.asked:
        return unanswered("txt", seen.txt, wanted)
    if wanted in values:
        return Finding("txt", State.OK, "txt_found", Who.NOBODY, (wanted,), wanted)
    if wanted in seen.doubled.values:
        return Finding("txt", State.WRONG, "txt_doubled", Who.DNS, (), wanted)
    if any(value.startswith(TOKEN_PREFIX) for value in values):
        return Finding("txt", State.WRONG, "txt_stale", Who.DNS, values, wanted)
    if values:
        return Finding("txt", State.WRONG, "txt_wrong", Who.DNS, values, wanted)
    return Finding("txt", State.MISSING, "txt_missing", Who.DNS, (), wanted)


def _cname(seen: Seen, expected: Expected) -> Finding:
    target, chain = expected.target, seen.cname.values
    if not seen.cname.asked:
        return unanswered("cname", seen.cname, target)
    if target in chain:
        return Finding("cname", State.OK, "cname_found", Who.NOBODY, chain, target)
    if chain:
        ours = chain[0].endswith(f".{expected.zone_of_targets}")
        code = "cname_stale" if ours else "cname_wrong"
        return Finding("cname", State.WRONG, code, Who.DNS, chain, target)
    return _flattened(seen, target)


def _flattened(seen: Seen, target: str) -> Finding:
    """No CNAME to be seen: some DNS servers answer with the target's addresses instead."""
    found, ours = seen.addresses.values, set(seen.target_addresses.values)
    if not seen.addresses.asked:
        return unanswered("cname", seen.addresses, target)
    if not found:
        return Finding("cname", State.MISSING, "cname_missing", Who.DNS, (), target)
    if any(map(is_proxy, found)):
        return Finding("cname", State.WRONG, "proxy_on", Who.DNS, found, target)
    if not ours:
        return Finding("cname", State.UNASKED, "target_unresolved", Who.US, found, target)
    if set(found) <= ours:
        return Finding("cname", State.OK, "cname_flattened", Who.NOBODY, found, target)
    code = "addresses_mixed" if set(found) & ours else "addresses_elsewhere"
    return Finding("cname", State.WRONG, code, Who.DNS, found, target)


def _caa(seen: Seen, expected: Expected) -> Finding:
    """RFC 8659: the first name up the tree with CAA records decides who may issue."""
    wanted = f'0 issue "{expected.authorities[0]}"'
    if not seen.caa.asked:
        return unanswered("caa", seen.caa, wanted)
    issuers = [value for tag, value in map(_caa_parts, seen.caa.values) if tag == "issue"]
    if not issuers:
        return Finding("caa", State.OK, "caa_none", Who.NOBODY, seen.caa.values)
    if any(value.split(";")[0].strip() in expected.authorities for value in issuers):
        return Finding("caa", State.OK, "caa_allows", Who.NOBODY, seen.caa.values)
    return Finding("caa", State.WRONG, "caa_blocks", Who.DNS, seen.caa.values, wanted)


def _caa_parts(text: str) -> tuple[str, str]:
    _flags, tag, value = text.split(" ", 2)
    return tag.lower(), value.strip('"').lower()


# www.cloudflare.com/ips: the proxy that hides most CNAMEs.
_PROXIES = tuple(map(ipaddress.ip_network, (
    "173.245.48.0/20", "103.21.244.0/22", "103.22.200.0/22", "103.31.4.0/22", "141.101.64.0/18",
    "108.162.192.0/18", "190.93.240.0/20", "188.114.96.0/20", "197.234.240.0/22",
    "198.41.128.0/17", "162.158.0.0/15", "104.16.0.0/13", "104.24.0.0/14", "172.64.0.0/13",
    "131.0.72.0/22", "2400:cb00::/32", "2606:4700::/32", "2803:f800::/32", "2405:b500::/32",
    "2405:8100::/32", "2a06:98c0::/29", "2c0f:f248::/32",
)))  # fmt: skip


def is_proxy(address: str) -> bool:
    """Whether an address is a well-known proxy's."""
    parsed = ipaddress.ip_address(address)
    return any(parsed in network for network in _PROXIES if network.version == parsed.version)
