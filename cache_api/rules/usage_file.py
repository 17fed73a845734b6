"""Rows of a usage file (CSV or Parquet) as usage events. Pure.

A row stands for `quantity` identical requests; tokens, bytes, byte_seconds, cost and latency are
those of ONE of them. Only `time` and `customer` are required. The event id is made of the row's
time and content, so the same row imported again is the same event. Rows that are equal in every
column count once each within a file; give them an `id` when such rows may come in separate files.
"""

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from cache_api.rules.events import OUTCOMES, UsageEvent
from tenants.rules.ids import uuid7_at

BIGGEST = 2**63 - 1
LONGEST_TEXT = 400
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_WHOLE = re.compile(r"\d{1,19}")
_TRUE, _FALSE = {"1", "true", "t", "yes"}, {"0", "false", "f", "no"}


class BadField(ValueError):
    """A value that cannot be used. `remedy` says what to write instead."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(problem)
        self.problem, self.remedy = problem, remedy


@dataclass(frozen=True)
class BadValue:
    """One thing to mend: the line (Parquet: the row's number), the column, what and how."""

    line: int
    column: str
    problem: str
    remedy: str

    def __str__(self) -> str:
        return f"line {self.line}, {self.column}: {self.problem}; {self.remedy}"


def _time(raw: Any) -> datetime:
    remedy = "write UTC like 2026-10-01T13:00:00Z"
    try:
        at = raw
        if not isinstance(at, datetime):
            at = datetime.fromisoformat(str(raw).strip().upper())
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError) as error:  # a zone can carry year 1 or 9999 over the edge
        raise BadField(f"{raw!r} is not a date and time", remedy) from error


def _text(raw: Any) -> str:
    value = str(raw).strip()
    if _CONTROL.search(value):
        raise BadField("contains a control character", "remove it")
    if len(value) > LONGEST_TEXT:
        raise BadField(f"has {len(value)} characters", f"use at most {LONGEST_TEXT}")
    return value


def _whole(raw: Any) -> int:
    if isinstance(raw, float) and raw.is_integer():
        raw = int(raw)
    value = str(raw).strip()
    if not _WHOLE.fullmatch(value) or int(value) > BIGGEST:
        raise BadField(f"{raw!r} is not a whole number from 0 to 2^63", "write digits only")
    return int(value)


def _positive(raw: Any) -> int:
    value = _whole(raw)
    if value == 0:
        raise BadField("is 0", "leave rows without requests out of the file")
    return value


def _flag(raw: Any) -> bool:
    value = str(raw).strip().lower()
    if value in _TRUE | _FALSE:
        return value in _TRUE
    raise BadField(f"{raw!r} is neither true nor false", "write true or false")


@dataclass(frozen=True)
class Column:
    """How a column is read, what an absent or empty cell means, and what it is, for people."""

    read: Callable[[Any], Any]
    default: Any
    about: str


REQUIRED = ("time", "customer")
COLUMNS: dict[str, Column] = {
    "time": Column(_time, None, "UTC instant or start of the hour; without a zone it is UTC"),
    "customer": Column(_text, None, "the partner's own id of the customer"),
    "id": Column(_text, "", "the row's own id; needed only when equal rows come in several files"),
    "kind": Column(_text, "lookup", "lookup or store"),
    "outcome": Column(_text, "", "lookup: hit (default), semantic_hit, miss; store: stored, …"),
    "quantity": Column(_positive, 1, "how many identical requests the row stands for"),
    "livemode": Column(_flag, True, "false for test traffic, which is never billed"),
    "provider": Column(_text, "", "openai, anthropic, …"),
    "model": Column(_text, "", "the model's name"),
    "tokens_in": Column(_whole, 0, "of one request"),
    "tokens_out": Column(_whole, 0, "of one request"),
    "bytes": Column(_whole, 0, "size of the body of one request"),
    "byte_seconds": Column(_whole, 0, "store: bytes × seconds reserved by one request"),
    "cost_saved_micros": Column(_whole, 0, "millionths of a dollar saved by one request"),
    "price_version": Column(_text, "", "the price list behind cost_saved_micros"),
    "latency_us": Column(_whole, None, "microseconds of one request; empty when not known"),
    "primary_latency_us": Column(_whole, None, "microseconds of the customer's own cache"),
    "primary_cache": Column(_text, "", "redis, memcached, …"),
    "overflow_reason": Column(_text, "", "miss, slow, error or capacity"),
    "namespace": Column(_text, "", "the cache's namespace"),
    "region": Column(_text, "", "where it was served"),
    "sdk": Column(_text, "", "name and version of the client"),
}
IGNORED = frozenset({"rejected_because"})  # so that a mended rejects file can be imported as it is
_SUMMED = ("tokens_in", "tokens_out", "bytes", "byte_seconds", "cost_saved_micros", "latency_us")
_DEFAULT_OUTCOME = {"lookup": "hit", "store": "stored"}


def header_problems(names: list[str]) -> list[BadValue]:
    """What is wrong with the columns' names; the header is line 1."""
    found = []
    for name in dict.fromkeys(names):
        if name not in COLUMNS and name not in IGNORED:
            remedy = f"rename or remove it; known columns: {', '.join(COLUMNS)}"
            found.append(BadValue(1, name or "(empty)", "unknown column", remedy))
        elif names.count(name) > 1:
            found.append(BadValue(1, name, "appears twice", "keep one of them"))
    missing = [name for name in REQUIRED if name not in names]
    return found + [BadValue(1, name, "column is missing", "add it") for name in missing]


@dataclass(frozen=True)
class Limits:
    """What a row is checked against. `customers` is None unless the partner is strict."""

    oldest_at: datetime
    newest_at: datetime
    customers: frozenset[str] | None = None


def read_row(raw: Mapping[str, Any], line: int, limits: Limits) -> dict[str, Any] | list[BadValue]:
    """The row's members by column, or everything that is wrong with it."""
    row: dict[str, Any] = {}
    bad: list[BadValue] = []
    for name, column in COLUMNS.items():
        cell = raw.get(name)
        if cell is None or cell == "":
            row[name] = column.default
            continue
        try:
            row[name] = column.read(cell)
        except BadField as error:
            bad.append(BadValue(line, name, error.problem, error.remedy))
    reported = {one.column for one in bad}
    bad += [one for one in _row_problems(row, line, limits) if one.column not in reported]
    return bad or row


def _row_problems(row: dict[str, Any], line: int, limits: Limits) -> list[BadValue]:
    found = [
        BadValue(line, name, "is empty", "fill it in") for name in REQUIRED if not row.get(name)
    ]
    at, kind, customer = row.get("time"), row.get("kind", "lookup"), row.get("customer")
    if at and not limits.oldest_at <= at <= limits.newest_at:
        span = f"{limits.oldest_at:%Y-%m-%d} to {limits.newest_at:%Y-%m-%dT%H:%MZ}"
        found.append(BadValue(line, "time", f"{at:%Y-%m-%dT%H:%MZ} is out of range", f"use {span}"))
    if kind not in _DEFAULT_OUTCOME:
        found.append(BadValue(line, "kind", f"{kind!r} is unknown", "write lookup or store"))
    elif (outcome := row.get("outcome")) and outcome not in OUTCOMES[kind]:
        known = ", ".join(sorted(OUTCOMES[kind]))
        found.append(BadValue(line, "outcome", f"{outcome!r} is no outcome of a {kind}",
                              f"write one of {known}"))  # fmt: skip
    if limits.customers is not None and customer and customer not in limits.customers:
        found.append(BadValue(line, "customer", f"{customer!r} is not a customer of this partner",
                              "add the customer first, or let unknown customers in"))  # fmt: skip
    return found + [
        BadValue(line, name, "times quantity is too large", "split the row")
        for name in _SUMMED
        if (row.get(name) or 0) * row.get("quantity", 1) > BIGGEST
    ]


def identity(row: Mapping[str, Any]) -> bytes:
    """What makes a row itself: its id and time, or every member."""
    if row["id"]:
        return f"id\0{row['id']}\0{row['time'].isoformat()}".encode()
    outcome = row["outcome"] or _DEFAULT_OUTCOME[row["kind"]]
    members = [str(row[name]) for name in COLUMNS if name not in {"id", "outcome"}]
    return "\0".join(["row", outcome, *members]).encode()


def to_event(row: Mapping[str, Any], partner_id: UUID, occurrence: int) -> UsageEvent:
    """The row's event; `occurrence` counts equal rows of one file from 0."""
    text = partner_id.bytes + occurrence.to_bytes(8, "big") + identity(row)
    at_ms = int(row["time"].timestamp() * 1000)
    members = {name: row[name] for name in COLUMNS if name not in {"time", "id"}}
    members["outcome"] = row["outcome"] or _DEFAULT_OUTCOME[row["kind"]]
    return UsageEvent(
        event_id=uuid7_at(at_ms, hashlib.sha256(text).digest()),
        partner_id=partner_id,
        **members,
    )
