"""The address of the explorer: read, refused with a reason, and written back to the same."""

import re
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.rules.questions import DIMENSIONS, SORTS, TOPS, BadQuestion, read_question
from portal.rules.ranges import CHOICES, COMPARE, UNITS

NOW = datetime(2026, 11, 23, 14, 5, 9, tzinfo=UTC)
LABELS = st.text(st.characters(exclude_categories=("C", "Z")), max_size=20)
ADDRESSES = st.fixed_dictionaries({}, optional={
    "range": st.sampled_from((*CHOICES, "2026-10", "2026-09-03..2026-11-02")),
    "unit": st.sampled_from(tuple(UNITS)), "compare": st.sampled_from(COMPARE),
    "by": st.sampled_from(DIMENSIONS), "sort": st.sampled_from(SORTS),
    "top": st.sampled_from(tuple(map(str, TOPS))), "tag": LABELS, "model": LABELS,
    "provider": LABELS, "region": LABELS, "customer": LABELS,
})  # fmt: skip


@settings(max_examples=150)
@given(ADDRESSES)
def test_an_address_says_all_and_is_read_back_to_the_same_question(address):
    asked = read_question(address, NOW)

    assert read_question(dict(parse_qsl(asked.query)), NOW) == asked
    assert asked.range.granularity in asked.range.units
    assert asked.range.end - asked.range.start <= timedelta(days=400)


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ({"by": "customer_id"}, "by='customer_id' is unknown: use one of customer, model"),
        ({"sort": "name"}, "sort='name' is unknown: use one of lookups"),
        ({"top": "1000000"}, "top='1000000' is unknown: use one of 5, 10"),
        ({"unit": "minute"}, "unit='minute' is unknown: use one of hour, day, week, month"),
        ({"compare": "never"}, "compare='never' is unknown: use one of previous"),
        ({"range": "2026-02-30..2026-03-02"}, "names a day that does not exist"),
        ({"range": "2026-03-02..2026-03-01"}, "must end on or after its first day"),
        ({"range": "2024-01-01..2026-01-01"}, "span at most 400 days"),
        ({"range": "2027-01-01..2027-01-02"}, "have begun"),
        ({"from": "2026-1-1", "until": "2026-01-02"}, "is no range"),
        ({"model": "a\x00b"}, "model must be at most 300 printable characters"),
        ({"tag": "x" * 301}, "tag must be at most 300 printable characters"),
    ],
)
def test_a_bad_member_is_named_with_what_it_may_be(address, told):
    with pytest.raises(BadQuestion, match=re.escape(told)):
        read_question(address, NOW)


@pytest.mark.parametrize(
    ("range_", "unit", "got"),
    [
        ("24h", "day", "hour"), ("7d", "day", "day"), ("30d", "hour", "day"),
        ("30d", "week", "week"), ("90d", "month", "month"), ("13m", "day", "month"),
        ("13m", "week", "week"), ("2026-10", "week", "week"),
    ],
)  # fmt: skip
def test_buckets_are_limited_by_the_range(range_, unit, got):
    assert read_question({"range": range_, "unit": unit}, NOW).range.granularity == got


def test_a_week_of_hours_by_day_is_whole_days():
    window = read_question({"range": "7d", "unit": "day"}, NOW).range

    assert (window.start, window.end) == (
        datetime(2026, 11, 17, tzinfo=UTC), datetime(2026, 11, 24, tzinfo=UTC)
    )  # fmt: skip
    assert window.before == (
        datetime(2026, 11, 10, tzinfo=UTC), datetime(2026, 11, 17, tzinfo=UTC)
    )  # fmt: skip


def test_a_year_ago_is_52_weeks_so_that_weekdays_meet():
    window = read_question({"range": "2026-10", "compare": "year"}, NOW).range

    assert window.before[0] == window.start - timedelta(weeks=52)
    assert window.before[1] - window.before[0] == window.end - window.start


def test_two_days_of_a_form_are_a_range_with_its_comparison():
    asked = read_question({"from": "2026-10-01", "until": "2026-10-10"}, NOW)

    assert asked.query == "range=2026-10-01..2026-10-10&unit=day"
    assert asked.range.end - asked.range.start == timedelta(days=10)
    assert asked.range.before[0] == asked.range.start - timedelta(weeks=2)
