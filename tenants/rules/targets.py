"""Where we connect to on somebody's word: which addresses are written down, and which machines.

A partner names the address, we connect from inside: every rule here keeps that from reaching
anything that is not the public Internet.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

from tenants.rules.sayings import Said

PORTS = frozenset({443, 8443})
LONGEST = 1000
_NAME = re.compile(r"(?=.{1,253}$)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}")
_LOOPBACK = frozenset({"localhost", "127.0.0.1"})
_UNICAST = ip_network("2000::/3")  # all that is given out of IPv6; site-local and others are not
# Public by number, yet answered inside a cloud; and IPv6 that carries an IPv4 address.
_REFUSED = tuple(map(ip_network, (
    "168.63.129.16/32", "192.0.0.0/24", "192.88.99.0/24", "2002::/16", "2001::/32", "3fff::/20",
)))  # fmt: skip


class BadTarget(ValueError):
    """An address that webhooks are not sent to; the text says why and what would do."""


@dataclass(frozen=True)
class Target:
    """An address in its parts; `loopback` only where the installation allows it."""

    url: str
    scheme: str
    host: str
    port: int
    path: str
    loopback: bool = False


def target(url: str, *, loopback: bool = False) -> Target:
    """A checked https address. Raises BadTarget.

    `loopback` also allows http://localhost with any unprivileged port, for development.
    """
    url = url.strip()
    if len(url) > LONGEST or not url.isascii() or not url.isprintable() or " " in url:
        raise BadTarget(
            Said(
                "Use an address of at most %(longest)s ASCII characters, without spaces.",
                longest=LONGEST,
            )
        )
    try:
        parts = urlsplit(url)
        port, host = parts.port, (parts.hostname or "").lower()
    except ValueError as error:
        raise BadTarget(
            Said("This is no address: use one such as https://example.com/hooks.")
        ) from error
    if parts.username is not None or parts.password is not None or parts.fragment or "\\" in url:
        raise BadTarget(Said("Leave out user names, passwords and fragments (#)."))
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if loopback and host in _LOOPBACK and parts.scheme == "http":
        return _on_loopback(url, host, port, path)
    if parts.scheme != "https":
        raise BadTarget(Said("Use an address that begins with https://."))
    port = 443 if port is None else port
    if port not in PORTS:
        raise BadTarget(
            Said(
                "Use one of the ports %(ports)s, not %(port)s.",
                ports=", ".join(map(str, sorted(PORTS))),
                port=port,
            )
        )
    if not _NAME.fullmatch(host) or host.endswith((".localhost", ".local", ".internal")):
        raise BadTarget(
            Said(
                "%(it)s is no public host name: addresses by number are refused.",
                it=host or Said("This"),
            )
        )
    return Target(url, "https", host, port, path)


def _on_loopback(url: str, host: str, port: int | None, path: str) -> Target:
    if port is None or port < 1024:
        raise BadTarget(Said("On localhost use a port from 1024 on."))
    return Target(url, "http", host, port, path, loopback=True)


def is_public(text: str) -> bool:
    """Whether an address (as the resolver gives it) is on the public Internet. Never raises."""
    try:
        address: IPv4Address | IPv6Address = ip_address(text)
    except ValueError:  # a scoped address such as fe80::1%eth0, or nonsense
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    if mapped is not None:
        address = mapped
    if not address.is_global or address.is_multicast or address.is_reserved:
        return False
    if address.version == 6 and address not in _UNICAST:
        return False
    return not any(address in net for net in _REFUSED if net.version == address.version)


def chosen(addresses: list[str], *, loopback: bool) -> str:
    """The address to connect to. Raises BadTarget when any of them is not one to connect to.

    One bad address among good ones is refused as a whole: the next answer might be that one.
    """
    if not addresses:
        raise BadTarget(Said("The host name has no address."))
    allowed = _is_loopback if loopback else is_public
    if not all(map(allowed, addresses)):
        raise BadTarget(
            Said("The host name leads to an address that is not on the public Internet.")
        )
    return addresses[0]


def _is_loopback(text: str) -> bool:
    try:
        return ip_address(text).is_loopback
    except ValueError:
        return False
