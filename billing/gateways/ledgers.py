"""Final rows, hashed where they are: by PostgreSQL."""

import json
from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db.models import BinaryField

from billing.gateways.postgres import rows
from billing.rules.ledgers import LEDGERS

# Of a row as JSON: keys in a fixed order, numbers and times in one spelling (sessions are in UTC).
_SHA256 = "left(encode(sha256(convert_to(to_jsonb(t)::text, 'UTF8')), 'hex'), 32)"
_SEALED = """
WITH sealed AS MATERIALIZED (
    SELECT one.key::uuid AS id, one.value AS sha256, a.data->'tables'->%(table)s->'columns' AS of
    FROM tenants_auditentry a, jsonb_each_text(a.data->'tables'->%(table)s->'rows') one
    WHERE a.id = ANY(%(seals)s)
)"""
_FRESH = """{sealed}
SELECT t.id::text, {sha256} FROM (SELECT {columns} FROM {table} WHERE {when}) t
WHERE NOT EXISTS (SELECT 1 FROM sealed WHERE sealed.id = t.id) ORDER BY t.id LIMIT %(limit)s
"""
_COLUMNS = """{sealed} SELECT DISTINCT of::text FROM sealed ORDER BY 1"""
_UNLIKE = """{sealed}
SELECT (to_jsonb(t)->>'partner_id')::uuid, format('%%s %%s %%s', %(table)s, s.id,
    CASE WHEN t.id IS NULL THEN 'has vanished' ELSE 'is not what was sealed' END)
FROM sealed s LEFT JOIN (SELECT {columns} FROM {table}) t ON t.id = s.id
WHERE s.of = %(columns)s::jsonb AND (t.id IS NULL OR {sha256} <> s.sha256) ORDER BY s.id
"""


def unsealed(table: str, made: Sequence[UUID], limit: int) -> dict[str, Any]:
    """{"columns": [...], "rows": {id: hash}} of final rows that none of these seals covers: ids of
    the audit log's rows (`queries.seals.seal_ids`)."""
    columns = columns_of(table)
    given = {"table": table, "seals": made, "limit": limit}
    found = rows(_statement(_FRESH, table, columns), given)
    return {"columns": columns, "rows": dict(found)}


def unlike_sealed(table: str, made: Sequence[UUID]) -> Iterator[tuple[UUID | None, str]]:
    """(partner, what is wrong) of each row that is not as it was sealed."""
    given = {"table": table, "seals": made}
    present = set(columns_of(table))
    for (named,) in rows(_statement(_COLUMNS, table, []), given):
        columns = json.loads(named)
        if gone := set(columns) - present:
            yield None, f"{table} lost its columns {', '.join(sorted(gone))}: nothing is checked"
            continue
        yield from rows(_statement(_UNLIKE, table, columns), {**given, "columns": named})


def columns_of(table: str) -> list[str]:
    """What of a table a seal covers: not bytes, whose hash lies beside them and is compared."""
    (model,) = [one for one in apps.get_models() if one._meta.db_table == table]
    return sorted(
        str(field.column) for field in model._meta.concrete_fields
        if field.column not in LEDGERS[table].free and not isinstance(field, BinaryField)
    )  # fmt: skip


def _statement(text: str, table: str, columns: Sequence[str]) -> str:
    quoted = ", ".join(f'"{one}"' for one in columns)
    return text.format(sealed=_SEALED, sha256=_SHA256, table=table, columns=quoted,
                       when=LEDGERS[table].when)  # fmt: skip
