"""A period read by months and days is the same buckets as by days alone."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cache_api.rules.spans import DAYS_ABOVE, Span, hours_from, span_of, with_months

EVER = datetime(1970, 1, 1, tzinfo=UTC)


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(("start", "end", "unit", "first", "last"), [
    ("2026-11-23T10:15", "2026-11-23T12:00", "hour", "2026-11-23T10:00", "2026-11-23T12:00"),
    ("2026-11-16T12:00", "2026-11-23T12:00", "hour", "2026-11-16T12:00", "2026-11-23T12:00"),
    ("2026-11-16T11:59", "2026-11-23T12:00", "day", "2026-11-16", "2026-11-24"),
    ("2025-11-01", "2026-12-01", "day", "2025-11-01", "2026-12-01"),
    ("2024-10-01", "2024-10-02", "hour", "2024-10-01", "2024-10-02"),
    ("2024-09-30T23:00", "2024-10-01T02:00", "day", "2024-09-30", "2024-10-02"),
    ("2024-09-30T23:00", "2024-09-30T23:00", "day", "2024-09-30", "2024-10-01"),
])  # fmt: skip
def test_hours_where_short_and_kept_else_days(start, end, unit, first, last):
    kept_from = hours_from(at("2026-11-23T12:30"))
    assert kept_from == at("2024-10-01")
    assert span_of(at(start), at(end), kept_from) == Span(unit, at(first), at(last))


@pytest.mark.parametrize(("now", "first"), [
    ("2026-11-01", "2024-10-01"), ("2026-11-30T23:59", "2024-10-01"), ("2026-12-01", "2024-11-01"),
    ("2027-01-31", "2024-12-01"), ("2027-02-28", "2025-01-01"), ("2028-02-29", "2026-01-01"),
])  # fmt: skip
def test_hours_are_kept_for_twenty_five_whole_months(now, first):
    assert hours_from(at(now)) == at(first)


@pytest.mark.parametrize(("start", "end", "parts"), [
    ("2025-11-01", "2026-12-01", [("month", "2025-11-01", "2026-12-01")]),
    ("2025-11-15", "2026-02-03", [("day", "2025-11-15", "2025-12-01"),
        ("month", "2025-12-01", "2026-02-01"), ("day", "2026-02-01", "2026-02-03")]),
    ("2025-12-01", "2026-01-09", [("month", "2025-12-01", "2026-01-01"),
        ("day", "2026-01-01", "2026-01-09")]),
    ("2025-12-02", "2026-01-31", [("day", "2025-12-02", "2026-01-31")]),
    ("2026-02-01", "2026-03-01", [("month", "2026-02-01", "2026-03-01")]),
])  # fmt: skip
def test_whole_months_are_read_as_months(start, end, parts):
    found = with_months(span_of(at(start), at(end), EVER))
    assert found == tuple(Span(unit, at(first), at(last)) for unit, first, last in parts)


def test_hours_stay_hours_and_nothing_is_read_of_nothing():
    hours = span_of(at("2026-11-01"), at("2026-11-03"), EVER)
    assert with_months(hours) == (hours,)
    assert with_months(span_of(at("2026-11-01"), at("2026-11-01"), EVER)) == ()


@given(st.integers(0, 24 * 1_500), st.integers(1, 24 * 800), st.integers(0, 59))
def test_the_parts_are_the_days_of_the_period_each_once(begin, length, minute):
    start = at("2022-12-30") + timedelta(hours=begin, minutes=minute)
    end = start + DAYS_ABOVE + timedelta(hours=length)
    days = []
    for part in with_months(span_of(start, end, EVER)):
        assert part.unit == "day" or (part.start.day, part.end.day) == (1, 1)
        days += [part.start + timedelta(days=n) for n in range((part.end - part.start).days)]
    midnight = start.replace(hour=0, minute=0)
    wanted = []
    while midnight < end:
        wanted.append(midnight)
        midnight += timedelta(days=1)
    assert days == wanted
