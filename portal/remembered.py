"""What takes long to work out and may be a little old: in the cache, or in this process alone."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, TypeVar

from django.core.cache import cache

T = TypeVar("T")
_kept: dict[str, tuple[float, Any]] = {}


def remembered(key: str, seconds: int, make: Callable[[], T]) -> T:
    """The value kept under `key`, or a new one, kept for `seconds`.

    Keys are those of the partner whose page it is.
    """
    found = cache.get(key)
    if found is not None:
        return found  # type: ignore[no-any-return]
    made = make()
    cache.set(key, made, seconds)
    return made


def shared(key: str, fresh_s: float, make: Callable[[], T]) -> T:
    """This process's last value while it is fresh: who looks is no load on what is looked at."""
    at = time.monotonic()
    known = _kept.get(key)
    if known is None or at - known[0] > fresh_s:
        known = _kept[key] = (at, make())
    value: T = known[1]
    return value
