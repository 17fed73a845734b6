"""Qdrant: a collection reached by `qdrant_client.QdrantClient`, a server's or in process."""

from typing import Any

from agentcache_overflow.vectors.protocol import Match, Payload, Vector, uuid_of

_ID = "overflow_id"  # Qdrant's own ids are numbers and UUIDs


class QdrantVectors:
    """`collection` has one unnamed vector and the distance Cosine, or Dot."""

    def __init__(self, client: Any, collection: str) -> None:
        from qdrant_client import models  # noqa: PLC0415 - whoever has a client has the package

        self._client, self._collection, self._models = client, collection, models
        distance = client.get_collection(collection).config.params.vectors.distance
        if distance not in (models.Distance.COSINE, models.Distance.DOT):
            raise ValueError(f"{collection!r} measures {distance.value}; Cosine is needed.")

    def search(self, vector: Vector, k: int, where: Payload) -> list[Match]:
        """The `k` nearest, nearest first."""
        models = self._models
        must = [
            models.FieldCondition(key=name, match=models.MatchValue(value=value))
            for name, value in where.items()
        ]
        found = self._client.query_points(
            self._collection,
            query=list(vector),
            limit=k,
            query_filter=models.Filter(must=must) if must else None,
            with_payload=True,
        )
        return [_match(point) for point in found.points]

    def upsert(self, id: str, vector: Vector, payload: Payload) -> None:
        """Write one vector."""
        point = self._models.PointStruct(
            id=uuid_of(id), vector=list(vector), payload={**payload, _ID: id}
        )
        self._client.upsert(self._collection, points=[point])

    def delete(self, id: str) -> None:
        """Take one away."""
        self._client.delete(self._collection, points_selector=[uuid_of(id)])


def _match(point: Any) -> Match:
    payload = dict(point.payload or {})
    return Match(payload.pop(_ID, str(point.id)), float(point.score), payload)
