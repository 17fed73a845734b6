"""Weaviate: a collection of its client of version 4, `client.collections.get(…)`, in cosine."""

from typing import Any

from agentcache_overflow.vectors.protocol import Match, Payload, Vector, uuid_of

_ID = "overflow_id"  # Weaviate's own ids are UUIDs


class WeaviateVectors:
    """`collection` with the distance cosine, vectors of one's own and texts tokenized as `field`:
    anything else would find payloads that are only like the one that is asked for.
    """

    def __init__(self, collection: Any) -> None:
        from weaviate.classes import data, query  # noqa: PLC0415 - who has a collection has it

        self._collection, self._filter, self._object = collection, query.Filter, data.DataObject
        self._distance = query.MetadataQuery(distance=True)

    def search(self, vector: Vector, k: int, where: Payload) -> list[Match]:
        """The `k` nearest, nearest first."""
        each = [self._filter.by_property(name).equal(value) for name, value in where.items()]
        found = self._collection.query.near_vector(
            near_vector=list(vector),
            limit=k,
            filters=self._filter.all_of(each) if each else None,
            return_metadata=self._distance,
        )
        return [_match(each) for each in found.objects]

    def upsert(self, id: str, vector: Vector, payload: Payload) -> None:
        """Write one vector; what Weaviate inserts in a batch replaces what is there."""
        one = self._object(properties={**payload, _ID: id}, uuid=uuid_of(id), vector=list(vector))
        done = self._collection.data.insert_many([one])
        if done.has_errors:
            raise RuntimeError(f"Weaviate did not take the vector: {done.errors[0].message}")

    def delete(self, id: str) -> None:
        """Take one away."""
        self._collection.data.delete_by_id(uuid_of(id))


def _match(one: Any) -> Match:
    payload = dict(one.properties)
    id = payload.pop(_ID, str(one.uuid))
    return Match(id, 1.0 - one.metadata.distance, payload)
