"""What a write means for the overflow, whoever the primary is (BEHAVIOUR.md, "A write …")."""

import json
import time
from typing import Any

from agentcache_overflow.answer import Answer
from agentcache_overflow.core import Core
from agentcache_overflow.race import OVERFLOW, Primary
from agentcache_overflow.wire import Named

MOST_PARSED = 1024 * 1024
_FULL = ("out of memory", "oom ", "maxmemory", "too large for cache")


def takes_part(core: Core, key: str | bytes) -> bool:
    """Whether a key begins with one of the configured prefixes."""
    prefixes = core.options.prefixes
    if prefixes == ("",):
        return True
    raw = key if isinstance(key, bytes) else key.encode("utf-8", "surrogatepass")
    return raw.startswith(tuple(prefix.encode() for prefix in prefixes))


def about(value: Any) -> dict[str, Any]:
    """Provider, model and usage of a value that is a provider's answer: by them the savings of its
    hits are known. {} for anything else."""
    found = value
    if isinstance(value, bytes | str):
        head = value[:1]
        if head not in (b"{", "{") or len(value) > MOST_PARSED:
            return {}
        try:
            found = json.loads(value)
        except (ValueError, RecursionError):
            return {}
    if not isinstance(found, dict) or not isinstance(found.get("usage"), dict):
        return {}
    provider = "anthropic" if found.get("type") == "message" else ""
    if "choices" in found or found.get("object") == "response":
        provider = "openai"
    if not provider or not isinstance(found.get("model"), str):
        return {}
    return {"provider": provider, "model": found["model"][:64], "usage": found["usage"]}


def is_full(error: BaseException) -> bool:
    """Whether a primary says that it has no room, in Redis's or Memcached's words."""
    text = str(error).lower() + " "
    return "OutOfMemory" in type(error).__name__ or any(word in text for word in _FULL)


def is_too_large(core: Core, value: Any) -> bool:
    """Whether a value stays out of the primary."""
    most = core.options.max_primary_bytes
    return most is not None and size_of(value) > most


def size_of(value: Any) -> int:
    """Bytes of a value."""
    if isinstance(value, str):
        return len(value.encode("utf-8", "surrogatepass"))
    return len(value) if isinstance(value, bytes | bytearray | memoryview) else len(repr(value))


def can_divert(core: Core) -> bool:
    """Whether the overflow could take what the primary cannot."""
    return not core.is_closed and not core.breaker.is_open


def was_set(primary: Primary, named: Named, value: Any, ttl_s: float | None) -> None:
    """The primary has it: the overflow will. Anything that cannot travel is not stored."""
    core = primary.core
    primary.diverted.pop(named.ident, None)
    if ttl_s is not None and ttl_s < 1:
        core.outbox.forget(named.ident, 0)
        core.changes.add(named.ident)
        core.owed.add(named.members["cache_key"])
        core.outbox.poke()
        return
    try:
        lifetime = None if ttl_s is None else int(ttl_s)
        core.store(named, value, is_set=True, ttl=lifetime, **about(value))
    except (TypeError, ValueError) as error:
        core.counts.add("stores_failed")
        core.counts.say("stores_failed", f"a value that is neither JSON nor bytes: {type(error)}")


def was_diverted(primary: Primary, named: Named, value: Any, ttl_s: float | None) -> None:
    """The overflow alone has it."""
    was_set(primary, named, value, ttl_s)
    primary.divert(named.ident)


def may_repair(primary: Primary, named: Named, found: Answer, since: int) -> bool:
    """Whether what the overflow had is to be written back."""
    core = primary.core
    return (
        core.options.read_repair
        and found.answered_by == OVERFLOW
        and found.status == "hit"
        and found.overflow_reason == "miss"
        and not primary.breaker.is_open
        and not is_too_large(core, found.response)
        and not core.changes.since(since, named.ident)
    )


def seconds_left(found: Answer) -> int | None:
    """The entry's remaining lifetime in whole seconds; None where it is not known."""
    if found.expires_at is None:
        return None
    return int(found.expires_at - time.time())
