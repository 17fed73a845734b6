"""Which names a partner may bring, and the two records that prove one. No DNS here.

The refusals are those of Cloudflare's custom hostnames: addresses, reserved names, public suffixes.
"""

import ipaddress
from dataclasses import dataclass
from functools import lru_cache

import idna
from publicsuffixlist import PublicSuffixList

from tenants.rules.hostnames import InvalidHostname, is_platform_host

CHALLENGE_LABEL = "_agentcache-challenge"
TOKEN_PREFIX = "agentcache-verify="  # noqa: S105 - what every token begins with, not a secret
# RFC 2606, 6761, 6762, 7686, 8375, 9476 and the names ICANN keeps from being delegated.
RESERVED = frozenset({
    "test", "example", "invalid", "localhost", "local", "onion", "internal", "alt", "arpa", "home",
    "corp", "mail", "lan", "example.com", "example.net", "example.org",
})  # fmt: skip


class HostRefused(InvalidHostname):
    """A name that cannot be claimed; `code` says why: not_a_name, address, reserved, suffix,
    unknown_tld, platform."""

    def __init__(self, code: str, name: str) -> None:
        super().__init__(f"{name}: {code}")
        self.code, self.name = code, name


@dataclass(frozen=True)
class CustomHost:
    """A name a partner may bring: `host` as DNS has it, `shown` as people write it."""

    host: str
    shown: str
    zone: str

    @property
    def is_apex(self) -> bool:
        """Whether it is a whole domain, where DNS allows no CNAME."""
        return self.host == self.zone

    @property
    def challenge(self) -> str:
        """The full name of the TXT record that proves ownership."""
        return f"{CHALLENGE_LABEL}.{self.host}"

    def relative(self, name: str) -> str:
        """A record's name as most DNS pages want it: without the zone, `@` for the zone."""
        return "@" if name == self.zone else name.removesuffix(f".{self.zone}")


def parse_custom_host(text: str, *, platform_domain: str) -> CustomHost:
    """What somebody typed (an address of a browser also goes) → a host. Raises HostRefused."""
    name = text.strip().split("://")[-1].split("/")[0].rstrip(".").lower()
    if _is_address(name):
        raise HostRefused("address", name)
    try:
        host = idna.encode(name, uts46=True).decode("ascii")
    except idna.IDNAError as error:
        raise HostRefused("not_a_name", name[:80]) from error
    # Room for the challenge's label before it: a DNS name has at most 253 characters.
    if "." not in host or len(host) + len(CHALLENGE_LABEL) + 1 > 253:
        raise HostRefused("not_a_name", name[:80])
    if is_platform_host(host, platform_domain):
        raise HostRefused("platform", host)
    if any(host == one or host.endswith(f".{one}") for one in RESERVED):
        raise HostRefused("reserved", host)
    return _in_zone(host)


def custom_host(host: str) -> CustomHost:
    """The parts of a host that was accepted once; a zone nobody knows is its last two labels."""
    try:
        return _in_zone(host)
    except HostRefused:
        return CustomHost(host, host, ".".join(host.split(".")[-2:]))


def _in_zone(host: str) -> CustomHost:
    zone = _suffixes().privatesuffix(host)
    if zone is None:
        known = _suffixes().publicsuffix(host) is not None
        raise HostRefused("suffix" if known else "unknown_tld", host)
    return CustomHost(host, idna.decode(host), zone)


@lru_cache(maxsize=1)
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList(accept_unknown=False)


def _is_address(name: str) -> bool:
    bare = name[1:].split("]")[0] if name.startswith("[") else name
    for candidate in (bare, bare.rsplit(":", 1)[0]):
        try:
            ipaddress.ip_address(candidate)
        except ValueError:
            continue
        return True
    return False
