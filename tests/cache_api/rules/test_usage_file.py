"""Rows of a usage file: what is read, what is refused and why, and which event they become."""

import re
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from cache_api.rules.usage_file import (
    COLUMNS,
    BadValue,
    Limits,
    header_problems,
    read_row,
    to_event,
)
from tenants.rules.ids import uuid7

LIMITS = Limits(datetime(2022, 1, 1, tzinfo=UTC), datetime(2026, 11, 23, 12, tzinfo=UTC))
PLAIN = {"time": "2026-10-01T13:00:00Z", "customer": "acme"}
PARTNER, OTHER = uuid7(), uuid7()


def problems(**cells):
    got = read_row({**PLAIN, **cells}, 7, LIMITS)
    return [(bad.column, str(bad)) for bad in got] if isinstance(got, list) else []


def made(occurrence=0, partner=PARTNER, **cells):
    row = read_row({**PLAIN, **cells}, 7, LIMITS)
    assert isinstance(row, dict), row
    return to_event(row, partner, occurrence)


def test_time_and_customer_are_enough():
    event = made()
    assert (event.kind, event.outcome, event.quantity, event.livemode) == ("lookup", "hit", 1, True)
    assert event.occurred_at == datetime(2026, 10, 1, 13, tzinfo=UTC)
    assert (event.latency_us, event.tokens_in, event.model) == (None, 0, "")
    assert made(kind="store").outcome == "stored"


@pytest.mark.parametrize("text", [
    "2026-10-01T13:00:00Z", "2026-10-01 13:00", "2026-10-01T13", "2026-10-01T15:00:00+02:00",
    " 2026-10-01t13:00:00z ", datetime(2026, 10, 1, 13, tzinfo=UTC), datetime(2026, 10, 1, 13),  # noqa: DTZ001
    datetime(2026, 10, 1, 8, tzinfo=timezone(timedelta(hours=-5))),
])  # fmt: skip
def test_the_same_hour_in_many_writings_is_the_same_event(text):
    assert made(time=text) == made()


def test_native_values_of_a_parquet_file_are_the_same_event_as_text():
    text = made(quantity="12", livemode="false", tokens_in="5", model="gpt-4o", latency_us="")
    native = made(quantity=12, livemode=False, tokens_in=5.0, model="gpt-4o", latency_us=None)
    assert text == native


@pytest.mark.parametrize(("cells", "column", "why", "remedy"), [
    ({"time": ""}, "time", "is empty", "fill it in"),
    ({"time": "yesterday"}, "time", "not a date and time", "2026-10-01T13:00:00Z"),
    ({"time": "2026-13-01"}, "time", "not a date and time", "write UTC"),
    ({"time": "0001-01-01T00:00+14:00"}, "time", "not a date and time", "write UTC"),
    ({"time": "2026-11-24"}, "time", "out of range", "use 2022-01-01 to 2026-11-23"),
    ({"time": "2019-01-01"}, "time", "out of range", "use 2022-01-01"),
    ({"customer": ""}, "customer", "is empty", "fill it in"),
    ({"customer": "a\0b"}, "customer", "control character", "remove it"),
    ({"customer": "a" * 401}, "customer", "has 401 characters", "at most 400"),
    ({"kind": "fetch"}, "kind", "'fetch' is unknown", "lookup or store"),
    ({"outcome": "stored"}, "outcome", "no outcome of a lookup", "hit, miss, semantic_hit"),
    ({"kind": "store", "outcome": "hit"}, "outcome", "no outcome of a store", "stored, unchanged"),
    ({"quantity": "0"}, "quantity", "is 0", "leave rows"),
    ({"quantity": "-1"}, "quantity", "not a whole number", "digits only"),
    ({"quantity": "1.5"}, "quantity", "not a whole number", "digits only"),
    ({"quantity": 1.5}, "quantity", "not a whole number", "digits only"),
    ({"quantity": "1e3"}, "quantity", "not a whole number", "digits only"),
    ({"quantity": "1,000"}, "quantity", "not a whole number", "digits only"),
    ({"quantity": "9" * 19}, "quantity", "not a whole number from 0 to 2^63", "digits only"),
    ({"tokens_in": "many"}, "tokens_in", "not a whole number", "digits only"),
    ({"livemode": "maybe"}, "livemode", "neither true nor false", "true or false"),
    ({"bytes": str(2**40), "quantity": str(2**40)}, "bytes", "too large", "split the row"),
])  # fmt: skip
def test_every_bad_value_says_where_what_and_how_to_mend_it(cells, column, why, remedy):
    [(got, text)] = problems(**cells)
    assert got == column
    assert text.startswith(f"line 7, {column}: ")
    assert why in text
    assert remedy in text


def test_all_bad_values_of_a_row_are_reported():
    assert [column for column, _ in problems(time="x", quantity="x", kind="x", customer="")] == [
        "time", "quantity", "customer", "kind",
    ]  # fmt: skip


def test_a_strict_partner_takes_only_its_customers():
    strict = Limits(LIMITS.oldest_at, LIMITS.newest_at, frozenset({"acme"}))
    assert isinstance(read_row(PLAIN, 2, strict), dict)
    [bad] = read_row({**PLAIN, "customer": "zeta"}, 2, strict)
    assert "'zeta' is not a customer" in str(bad)


def test_the_header_names_what_is_unknown_twice_or_missing():
    assert header_problems(list(COLUMNS)) == []
    assert header_problems(["time", "customer", "rejected_because"]) == []
    found = header_problems(["time", "tokens", "tokens_in", "tokens_in"])
    assert [(bad.line, bad.column, bad.problem) for bad in found] == [
        (1, "tokens", "unknown column"), (1, "tokens_in", "appears twice"),
        (1, "customer", "column is missing"),
    ]  # fmt: skip
    assert all(isinstance(bad, BadValue) and bad.remedy for bad in found)


def test_ids_tell_apart_what_is_different_and_only_that():
    ids = {made().event_id, made(partner=OTHER).event_id, made(occurrence=1).event_id,
           made(quantity="2").event_id, made(model="a").event_id, made(provider="a").event_id,
           made(time="2026-10-01T14").event_id, made(livemode="0").event_id,
           made(id="1").event_id, made(id="2").event_id,
           made(id="1", partner=OTHER).event_id}  # fmt: skip
    assert len(ids) == 11
    assert made(outcome="hit").event_id == made(outcome="").event_id == made().event_id
    assert made(id="1", quantity="5").event_id == made(id="1").event_id


def test_the_page_about_usage_files_lists_exactly_these_columns():
    page = (Path(__file__).parents[3] / "docs" / "usage-files.md").read_text()
    rows = dict(re.findall(r"^\| `(\w+)` \|[^|]*\| (.*) \|$", page, re.MULTILINE))
    assert rows == {name: column.about for name, column in COLUMNS.items()}
