"""PostgreSQL with pgvector: a table reached by psycopg 3, one connection or a pool of them.

CREATE TABLE questions (id text PRIMARY KEY, embedding vector(384), payload jsonb);
CREATE INDEX ON questions USING hnsw (embedding vector_cosine_ops);
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from agentcache_overflow.vectors.protocol import Match, Payload, Vector

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)?")
_SEARCH = """SELECT id, 1 - (embedding <=> %(vector)s::vector), payload FROM {table}
 WHERE payload @> %(where)s::jsonb ORDER BY embedding <=> %(vector)s::vector LIMIT %(k)s"""
_UPSERT = """INSERT INTO {table} (id, embedding, payload)
 VALUES (%(id)s, %(vector)s::vector, %(payload)s::jsonb)
 ON CONFLICT (id) DO UPDATE SET embedding = excluded.embedding, payload = excluded.payload"""
_DELETE = "DELETE FROM {table} WHERE id = %(id)s"


class PgVectors:
    """`source`: a psycopg connection, or a `psycopg_pool.ConnectionPool`. Each verb commits."""

    def __init__(self, source: Any, table: str) -> None:
        if not _NAME.fullmatch(table):
            raise ValueError(f"{table!r} is no plain name of a table.")
        self._source, self._table = source, table

    def search(self, vector: Vector, k: int, where: Payload) -> list[Match]:
        """The `k` nearest, nearest first."""
        rows = self._run(_SEARCH, vector=_text(vector), k=k, where=json.dumps(dict(where)))
        return [Match(id, float(similarity), payload) for id, similarity, payload in rows]

    def upsert(self, id: str, vector: Vector, payload: Payload) -> None:
        """Write one vector."""
        self._run(_UPSERT, id=id, vector=_text(vector), payload=json.dumps(dict(payload)))

    def delete(self, id: str) -> None:
        """Take one away."""
        self._run(_DELETE, id=id)

    def _run(self, statement: str, **values: Any) -> list[tuple[Any, ...]]:
        with self._connection() as connection:
            done = connection.execute(statement.format(table=self._table), values)
            return done.fetchall() if done.description else []

    @contextmanager
    def _connection(self) -> Iterator[Any]:
        if hasattr(self._source, "getconn"):
            with self._source.connection() as connection:
                yield connection
        else:
            with self._source.transaction():
                yield self._source


def _text(vector: Vector) -> str:
    return "[" + ",".join(map(repr, map(float, vector))) + "]"
