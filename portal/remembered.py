"""What takes long to work out and may be a little old: kept in the cache, worked out without it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

from django.core.cache import cache
from redis.exceptions import RedisError

T = TypeVar("T")
log = logging.getLogger(__name__)


def remembered(key: str, seconds: int, make: Callable[[], T]) -> T:
    """The value kept under `key`, or a new one, kept for `seconds`.

    Keys are those of the partner whose page it is. A cache that is away only costs time.
    """
    found: Any = None
    try:
        found = cache.get(key)
    except RedisError as error:
        log.warning("%s is not remembered: %s", key, error)
    if found is not None:
        return found  # type: ignore[no-any-return]
    made = make()
    with suppress(RedisError):
        cache.set(key, made, seconds)
    return made
