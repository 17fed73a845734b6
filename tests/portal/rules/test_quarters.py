"""Quarters: which has ended, and what is none."""

import pytest

from portal.rules.quarters import BadQuarter, parse_quarter
from tests.billing.people import utc

NOW = utc("2026-10-05T14:20")


@pytest.mark.parametrize(
    ("now", "label", "first", "end"),
    [
        ("2026-10-01T00:00", "2026-Q3", "2026-07-01", "2026-10-01"),
        ("2026-09-30T23:59", "2026-Q2", "2026-04-01", "2026-07-01"),
        ("2026-01-31T12:00", "2025-Q4", "2025-10-01", "2026-01-01"),
    ],
)
def test_the_newest_that_has_ended(now, label, first, end):
    found = parse_quarter("", utc(now))

    assert (found.label, found.start, found.end) == (label, utc(first), utc(end))
    assert [one.label for one in found.months] == [
        f"{found.start.year}-{found.start.month + n:02}" for n in range(3)
    ]
    assert found.before.end == found.start


def test_an_earlier_one_is_named():
    assert parse_quarter("2025-Q1", NOW).start == utc("2025-01-01")


@pytest.mark.parametrize("text", ["2026-Q4", "2027-Q1", "2026-Q5", "Q3", "2026-q3", "1999-Q1", "x"])
def test_what_is_none_or_runs_still_is_refused(text):
    with pytest.raises(BadQuarter, match=r"quarter|ended"):
        parse_quarter(text, NOW)
