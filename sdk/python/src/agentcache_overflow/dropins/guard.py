"""The one place where a failure of ours ends: it is counted, and the caller's call goes on."""

import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any

from agentcache_overflow.client import Base

log = logging.getLogger("agentcache_overflow.dropins")
_EVERY_S = 60.0


class Guard:
    """Runs what must not fail. Failures count as `dropin_failures` of the client; each kind is
    logged once a minute, by its name only: a message could hold a prompt. `strict` lets them
    through, for tests."""

    def __init__(self, client: Base) -> None:
        self._client = client
        self._logged: dict[str, float] = {}

    def run(self, verb: Callable[..., Any], *arguments: Any) -> Any | None:
        """What the verb gives, None where it fails."""
        try:
            return verb(*arguments)
        except Exception as error:  # noqa: BLE001 - the caller's call is as it would be without us
            self._failed(error)
            return None

    async def run_async(self, verb: Callable[..., Awaitable[Any]], *arguments: Any) -> Any | None:
        """The same of what is awaited. Cancellation goes through."""
        try:
            return await verb(*arguments)
        except Exception as error:  # noqa: BLE001 - the caller's call is as it would be without us
            self._failed(error)
            return None

    def _failed(self, error: Exception) -> None:
        if self._client.options.strict:
            raise error
        self._client.core.counts.add("dropin_failures")
        kind, now = type(error).__name__, time.monotonic()
        if now - self._logged.get(kind, -_EVERY_S) >= _EVERY_S:
            self._logged[kind] = now
            log.warning("A call went on to its provider without the overflow: %s.", kind)
