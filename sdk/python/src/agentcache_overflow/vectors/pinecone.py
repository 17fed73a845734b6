"""Pinecone: an index, as `pinecone.Pinecone(…).Index(…)` gives it, with the metric cosine."""

from typing import Any

from agentcache_overflow.vectors.protocol import Match, Payload, Vector


class PineconeVectors:
    """`index` with the metric cosine or dotproduct; `namespace` within it."""

    def __init__(self, index: Any, namespace: str = "") -> None:
        self._index, self._namespace = index, namespace

    def search(self, vector: Vector, k: int, where: Payload) -> list[Match]:
        """The `k` nearest, nearest first."""
        found = self._index.query(
            vector=list(vector),
            top_k=k,
            filter={name: {"$eq": value} for name, value in where.items()} or None,
            include_metadata=True,
            namespace=self._namespace,
        )
        return [Match(one.id, float(one.score), dict(one.metadata or {})) for one in found.matches]

    def upsert(self, id: str, vector: Vector, payload: Payload) -> None:
        """Write one vector."""
        one = {"id": id, "values": list(vector), "metadata": dict(payload)}
        self._index.upsert(vectors=[one], namespace=self._namespace)

    def delete(self, id: str) -> None:
        """Take one away."""
        self._index.delete(ids=[id], namespace=self._namespace)
