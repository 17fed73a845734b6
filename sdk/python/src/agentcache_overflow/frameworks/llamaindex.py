"""LlamaIndex: a key-value store for its ingestion and embedding caches. Needs `llama-index-core`.

`IngestionCache(cache=LlamaIndexStore(overflow))`, `embed_model.embeddings_cache = …`.
"""

import asyncio
from typing import Any

from llama_index.core.storage.kvstore.types import DEFAULT_COLLECTION, BaseKVStore

TAG = "llama-index"


class LlamaIndexStore(BaseKVStore):
    """`client`: an overflow client. `async_client`: for the `a…` verbs, without a thread."""

    def __init__(self, client: Any, async_client: Any = None) -> None:
        self._client, self._async = client, async_client

    def put(self, key: str, val: dict[str, Any], collection: str = DEFAULT_COLLECTION) -> None:
        """Store in the background."""
        self._client.put(key=_name(collection, key), response=val, tags=[TAG])

    def get(self, key: str, collection: str = DEFAULT_COLLECTION) -> dict[str, Any] | None:
        """What is stored, or None."""
        return _value(self._client.get(key=_name(collection, key)))

    def delete(self, key: str, collection: str = DEFAULT_COLLECTION) -> bool:
        """Purge; whether that was acknowledged."""
        return bool(self._client.delete(key=_name(collection, key)))

    def get_all(self, collection: str = DEFAULT_COLLECTION) -> dict[str, dict[str, Any]]:
        """Nothing: what an overflow cache holds cannot be listed."""
        return {}

    async def aput(
        self, key: str, val: dict[str, Any], collection: str = DEFAULT_COLLECTION
    ) -> None:
        """Store in the background."""
        if self._async is None:
            self.put(key, val, collection)
        else:
            self._async.put(key=_name(collection, key), response=val, tags=[TAG])

    async def aget(self, key: str, collection: str = DEFAULT_COLLECTION) -> dict[str, Any] | None:
        """What is stored, or None."""
        if self._async is None:
            return await asyncio.to_thread(self.get, key, collection)
        return _value(await self._async.get(key=_name(collection, key)))

    async def adelete(self, key: str, collection: str = DEFAULT_COLLECTION) -> bool:
        """Purge; whether that was acknowledged."""
        if self._async is None:
            return await asyncio.to_thread(self.delete, key, collection)
        return bool(await self._async.delete(key=_name(collection, key)))

    async def aget_all(self, collection: str = DEFAULT_COLLECTION) -> dict[str, dict[str, Any]]:
        """Nothing, as `get_all`."""
        return {}


def _name(collection: str, key: str) -> str:
    return f"{TAG}:{collection}:{key}"


def _value(answer: Any) -> dict[str, Any] | None:
    return answer.response if answer.hit and type(answer.response) is dict else None
