"""Query parameters of stats: defaults, rounding, and refusals that name the parameter."""

from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cache_api.rules import stats_request
from cache_api.rules.stats_request import BadParameter, StatsRequest

NOW = datetime(2026, 11, 23, 12, 30, tzinfo=UTC)


def at(day, hour=0):
    return datetime(2026, 11, day, hour, tzinfo=UTC)


def read(query):
    return stats_request.read(query.encode(), NOW)


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("", StatsRequest(at(22, 12), at(23, 13), "hour", "model", None)),
        ("start=2026-11-23", StatsRequest(at(23), at(23, 13), "hour", "model", None)),
        ("end=2026-11-20T07:00:00Z", StatsRequest(at(19, 7), at(20, 7), "hour", "model", None)),
        ("granularity=day", StatsRequest(at(22), at(24), "day", "model", None)),
        ("start=2026-11-01T05:10:00&by=region", StatsRequest(at(1), at(24), "day", "region", None)),
        (
            "start=2026-11-16T00:30:00Z&end=2026-11-23T00:30:00Z&granularity=hour",
            StatsRequest(at(16), at(24), "hour", "model", None),  # 7 d 1 h in whole hours
        ),
        (
            "start=2026-11-23T02:00:00%2B02:00&end=2026-11-23T01:00:00Z&customer=caf%C3%A9+1",
            StatsRequest(at(23), at(23, 1), "hour", "model", "café 1"),
        ),
    ],
)
def test_the_period_is_widened_to_what_is_counted(query, wanted):
    assert read(query) == wanted


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("start=yesterday", "start"),
        ("start=2026-11-23T00:00:00+02:00", "start"),  # an unescaped + is a space
        ("end=", "end"),
        ("start=0001-01-01T00:00:00%2B09:00", "start"),
        ("end=9999-12-31T23:59:59-05:00", "end"),
        ("start=2027-01-01", "start"),
        ("start=2026-11-23T12:00Z&end=2026-11-23T12:00Z", "start"),
        ("start=2025-10-18&end=2026-11-23", "start"),
        ("granularity=week", "granularity"),
        ("by=kind", "by"),
        ("by=", "by"),
        ("customer=", "customer"),
        ("customer=a%00b", "customer"),
        ("customer=" + "x" * 201, "customer"),
        ("custmer=acme", "custmer"),
        ("by=model&by=region", "by"),
        ("customer=%ff", "query"),
        ("customer=é", "query"),
    ],
)
def test_what_cannot_be_used_is_refused_by_name(query, name):
    with pytest.raises(BadParameter) as caught:
        stats_request.read(query.encode("latin-1"), NOW)
    assert caught.value.name == name


@given(st.integers(1, 390 * 24 * 60), st.integers(1, 390 * 24 * 60))
def test_a_period_read_again_is_the_same_period(minutes, back):
    start = NOW - timedelta(minutes=back, seconds=7)
    end = min(start + timedelta(minutes=minutes), NOW)
    first = read(f"start={quote(start.isoformat())}&end={quote(end.isoformat())}")
    query = f"start={quote(first.start.isoformat())}&end={quote(first.end.isoformat())}"
    again = stats_request.read(query.encode(), NOW + timedelta(days=1))
    assert again == first
    assert first.start <= start and end <= first.end
