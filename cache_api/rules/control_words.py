"""The words in which callers ask things of a cache: header or member → what it means. Pure.

A reader gives the members of `controls.Controls` that a text stands for, or raises ValueError.
Sources: RFC 9111 §5.2.1; the vendors' published documentation of 2026.
"""

import contextlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson

MAX_S = 10**9
MAX_TEXT, MAX_TAG, MAX_TAGS = 100, 64, 16
PRINTABLE = "[^\\u0000-\\u001f\\u007f-\\u00a0]"  # what one pattern can say of str.isprintable
_SECONDS = r"[0-9]{1,9}(?:\.[0-9]{1,6})?"
_TAG = f"[^,\\u0000-\\u001f\\u007f-\\u00a0]{{0,{MAX_TAG}}}"
Meaning = dict[str, Any]
Read = Callable[[str], Meaning]
_NO_READ: Meaning = {"reason": "no_cache"}
_OFF: Meaning = {"reason": "off", "store": False, "mode": "off"}
_MODES: dict[str, Meaning] = {
    "exact": {"mode": "exact"},
    "simple": {"mode": "exact"},
    "direct": {"mode": "exact"},
    "semantic": {"mode": "semantic"},
    "hybrid": {"mode": "semantic"},
    "off": _OFF,
    "none": _OFF,
}
_FLAGS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
_DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")


def _mode(text: str) -> Meaning:
    found = _MODES.get(text.strip().lower())
    if found is None:
        raise ValueError("no mode of any gateway")
    return found


def _own_mode(text: str) -> Meaning:
    if text not in ("exact", "semantic", "hybrid", "off"):
        raise ValueError("must be exact, semantic, hybrid or off")
    return _MODES[text]


def _number(member: str, highest: float = MAX_S) -> Read:
    def read(text: str) -> Meaning:
        if not re.fullmatch(_SECONDS, text) or float(text) > highest:
            raise ValueError(f"must be a number from 0 to {highest:g}")
        return {member: float(text)}

    return read


def _delta(member: str) -> Read:
    """RFC 9111 §1.2.2: whole seconds, however many digits."""

    def read(text: str) -> Meaning:
        if not text.isascii() or not text.isdigit():
            raise ValueError("no whole seconds")
        return {member: min(int(text[:10]), MAX_S)}

    return read


def _ttl(text: str) -> Meaning:
    seconds = _number("ttl_s")(text)
    return {"store": False} if seconds["ttl_s"] == 0 else seconds


def _duration(text: str) -> Meaning:
    """Seconds, or hours, minutes and seconds as Go writes them: 1h30m."""
    match = _DURATION.fullmatch(text)
    if match is None or not text:
        return _ttl(text)
    hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return _ttl(str(hours * 3600 + minutes * 60 + seconds))


def _text(member: str, longest: int = MAX_TEXT) -> Read:
    def read(text: str) -> Meaning:
        if not 0 < len(text) <= longest or not text.isprintable():
            raise ValueError(f"must have 1 to {longest} printable characters")
        return {member: text}

    return read


def _tags(text: str) -> Meaning:
    return {"tags": tuple(tag for part in text.split(",") if (tag := part.strip()))}


def _flag(when_true: Meaning, when_false: Meaning | None = None) -> Read:
    def read(text: str) -> Meaning:
        flag = _FLAGS.get(text.strip().lower())
        if flag is None:
            raise ValueError("must be true or false")
        return when_true if flag else when_false or {}

    return read


def cache_control(text: str) -> Meaning:
    """RFC 9111: unknown directives and senseless numbers say nothing."""
    meaning: Meaning = {}
    for part in text.split(","):
        name, _, value = part.partition("=")
        directive = _DIRECTIVES.get(name.strip().lower())
        if directive is not None:
            with contextlib.suppress(ValueError):
                meaning |= directive(value.strip().strip('"'))
    return meaning


def _portkey_config(text: str) -> Meaning:
    """The `cache` of a config sent inline; a config's id says nothing here."""
    config = orjson.loads(text) if text.startswith("{") else {}
    cache = config.get("cache") if type(config) is dict else None
    if type(cache) is not dict:
        return {}
    meaning = _mode(str(cache["mode"])) if "mode" in cache else {}
    return meaning | (_ttl(str(cache["max_age"])) if "max_age" in cache else {})


def _says(meaning: Meaning) -> Read:
    return lambda text: meaning


# `only-if-cached` is what every lookup is: a miss is told, nothing is fetched.
_DIRECTIVES: dict[str, Read] = {
    "no-cache": _says(_NO_READ),
    "no-store": _says({"store": False}),
    "max-age": _delta("max_age_s"),
    "s-maxage": _delta("max_age_s"),
    "min-fresh": _delta("min_fresh_s"),
    "max-stale": _delta("max_stale_s"),
    "stale-if-error": _delta("max_stale_s"),
}


@dataclass(frozen=True, slots=True)
class Own:
    """A header of ours: what a value looks like, in a pattern and in words, and how it is read."""

    pattern: str
    must: str
    about: str
    read: Read


OWN: dict[str, Own] = {
    "Mode": Own(
        "exact|semantic|hybrid|off",
        "must be exact, semantic, hybrid or off",
        "`exact` allows no semantic hit, `off` neither reads nor stores.",
        _mode,
    ),
    "TTL": Own(
        _SECONDS,
        "must be seconds, at most nine digits before the point",
        "Seconds a stored response lives; a body's `ttl` goes before it. 0 stores nothing.",
        _ttl,
    ),
    "Namespace": Own(
        f"{PRINTABLE}{{1,{MAX_TEXT}}}",
        f"must have 1 to {MAX_TEXT} printable characters",
        "Keeps entries of one customer apart; a body's `namespace` goes before it.",
        _text("namespace"),
    ),
    "Tags": Own(
        f"{_TAG}(?:,{_TAG}){{0,{MAX_TAGS - 1}}}",
        f"must be up to {MAX_TAGS} tags of up to {MAX_TAG} printable characters, by commas",
        f"Up to {MAX_TAGS} tags by commas; a body's `tags` go before them.",
        _tags,
    ),
    "Min-Similarity": Own(
        r"0(?:\.[0-9]{1,6})?|1(?:\.0{1,6})?",
        "must be a number from 0 to 1",
        "Makes semantic matching stricter, never looser.",
        _number("min_similarity", 1),
    ),
    "Deadline-Ms": Own(
        _SECONDS,
        "must be milliseconds, at most nine digits before the point",
        "A lookup that takes longer is a miss with `reason: deadline`.",
        _number("deadline_ms"),
    ),
}
FOREIGN: dict[bytes, Read] = {
    # Cloudflare AI Gateway
    b"cf-aig-cache-ttl": _ttl,
    b"cf-aig-skip-cache": _flag(_OFF),
    b"cf-aig-cache-key": _text("cache_key", 1024),
    # Portkey
    b"x-portkey-config": _portkey_config,
    b"x-portkey-cache": _mode,
    b"x-portkey-cache-force-refresh": _flag(_NO_READ),
    b"x-portkey-cache-namespace": _text("namespace"),
    # Helicone; its lifetime comes by Cache-Control: max-age
    b"helicone-cache-enabled": _flag({}, _OFF),
    b"helicone-cache-read": _flag({}, _NO_READ),
    b"helicone-cache-save": _flag({}, {"store": False}),
    b"helicone-cache-seed": _text("namespace"),
    # Bifrost; its cache key sets callers apart, like a namespace
    b"x-bf-cache-key": _text("namespace"),
    b"x-bf-cache-ttl": _duration,
    b"x-bf-cache-threshold": _number("min_similarity", 1),
    b"x-bf-cache-type": _mode,
    b"x-bf-cache-no-store": _flag({"store": False}),
    # OpenRouter
    b"x-openrouter-cache": _flag({}, _OFF),
    b"x-openrouter-cache-ttl": _ttl,
    b"x-openrouter-cache-clear": _flag(_NO_READ),
}
# The body's `cache`, as LiteLLM has it, with what our headers say besides. By type of its members.
_NUMBERS: dict[str, Read] = {
    "ttl": _ttl,
    "s-maxage": _number("max_age_s"),
    "max_age": _number("max_age_s"),
    "max_stale": _number("max_stale_s"),
    "min_similarity": _number("min_similarity", 1),
}
_BOOLEANS: dict[str, Read] = {
    "no-cache": _flag(_NO_READ),
    "no-store": _flag({"store": False}),
    "use-cache": _flag({}, _OFF),
}
_TEXTS: dict[str, Read] = {"namespace": _text("namespace"), "mode": _own_mode}
BY_TYPE: tuple[tuple[dict[str, Read], tuple[type, ...], str], ...] = (
    (_NUMBERS, (int, float), "a number"),
    (_BOOLEANS, (bool,), "true or false"),
    (_TEXTS, (str,), "a string"),
)
