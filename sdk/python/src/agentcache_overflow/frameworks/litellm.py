"""LiteLLM: `litellm.cache = litellm.Cache(); litellm.cache.cache = LiteLLMCache(overflow)`.

Nothing of LiteLLM is imported: this has the verbs that its `BaseCache` asks for. The key is
LiteLLM's own, which leaves some parameters of some providers out (its `get_cache_key`); the
transport of `dropins` counts them all.
"""

import asyncio
from typing import Any

_PREFIX = "litellm:"


class LiteLLMCache:
    """`client`: an overflow client. `async_client`: for `acompletion`, without a thread."""

    def __init__(self, client: Any, async_client: Any = None) -> None:
        self._client, self._async = client, async_client

    def get_cache(self, key: str, **kwargs: Any) -> Any:
        """What is stored, or None."""
        return _value(self._client.get(key=_PREFIX + key))

    def set_cache(self, key: str, value: Any, **kwargs: Any) -> None:
        """Store in the background."""
        self._client.put(key=_PREFIX + key, response=value, ttl=kwargs.get("ttl"))

    async def async_get_cache(self, key: str, **kwargs: Any) -> Any:
        """What is stored, or None."""
        if self._async is None:
            return await asyncio.to_thread(self.get_cache, key)
        return _value(await self._async.get(key=_PREFIX + key))

    async def async_set_cache(self, key: str, value: Any, **kwargs: Any) -> None:
        """Store in the background."""
        if self._async is None:
            self.set_cache(key, value, **kwargs)
        else:
            self._async.put(key=_PREFIX + key, response=value, ttl=kwargs.get("ttl"))

    async def async_set_cache_pipeline(
        self, cache_list: list[tuple[str, Any]], **kwargs: Any
    ) -> None:
        """Store several."""
        for key, value in cache_list:
            await self.async_set_cache(key, value, **kwargs)

    async def batch_cache_write(self, key: str, value: Any, **kwargs: Any) -> None:
        """Store; the client batches by itself."""
        await self.async_set_cache(key, value, **kwargs)

    async def ping(self) -> bool:
        """Whether the overflow is there and knows the key."""
        told = await asyncio.to_thread(self._client.ping)
        return bool(told["ok"])

    async def delete_cache_keys(self, keys: list[str]) -> None:
        """Purge."""
        for key in keys:
            await asyncio.to_thread(self._client.delete, key=_PREFIX + key)

    async def disconnect(self) -> None:
        """Nothing: the client is its owner's to close."""


def _value(answer: Any) -> Any:
    return answer.response if answer.hit else None
