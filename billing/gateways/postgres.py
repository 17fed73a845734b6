"""What only PostgreSQL knows: one consistent reading, and trying it again when it lost a race."""

import hashlib
import json
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from typing import Any, TypeVar

from django.db import OperationalError, connection, transaction
from django.db.models import Model, QuerySet
from django.db.models.expressions import RawSQL

SERIALIZATION_FAILURE = "40001"
TRIES = 8
# Rows in hand at once: more of them are not faster, and a month may have any number.
BATCH = 250
LONG = 500_000
Result = TypeVar("Result")


@contextmanager
def repeatable_read() -> Iterator[None]:
    """A transaction in which every query sees the same moment.

    Must be the outermost transaction: an inner one shares the moment of the outer.
    """
    if connection.in_atomic_block:
        raise RuntimeError("A repeatable read has to be the outermost transaction.")
    connection.cursor().close()  # hands the connection over before the transaction's first query
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        yield


def retried(work: Callable[[], Result]) -> Result:
    """Run `work`, again when another transaction changed what it had read (SQLSTATE 40001)."""
    for _ in range(TRIES - 1):
        try:
            return work()
        except OperationalError as error:
            if getattr(error.__cause__, "sqlstate", None) != SERIALIZATION_FAILURE:
                raise
    return work()


def insert_rows(model: type[Model], rows: Iterable[Mapping[str, Any]]) -> int:
    """Insert many plain rows ({attribute: value}; what is absent takes its default); how many.

    One JSON parameter per statement, which Postgres takes apart: no model objects and no value
    adapted one by one, which would cost more than rating. Inside the caller's transaction.
    """
    columns = ", ".join(f'"{field.column}"' for field in model._meta.concrete_fields)
    table = model._meta.db_table
    statement = (
        f"INSERT INTO {table} ({columns}) SELECT {columns}"
        f" FROM json_populate_recordset(NULL::{table}, %s::json)"
    )
    count = 0
    with connection.cursor() as cursor:
        for batch in batched(rows, BATCH):
            cursor.execute(statement, [_as_json(model, batch)])
            count += len(batch)
    return count


def stored_otherwise(model: type[Model], rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """The keys of those of a run's rows that are not stored as `insert_rows` would store them."""
    table = model._meta.db_table
    statement = (
        f"SELECT m.key FROM json_populate_recordset(NULL::{table}, %s::json) m"
        f" LEFT JOIN {table} t USING (run_id, attempt, key)"
        " WHERE to_jsonb(t) - 'id' IS DISTINCT FROM to_jsonb(m) - 'id'"
    )
    found = []
    with connection.cursor() as cursor:
        for batch in batched(rows, BATCH):
            cursor.execute(statement, [_as_json(model, batch)])
            found += [key for (key,) in cursor.fetchall()]
    return found


def _as_json(model: type[Model], rows: list[Mapping[str, Any]]) -> str:
    fields = model._meta.concrete_fields
    return json.dumps([
        {field.column: row[field.attname] if field.attname in row else field.get_default()
         for field in fields} for row in rows
    ], default=str)  # fmt: skip


def long_bytes(pieces: Iterable[bytes]) -> tuple[bytes | RawSQL, str]:
    """Bytes for one column from pieces of any number, and their SHA-256, inside a transaction.

    What is longer than `LONG` is put together by Postgres: as a parameter it would be here whole,
    several times over.
    """
    digest, left, number, name = hashlib.sha256(), bytearray(), 0, str(uuid.uuid4())
    for piece in pieces:
        digest.update(piece)
        left += piece
        if len(left) > LONG:
            number += 1
            _put_piece(name, number, bytes(left))
            left.clear()
    if not number:
        return bytes(left), digest.hexdigest()
    _put_piece(name, number + 1, bytes(left))
    whole = RawSQL(
        "(SELECT string_agg(piece, ''::bytea ORDER BY number) FROM pg_temp.piece WHERE name = %s)",
        [name],
    )
    return whole, digest.hexdigest()


def _put_piece(name: str, number: int, piece: bytes) -> None:
    with connection.cursor() as cursor:
        if number == 1:
            cursor.execute(
                "CREATE TEMPORARY TABLE IF NOT EXISTS piece (name text, number integer,"
                " piece bytea) ON COMMIT DROP"
            )
        cursor.execute("INSERT INTO pg_temp.piece VALUES (%s, %s, %s)", [name, number, piece])


def delete_rows(*querysets: QuerySet[Any]) -> None:
    """Delete what each finds, by one statement and without loading it: parts before their wholes.

    Nothing hangs on these rows that Django would have to delete too.
    """
    for queryset in querysets:
        queryset._raw_delete(queryset.db)


def batched(rows: Iterable[Any], size: int) -> Iterator[list[Any]]:
    """The rows in lists of at most `size`."""
    left = iter(rows)
    while batch := list(islice(left, size)):
        yield batch


def rows(statement: str, params: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
    """Run a reading statement about the shared tables, with named parameters; its rows."""
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        return list(cursor.fetchall())
