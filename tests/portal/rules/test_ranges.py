"""Ranges are whole UTC buckets; what they are compared with is as long and earlier."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.rules.ranges import CHOICES, BadRange, parse_range

NOW = datetime(2026, 11, 23, 14, 5, 9, tzinfo=UTC)
MOMENTS = st.integers(0, 12 * 365 * 24 * 3600).map(
    lambda seconds: datetime(2024, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
)


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("key", "start", "end", "unit"),
    [
        ("24h", "2026-11-22T15:00", "2026-11-23T15:00", "hour"),
        ("7d", "2026-11-16T15:00", "2026-11-23T15:00", "hour"),
        ("30d", "2026-10-25", "2026-11-24", "day"),
        ("", "2026-10-25", "2026-11-24", "day"),
        ("90d", "2026-08-26", "2026-11-24", "day"),
        ("13m", "2025-11-01", "2026-12-01", "month"),
        ("2026-10", "2026-10-01", "2026-11-01", "day"),
        ("2026-11", "2026-11-01", "2026-11-24", "day"),
        ("2024-02", "2024-02-01", "2024-03-01", "day"),
    ],
)
def test_windows(key, start, end, unit):
    found = parse_range(key, NOW)
    assert (found.start, found.end, found.granularity) == (at(start), at(end), unit)


@given(MOMENTS, st.sampled_from(CHOICES))
def test_every_window_holds_now_and_is_compared_with_as_long_a_one_before_it(now, key):
    found = parse_range(key, now)
    assert found.start < now < found.end and found.shown_end == now
    assert found.before[1] <= found.start
    if key == "13m":
        assert found.before == (found.start, found.start)
    else:
        assert found.before[1] - found.before[0] == found.end - found.start
        assert (found.start - found.before[0]) % timedelta(weeks=1) == timedelta()


def test_a_running_month_is_compared_with_as_many_days():
    found = parse_range("2026-11", NOW)
    assert found.before == (at("2026-10-01"), at("2026-10-24")) and found.is_month
    assert parse_range("2026-03", NOW).before == (at("2026-02-01"), at("2026-03-01"))


@pytest.mark.parametrize(
    "wrong", ["1d", "2026-13", "2026-00", "26-10", "30D", "all", "2026-12", "-1"]
)
def test_other_ranges_are_refused_by_name(wrong):
    with pytest.raises(BadRange, match=wrong):
        parse_range(wrong, NOW)
