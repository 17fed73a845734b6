"""Milvus: a collection reached by `pymilvus.MilvusClient`, a server's or Milvus Lite's."""

import json
from typing import Any

from agentcache_overflow.vectors.protocol import SIMILARITY, Match, Payload, Similarity, Vector

# Milvus calls the cosine and the inner product of two vectors their distance.
_SIMILARITY: dict[str, Similarity] = {"COSINE": float, "IP": float, "L2": SIMILARITY["l2"]}


class MilvusVectors:
    """`collection` has a string primary key `id`, a vector field `vector`, dynamic fields."""

    def __init__(self, client: Any, collection: str) -> None:
        self._client, self._collection = client, collection
        index = client.describe_index(collection, client.list_indexes(collection)[0])
        self._similarity = _SIMILARITY[index["metric_type"]]

    def search(self, vector: Vector, k: int, where: Payload) -> list[Match]:
        """The `k` nearest, nearest first."""
        found = self._client.search(
            collection_name=self._collection,
            data=[list(vector)],
            limit=k,
            filter=" and ".join(f"{name} == {_quoted(value)}" for name, value in where.items()),
            output_fields=["*"],
        )
        return [
            Match(hit["id"], self._similarity(hit["distance"]), _payload(hit["entity"]))
            for hit in found[0]
        ]

    def upsert(self, id: str, vector: Vector, payload: Payload) -> None:
        """Write one vector."""
        row = {"id": id, "vector": list(vector), **payload}
        self._client.upsert(collection_name=self._collection, data=[row])

    def delete(self, id: str) -> None:
        """Take one away."""
        self._client.delete(collection_name=self._collection, ids=[id])


def _payload(entity: dict[str, Any]) -> dict[str, str]:
    return {name: value for name, value in entity.items() if name not in ("id", "vector")}


def _quoted(text: str) -> str:
    # Milvus Lite knows neither templates nor \u escapes.
    return json.dumps(text, ensure_ascii=False)
