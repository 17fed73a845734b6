"""A snapshot's JSON, taken apart by Postgres: what grows with customers comes piece by piece."""

import json
import uuid
from collections.abc import Iterator, Sequence
from typing import Any, cast

from django.db import connection

from billing.rules.snapshot import ROWS

PIECE = 500_000  # bytes
_AT_ONCE = 500  # items

# `json`, not `jsonb`: texts and numbers come out as they were written.
_MEMBERS = """
SELECT json_object_agg(m.key, m.value)::text FROM billing_runsnapshot s,
    json_each(convert_from(s.{column}, 'UTF8')::json) m
WHERE s.id = %(id)s AND m.key <> ALL (%(without)s)
"""
_ITEMS = """
SELECT i.value::text FROM billing_runsnapshot s,
    json_array_elements(convert_from(s.head, 'UTF8')::json -> %(member)s) i WHERE s.id = %(id)s
"""
_CUSTOMERS = """
SELECT c.key, c.value::text FROM billing_runsnapshot s,
    json_each(convert_from(s.parties, 'UTF8')::json -> 'customers') c WHERE s.id = %(id)s
"""
# Unpacked once; a stored column would be for every piece.
_BYTES = """
WITH s AS MATERIALIZED
    (SELECT head || ''::bytea AS head FROM billing_runsnapshot WHERE id = %(id)s)
SELECT substring(s.head FROM n FOR least(%(piece)s, %(last)s - n + 1))
FROM s, generate_series(%(first)s::integer, %(last)s::integer, %(piece)s::integer) n
"""
_PLACES = """
SELECT position(%(rows)s::bytea IN head), length(head) FROM billing_runsnapshot WHERE id = %(id)s
"""

_PARTIES_SHA256 = """
SELECT encode(sha256(parties), 'hex') FROM billing_runsnapshot WHERE id = %(id)s
"""


def head_members(snapshot_id: uuid.UUID, without: Sequence[str]) -> dict[str, Any]:
    """The head's members but those named, read from their JSON."""
    return _members("head", snapshot_id, without)


def head_items(snapshot_id: uuid.UUID, member: str) -> Iterator[Any]:
    """The items of one of the head's lists, in their order; none where it has no such member."""
    for (text,) in _streamed(_ITEMS, {"id": snapshot_id, "member": member}):
        yield json.loads(text)


def head_bytes(snapshot_id: uuid.UUID) -> Iterator[bytes]:
    """The head as it was written, in pieces, of which one is `ROWS`."""
    at, size = _one(_PLACES, {"id": snapshot_id, "rows": ROWS})
    yield from _bytes(snapshot_id, 1, at - 1)
    yield ROWS
    yield from _bytes(snapshot_id, at + len(ROWS), size)


def parties_members(snapshot_id: uuid.UUID) -> dict[str, Any]:
    """The frozen names and addresses without those of customers."""
    return _members("parties", snapshot_id, ["customers"])


def customer_parties(snapshot_id: uuid.UUID) -> Iterator[tuple[str, Any]]:
    """Each customer's id with its frozen name and address."""
    for customer_id, text in _streamed(_CUSTOMERS, {"id": snapshot_id}):
        yield customer_id, json.loads(text)


def parties_sha256(snapshot_id: uuid.UUID) -> str:
    """The fingerprint of the names and addresses as they are stored."""
    (found,) = _one(_PARTIES_SHA256, {"id": snapshot_id})
    return str(found)


def _members(column: str, snapshot_id: uuid.UUID, without: Sequence[str]) -> dict[str, Any]:
    statement = _MEMBERS.format(column=column)
    (text,) = _one(statement, {"id": snapshot_id, "without": list(without)})
    return cast(dict[str, Any], json.loads(text))


def _bytes(snapshot_id: uuid.UUID, first: int, last: int) -> Iterator[bytes]:
    given = {"id": snapshot_id, "first": first, "last": last, "piece": PIECE}
    for (piece,) in _streamed(_BYTES, given, 1):
        yield bytes(piece)


def _one(statement: str, params: dict[str, Any]) -> tuple[Any, ...]:
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        return cast(tuple[Any, ...], cursor.fetchone())


def _streamed(
    statement: str, params: dict[str, Any], at_once: int = _AT_ONCE
) -> Iterator[tuple[Any, ...]]:
    with connection.chunked_cursor() as cursor:
        cursor.execute(statement, params)
        while some := cursor.fetchmany(at_once):
            yield from some
