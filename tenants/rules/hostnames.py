"""Hostnames: one normal form, and which names may belong to a partner. No DNS here."""

import re

from tenants.rules.sayings import Said

_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")
# A name or an IPv6 literal, and a port that is a number: it is repeated in links and redirects.
_HOST = re.compile(r"(?:\[([0-9a-f.]*:[0-9a-f:.]*)\]|([^:\[\]]+))(?::[0-9]{0,5})?")


class InvalidHostname(ValueError):
    """A name that cannot be served; `str()` says what is wrong with it."""


def normalise(host: str) -> str:
    """`Host` header → the form stored in the domain table: lower case, no port, no final dot, IDNA.

    An IPv6 literal keeps its brackets off. Raises InvalidHostname on anything else.
    """
    found = _HOST.fullmatch(host.strip().lower())
    if found is None:
        return _refuse(host)
    if found[1]:
        return found[1]
    name = found[2].removesuffix(".")
    try:
        ascii_name = name.encode("idna").decode("ascii") if not name.isascii() else name
    except UnicodeError:
        _refuse(host)
    if not ascii_name or len(ascii_name) > 253:
        _refuse(host)
    if not all(_LABEL.fullmatch(label) for label in ascii_name.split(".")):
        _refuse(host)
    return ascii_name


def is_platform_host(name: str, platform_domain: str) -> bool:
    """Whether a normalised name lies in the platform's own zone."""
    return name == platform_domain or name.endswith(f".{platform_domain}")


def partner_fallback_host(slug: str, platform_domain: str) -> str:
    """The host every partner always has: `<slug>.partners.<platform domain>`."""
    return f"{slug}.partners.{platform_domain}"


def check_custom_host(name: str, platform_domain: str) -> None:
    """Refuse names a partner may not attach. Raises InvalidHostname saying why."""
    if is_platform_host(name, platform_domain):
        raise InvalidHostname(
            Said("%(name)s lies in the platform's own zone; use your own domain.", name=name)
        )
    if "." not in name or name.replace(".", "").isdigit():
        raise InvalidHostname(
            Said("%(name)s is not a domain name; use something like cache.example.com.", name=name)
        )


def _refuse(host: str) -> str:
    raise InvalidHostname(Said("%(host)s is not a hostname.", host=f"{host!r}"))
