"""What an operator grants a partner or customer, checked before the hot path ever sees it. Pure.

A value that the edge could not read would put the whole partner out of service, so it is refused
where it is written.
"""

import math
import re
from collections.abc import Mapping
from typing import Any

import msgspec

from cache_api.rules import shapes, upstreams
from cache_api.rules.semantic import policy
from tenants.rules.sayings import Said

MAX_RPS = 1_000_000
MAX_QUOTA = 10**15
_RATES = ("key", "partner")
_LIMITS = frozenset({"key_rps", "key_burst", "partner_rps", "partner_burst", "concurrency"})
_WORDS = re.compile(r"[A-Za-z][A-Za-z0-9]*(-[A-Za-z0-9]+)*")
_KEY_PREFIX = re.compile(r"[a-z][a-z0-9]{1,9}")
_BASE = re.compile(r"https://[!#-&(-;=?-\[\]_a-z~]+/")
_BRAND: dict[str, tuple[re.Pattern[str], int, str]] = {
    "header_prefix": (_WORDS, 40, "words of letters and digits joined by hyphens"),
    "cache_name": (_WORDS, 40, "words of letters and digits joined by hyphens"),
    "problem_base": (_BASE, 200, "an https address that ends with a slash"),
    "key_prefix": (_KEY_PREFIX, 10, "2 to 10 lower-case letters and digits, a letter first"),
}


class BadEntitlement(ValueError):
    """A grant that makes no sense; the text names the member and what it must be."""


def limits(given: Any) -> dict[str, float]:
    """Requests a second and their bursts per key and per partner, and how many at once.

    `{"key_rps", "key_burst", "partner_rps", "partner_burst", "concurrency"}`, all optional. A burst
    that is left out is a second's worth, at least 1. Raises BadEntitlement.
    """
    members = _members("limits", given, _LIMITS)
    for name in members:
        highest = MAX_RPS
        lowest = 0.001 if name.endswith("_rps") else 1
        members[name] = _number(name, members[name], lowest, highest)
    for name in _RATES:
        rate = members.get(f"{name}_rps")
        if rate is not None:
            members.setdefault(f"{name}_burst", max(1, math.ceil(rate)))
        elif f"{name}_burst" in members:
            raise BadEntitlement(Said("%(name)s_burst needs %(name)s_rps beside it.", name=name))
    if "concurrency" in members:
        members["concurrency"] = int(members["concurrency"])
    return members


def quota(given: Any) -> dict[str, Any]:
    """Lookups a UTC day and a UTC month; `hard` refuses beyond them instead of missing.

    `{"day", "month", "hard"}`: at least one of the first two. Raises BadEntitlement.
    """
    members = _members("quota", given, frozenset({"day", "month", "hard"}))
    if type(members.setdefault("hard", False)) is not bool:
        raise BadEntitlement(Said("hard must be true or false."))
    for name in ("day", "month"):
        if name in members:
            members[name] = int(_number(name, members[name], 0, MAX_QUOTA))
    if len(members) == 1:
        raise BadEntitlement(Said("A quota needs day, month or both."))
    return members


def hide_powered_by(given: Any) -> dict[str, bool]:
    """Whether a partner may show its pages, mails and papers without our name: `{"granted"}`.

    Raises BadEntitlement.
    """
    members = _members("hide_powered_by", given, frozenset({"granted"}))
    if type(members.get("granted")) is not bool:
        raise BadEntitlement(Said("granted must be true or false."))
    return members


def brand(given: Any) -> dict[str, str]:
    """How a partner's API calls itself.

    `{"header_prefix", "cache_name", "problem_base", "key_prefix"}`: all of them. Raises
    BadEntitlement.
    """
    members = _members("brand_api", given, frozenset(_BRAND))
    for name, (shape, longest, meaning) in _BRAND.items():
        text = members.get(name)
        if type(text) is not str or len(text) > longest or not shape.fullmatch(text):
            raise BadEntitlement(
                Said(
                    "%(name)s must be %(meaning)s, at most %(longest)s characters.",
                    name=name,
                    meaning=meaning,
                    longest=longest,
                )
            )
    if members["header_prefix"].lower() == "cache":
        raise BadEntitlement(
            Said("header_prefix Cache would collide with the standard Cache-Status.")
        )
    return members


def semantic(given: Any) -> dict[str, Any]:
    """Semantic matching and how careful it is; what is left out has its default.

    `{"threshold", "budget_bps", "shadow_bps", "max_temperature", "prove_first"}`, as in
    `rules.semantic.policy`. Raises BadEntitlement.
    """
    members = _members("semantic", given, frozenset(policy.Policy.__struct_fields__))
    try:
        checked: dict[str, Any] = msgspec.to_builtins(policy.policy_of(members))
    except policy.BadPolicy as error:
        raise BadEntitlement(str(error)) from error
    return checked


def forwarding(given: Any) -> dict[str, str]:
    """Where misses may be forwarded to: provider → the base address its client would be given.

    `{}` forwards nothing any more. Raises BadEntitlement.
    """
    members = _members("upstreams", given, shapes.OPENAI_COMPATIBLE | {"anthropic"})
    usable = upstreams.granted(members)
    for name in members:
        if name not in usable:
            raise BadEntitlement(
                Said("%(name)s must be an https address without credentials or query.", name=name)
            )
    return usable


def _members(what: str, given: Any, known: frozenset[str]) -> dict[str, Any]:
    if not isinstance(given, Mapping):
        raise BadEntitlement(
            Said(
                "%(what)s must be an object with %(known)s.",
                what=what,
                known=", ".join(sorted(known)),
            )
        )
    for name in given:
        if name not in known:
            raise BadEntitlement(
                Said(
                    "%(what)s has no %(name)s; it knows %(known)s.",
                    what=what,
                    name=f"{name!r}",
                    known=", ".join(sorted(known)),
                )
            )
    return dict(given)


def _number(name: str, given: Any, lowest: float, highest: float) -> float:
    if type(given) not in (int, float) or not lowest <= given <= highest:
        raise BadEntitlement(
            Said(
                "%(name)s must be a number from %(lowest)s to %(highest)s.",
                name=name,
                lowest=lowest,
                highest=highest,
            )
        )
    number: float = given
    return number
