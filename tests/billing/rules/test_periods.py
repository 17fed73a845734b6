from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.rules.cycles import elapsed_cycles, yearly_fee_between
from billing.rules.errors import BadPeriod, NotEnded
from billing.rules.periods import (
    Period,
    add_months,
    month_of,
    next_month,
    parse_month,
    previous_month,
    require_ended,
    segments,
    whole_hour,
)
from tests.billing.rules.build import OCTOBER, hour, many

BASE = datetime(2024, 1, 1, tzinfo=UTC)
hours = st.integers(0, 24 * 365 * 3).map(lambda n: BASE + timedelta(hours=n))


@pytest.mark.parametrize(
    "text", ["2026-13", "2026-1", "26-10", "October", "", "2026-10-01", "0001-01"]
)
def test_not_a_month(text):
    with pytest.raises(BadPeriod, match="YYYY-MM"):
        parse_month(text)


def test_months_are_half_open_and_adjoin():
    assert OCTOBER.contains(hour("2026-10-01T00"))
    assert not OCTOBER.contains(hour("2026-11-01T00"))
    assert next_month(OCTOBER).start == OCTOBER.end
    assert previous_month(parse_month("2026-01")).label == "2025-12"
    assert month_of(datetime(2024, 2, 29, 23, 59, tzinfo=UTC)).label == "2024-02"


@pytest.mark.parametrize(
    "at",
    [
        datetime(2026, 10, 1),  # noqa: DTZ001  naive on purpose
        datetime(2026, 10, 1, tzinfo=timezone(timedelta(hours=5, minutes=30))),
        datetime(2026, 10, 1, 0, 30, tzinfo=UTC),
        datetime(2026, 10, 1, 0, 0, 1, tzinfo=UTC),
    ],
)
def test_only_whole_utc_hours(at):
    with pytest.raises(BadPeriod):
        whole_hour(at)
    with pytest.raises(BadPeriod):
        segments(OCTOBER, [at])


def test_reversed_period():
    with pytest.raises(BadPeriod, match="reversed"):
        Period(OCTOBER.end, OCTOBER.start)


def test_a_running_month_is_not_settled():
    with pytest.raises(NotEnded, match="2026-11-01"):
        require_ended(OCTOBER, OCTOBER.end - timedelta(microseconds=1))
    require_ended(OCTOBER, OCTOBER.end)


def test_label_of_a_part():
    assert Period(OCTOBER.start, hour("2026-10-15T12")).label == "2026-10-01T00Z/2026-10-15T12Z"


def test_months_outside_the_calendar():
    with pytest.raises(BadPeriod):
        add_months(OCTOBER.start, 12 * 9000)
    with pytest.raises(BadPeriod):
        elapsed_cycles(OCTOBER.start, OCTOBER.end, 0)


@many
@given(st.lists(hours, max_size=8))
def test_segments_tile_the_month(boundaries):
    month = parse_month("2025-02")
    parts = segments(month, boundaries)
    assert (parts[0].start, parts[-1].end) == (month.start, month.end)
    assert all(a.end == b.start for a, b in pairwise(parts))
    assert sum(part.hours for part in parts) == month.hours
    assert parts == segments(month, reversed(boundaries))


@many
@given(st.integers(0, 10**12), hours, st.lists(hours, min_size=1, max_size=6))
def test_fee_parts_sum_to_the_whole(yearly, anchor, cuts):
    edges = sorted({anchor, *(cut for cut in cuts if cut > anchor)})
    parts = [yearly_fee_between(yearly, anchor, a, b) for a, b in pairwise(edges)]
    assert all(part >= 0 for part in parts)
    assert sum(parts) == yearly_fee_between(yearly, anchor, edges[0], edges[-1])


@many
@given(st.integers(0, 10**12), st.integers(0, 60))
def test_any_twelve_months_are_a_year(yearly, first):
    anchor = hour("2024-01-01T00")
    parts = [
        yearly_fee_between(yearly, anchor, add_months(anchor, m), add_months(anchor, m + 1))
        for m in range(first, first + 12)
    ]
    assert sum(parts) == yearly
    assert max(parts) - min(parts) <= 1


@many
@given(hours, hours)
def test_cycles_grow_with_time(anchor, at):
    assert elapsed_cycles(anchor, anchor) == 0
    assert elapsed_cycles(anchor, at) < elapsed_cycles(anchor, at + timedelta(hours=1))
    assert elapsed_cycles(anchor, add_months(anchor, 5)) == 5
