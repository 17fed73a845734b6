"""Chroma: a collection of `chromadb`, in process or on a server."""

from typing import Any

from agentcache_overflow.vectors.protocol import SIMILARITY, Match, Payload, Vector


class ChromaVectors:
    """`collection`: as `client.get_or_create_collection(…)` gives it, in any space."""

    def __init__(self, collection: Any) -> None:
        self._collection = collection
        configured = collection.configuration_json
        index = configured.get("hnsw") or configured.get("spann") or {}
        self._similarity = SIMILARITY[index.get("space") or "l2"]

    def search(self, vector: Vector, k: int, where: Payload) -> list[Match]:
        """The `k` nearest, nearest first."""
        found = self._collection.query(
            query_embeddings=[list(vector)],
            n_results=k,
            where=_filter(where),
            include=["metadatas", "distances"],
        )
        rows = zip(found["ids"][0], found["distances"][0], found["metadatas"][0], strict=True)
        return [Match(id, self._similarity(distance), payload) for id, distance, payload in rows]

    def upsert(self, id: str, vector: Vector, payload: Payload) -> None:
        """Write one vector."""
        self._collection.upsert(ids=[id], embeddings=[list(vector)], metadatas=[dict(payload)])

    def delete(self, id: str) -> None:
        """Take one away."""
        self._collection.delete(ids=[id])


def _filter(where: Payload) -> dict[str, Any] | None:
    each: list[dict[str, Any]] = [{name: {"$eq": value}} for name, value in where.items()]
    if len(each) > 1:
        return {"$and": each}
    return each[0] if each else None
