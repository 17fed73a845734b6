"""The recorder's hands: each function is one step of recording, in the caller's transaction.

Several partners' schemas are written by qualified name in one transaction, which Django's models
cannot do; this is the only file that runs that SQL.
"""

import json
from collections.abc import Container, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from psycopg import sql as compose

from cache_api.metering import sql
from cache_api.rules import windows
from cache_api.rules.events import UsageEvent
from cache_api.rules.staging import COLUMNS, copy_text
from tenants.rules.ids import uuid7

Params = Sequence[Any] | Mapping[str, Any]

# Asks the catalogue, because naming a schema one has no right on raises instead of answering null.
_SCHEMAS = """
SELECT p.id, p.schema_name FROM tenants_partner p
JOIN pg_namespace n ON n.nspname = p.schema_name
JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = 'cache_api_rolluphour'
WHERE p.id = ANY(%s) AND has_schema_privilege(n.oid, 'USAGE')
"""
_OLDEST_DAY = """
SELECT min(to_date(right(c.relname, 8), 'YYYYMMDD')) FROM pg_inherits i
JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'usage_event'::regclass
"""
_KEPT_DAYS = """
SELECT to_date(right(c.relname, 8), 'YYYYMMDD') FROM pg_inherits i
JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'usage_event'::regclass ORDER BY 1
"""
# A sealed day without its table was dropped, and so was what is older.
_GONE_UNTIL = """
SELECT max(day) FROM (SELECT DISTINCT day FROM usage_day_root) AS sealed
WHERE to_regclass('public.usage_event_' || to_char(day, 'YYYYMMDD')) IS NULL
"""
# The highest number of each process in the day, for the equation of numbers without a gap.
_NOTE_NUMBERS = """
INSERT INTO duplicate_event (boot_id, seq, event_id, recorded_batch)
SELECT DISTINCT ON (boot_id) boot_id, seq, event_id, recorded_batch FROM {table}
WHERE boot_id IS NOT NULL ORDER BY boot_id, seq DESC
ON CONFLICT DO NOTHING
"""
_BLOCK = 1000
_COPY = f"COPY pg_temp.staged ({', '.join(COLUMNS)}) FROM STDIN"


def schemas(partner_ids: Iterable[UUID]) -> dict[UUID, str]:
    """Partner → schema, for those whose schema exists and may be written."""
    return dict(_rows(_SCHEMAS, [list(partner_ids)]))


def recorded(event_ids: Sequence[UUID], columns: Sequence[str]) -> dict[UUID, tuple[Any, ...]]:
    """event_id → these columns of what is recorded under it: one query."""
    names = compose.SQL(", ").join(map(compose.Identifier, ["event_id", *columns]))
    query = compose.SQL("SELECT {} FROM usage_event WHERE event_id = ANY(%s)").format(names)
    return {event_id: tuple(rest) for event_id, *rest in _rows(query, [list(event_ids)])}


def prepare() -> None:
    """The two temporary tables, empty."""
    for statement in (sql.CREATE_STAGED, sql.CREATE_FRESH, sql.EMPTY):
        _run(statement)


def ensure_days(days: Iterable[date]) -> None:
    """A partition for each UTC day. Asked for all days of a batch before any lock is taken."""
    _run("SELECT metering_ensure_days(day, day) FROM unnest(%s::date[]) AS day", [sorted(days)])


def lock_partners(partner_ids: Iterable[UUID], now: datetime) -> None:
    """One writer per partner until the transaction ends, always locked in the same order."""
    wanted = sorted(partner_ids)
    _run(
        "INSERT INTO partner_position (partner_id, last_batch, updated_at)"
        " SELECT partner_id, 0, %s FROM unnest(%s::uuid[]) AS partner_id"
        " ON CONFLICT DO NOTHING",
        [now, wanted],
    )
    _run(
        "SELECT 1 FROM partner_position WHERE partner_id = ANY(%s) ORDER BY partner_id FOR UPDATE",
        [wanted],
    )


def next_batch() -> int:
    """A batch number, drawn only after the partners are locked: so it grows as batches commit."""
    return int(_rows("SELECT nextval('recorder_batch_id_seq')")[0][0])


def note_batch(
    batch: int,
    source: str,
    received: int,
    inserted: int,
    partner_ids: Iterable[UUID],
    now: datetime,
) -> None:
    """Write down what the batch brought, and that these partners have reached it."""
    _run(
        "INSERT INTO recorder_batch (id, source, received, events, at) VALUES (%s, %s, %s, %s, %s)",
        [batch, source, received, inserted, now],
    )
    _run(
        "UPDATE partner_position SET last_batch = %s, updated_at = %s WHERE partner_id = ANY(%s)",
        [batch, now, list(partner_ids)],
    )


def insert_new(events: Sequence[UsageEvent], batch: int) -> int:
    """Stage the events, insert the unknown ones, sum them into `fresh`; how many were new.

    Nearly always all are new: then a plain INSERT and sums over the staged rows cost two thirds of
    the statement that sorts out the known ones. The primary key says which case it is.
    """
    _run(sql.EMPTY)
    _copy(events)
    try:
        with transaction.atomic():
            _run(sql.INSERT, [batch])
            _run(sql.FRESH_FROM_STAGED)
        return len(events)
    except IntegrityError:
        _run(sql.INSERT_SOME, [batch])
    _run(sql.NOTE_DUPLICATES, [batch])
    return int(_rows(sql.COUNT_FRESH)[0][0])


_OF_A_HIT = (
    "event_id", "partner_id", "customer", "kind", "outcome", "livemode", "provider", "model",
    "tokens_in", "tokens_out", "bytes", "namespace", "cost_saved_micros", "price_version", "region",
)  # fmt: skip


def lookups(event_ids: Iterable[UUID]) -> dict[UUID, UsageEvent]:
    """The recorded lookups among these events, with the members that a correction needs."""
    rows = _rows(
        f"SELECT {', '.join(_OF_A_HIT)} FROM usage_event"
        " WHERE event_id = ANY(%s) AND kind = 'lookup'",
        [list(event_ids)],
    )
    return {row[0]: UsageEvent(**dict(zip(_OF_A_HIT, row, strict=True))) for row in rows}


_FEEDBACK = (
    "event_id", "partner_id", "customer", "kind", "outcome", "livemode", "reason", "region",
    "key_id", "sdk",
)  # fmt: skip
_WAITING = """
FROM usage_event WHERE kind = 'feedback' AND outcome = 'unmatched' AND event_id >= %s
"""


def waiting_feedback(oldest_hit: UUID, reasons: Iterable[str]) -> list[UsageEvent]:
    """Recorded feedback that fitted no hit so far and gives one of these reasons, oldest first."""
    if not _rows(f"SELECT 1 {_WAITING} LIMIT 1", [oldest_hit]):
        return []  # nearly always
    rows = _rows(
        f"SELECT {', '.join(_FEEDBACK)} {_WAITING} AND reason IN (SELECT unnest(%s::text[]))"
        " ORDER BY event_id",
        [oldest_hit, list(reasons)],
    )
    return [UsageEvent(**dict(zip(_FEEDBACK, row, strict=True))) for row in rows]


def _copy(events: Sequence[UsageEvent]) -> None:
    # psycopg's own copy is not a Django call, so its errors must be translated here; written in
    # blocks, so that the server parses one while the next is formatted.
    with connection.wrap_database_errors, connection.cursor() as cursor, cursor.copy(_COPY) as copy:
        for start in range(0, len(events), _BLOCK):
            copy.write(copy_text(events[start : start + _BLOCK]))


def oldest_day() -> date | None:
    """The first UTC day whose events are still kept, or None before the first event."""
    return _rows(_OLDEST_DAY)[0][0]  # type: ignore[no-any-return]


def kept_days() -> list[date]:
    """The UTC days whose events lie here, the oldest first."""
    return [row[0] for row in _rows(_KEPT_DAYS)]


def gone_until() -> date | None:
    """The newest UTC day whose events have left (`actions.usage_days`), or None."""
    return _rows(_GONE_UNTIL)[0][0]  # type: ignore[no-any-return]


def last_batch(partner_id: UUID) -> int:
    """The last batch that touched a partner; 0 before the first."""
    found = _rows("SELECT last_batch FROM partner_position WHERE partner_id = %s", [partner_id])
    return int(found[0][0]) if found else 0


def lock_day(day: date) -> None:
    """Nobody writes this day's events until the transaction ends (owner)."""
    _run(_of_day(day, "LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE"))


def count_day(day: date) -> int:
    """How many events the day has."""
    return int(_rows(_of_day(day, "SELECT count(*) FROM {table}"))[0][0])


def note_numbers_of(day: date) -> None:
    """Keep each process's highest number of a day that is about to go (owner)."""
    _run(_of_day(day, _NOTE_NUMBERS))


def drop_day(day: date) -> None:
    """The day's events are gone after the transaction (owner)."""
    _run(_of_day(day, "DROP TABLE {table}"))


def _of_day(day: date, text: str) -> compose.Composed:
    table = compose.Identifier("public", f"usage_event_{day:%Y%m%d}")
    return compose.SQL(text).format(table=table)  # type: ignore[arg-type]


def fresh_from_events(partner_id: UUID, first_day: date) -> None:
    """Sum a partner's recorded events from a UTC day on into `fresh` (for a rebuild)."""
    first_id = _rows("SELECT metering_day_id(%s)", [first_day])[0][0]
    _run(sql.FRESH_FROM_EVENTS, [partner_id, first_id])


def clear_rollups(partner_id: UUID, schema: str, first_day: date) -> None:
    """Delete a partner's rollups from a UTC day on, its shared day totals included."""
    for table in sql.ROLLUP_TABLES:
        text = f"DELETE FROM {{schema}}.{table} WHERE bucket_at >= %s::date AT TIME ZONE 'UTC'"
        _run(_in(schema, text), [first_day])
    _run("DELETE FROM channel_day WHERE partner_id = %s AND day >= %s", [partner_id, first_day])


def oldest_hours_day(schema: str, before: datetime) -> datetime | None:
    """The first UTC day that a partner has hours of, if it began before an instant."""
    oldest = _rows(_in(schema, sql.OLDEST_HOUR))[0][0]
    return None if oldest is None or oldest >= before else windows.day_of(oldest)


def drop_hours(schema: str, day: datetime) -> int:
    """Delete a partner's hours of one UTC day from every rollup; how many rows."""
    gone = 0
    for table in sql.HOUR_TABLES:
        with connection.cursor() as cursor:
            text = _in(schema, sql.DROP_HOURS.format(table))
            cursor.execute(text, [day, day + windows.DAY])  # type: ignore[arg-type]
            gone += cursor.rowcount
    return gone


def make_months(schema: str, first_day: date) -> None:
    """Make a partner's months again from its days, from the month of a UTC day on."""
    _run(_in(schema, sql.CLEAR_MONTHS), [first_day])
    _run(_in(schema, sql.MONTHS_FROM_DAYS), [first_day])


def add_customers(partner_id: UUID, schema: str, now: datetime) -> None:
    """Customers seen for the first time become rows (unconfirmed) or get their first date."""
    unseen = _rows(_in(schema, sql.UNSEEN_CUSTOMERS), [partner_id])
    if unseen:
        ids = [uuid7() for _ in unseen]
        names, seen = [row[0] for row in unseen], [row[1] for row in unseen]
        _run(_in(schema, sql.ADD_CUSTOMERS), [now, ids, names, seen])


def add_rollups(partner_id: UUID, schema: str) -> None:
    """Add `fresh` to the partner's rollups."""
    for statement in sql.ROLLUPS:
        _run(_in(schema, statement), [partner_id])


def add_channel() -> None:
    """Add `fresh` to the shared day totals of every partner in it."""
    _run(sql.ADD_CHANNEL)


def add_implementations() -> None:
    """Note which applications with an SDK are in the staged batch. Safe to repeat."""
    _run(sql.ADD_IMPLEMENTATIONS)


def note_keys() -> None:
    """When each key was last used, to the minute; from the staged rows."""
    _run(sql.NOTE_KEYS)


def partners_in_fresh() -> list[UUID]:
    """The partners that `fresh` holds something of, in the order in which they are written."""
    rows = _rows("SELECT DISTINCT partner_id FROM pg_temp.fresh ORDER BY partner_id")
    return [row[0] for row in rows]


def customer_states(
    schema_of: dict[UUID, str], strict: Container[UUID]
) -> list[tuple[UUID, str, str, dict[str, Any] | None]]:
    """(partner, external id, state, quota) of customers that are suspended or have a quota; of
    strict partners all. One query."""
    text = "SELECT {}::uuid, external_id, state, quota FROM {}.cache_api_customer{}"
    some = " WHERE state = 'suspended' OR quota IS NOT NULL"
    parts = [
        compose.SQL(text).format(
            compose.Literal(str(partner_id)),
            compose.Identifier(schema),
            compose.SQL("" if partner_id in strict else some),
        )
        for partner_id, schema in schema_of.items()
    ]
    rows = _rows(compose.SQL(" UNION ALL ").join(parts)) if parts else []
    return [
        (partner_id, name, state, None if quota is None else json.loads(quota))
        for partner_id, name, state, quota in rows
    ]


def in_schema(schema: str, text: str, params: Params = ()) -> list[tuple[Any, ...]]:
    """Run a statement about one partner's tables (`{schema}` in it); the rows, if any."""
    return _rows(_in(schema, text), params)


def in_public(text: str) -> list[tuple[Any, ...]]:
    """Run a statement about the shared tables; the rows it returns, if any."""
    return _rows(text)


def _in(schema: str, text: str) -> compose.Composed:
    return compose.SQL(text).format(schema=compose.Identifier(schema))  # type: ignore[arg-type]


def _run(statement: str | compose.Composed, params: Params = ()) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, params)  # type: ignore[arg-type]


def _rows(statement: str | compose.Composed, params: Params = ()) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, params)  # type: ignore[arg-type]
        return list(cursor.fetchall()) if cursor.description else []
