"""Short numbers: three digits, the right unit, no surprises at the borders."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.rules import numbers


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"), (7, "7"), (950, "950"), (999, "999"), (1000, "1k"), (1234, "1.23k"),
        (12_345, "12.3k"), (999_499, "999k"), (999_950, "1M"), (237_000_000, "237M"),
        (1_500_000_000, "1.5B"), (-1234, "-1.23k"), (0.25, "0.25"), (2.5, "2.5"),
    ],
)  # fmt: skip
def test_compact(value, text):
    assert numbers.compact(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0 B"), (999, "999 B"), (1340, "1.34 kB"), (12_300_000_000, "12.3 GB")]
)
def test_bytes_use_decimal_units_as_billed(value, text):
    assert numbers.compact_bytes(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(420, "0.42 ms"), (9300, "9.3 ms"), (140_000, "140 ms"), (1_420_000, "1.42 s")],
)
def test_latency(value, text):
    assert numbers.milliseconds(value) == text


def test_shares_and_changes_without_a_base_are_not_numbers():
    assert numbers.percent(1, 0) == "–" and numbers.change(5, 0) is None
    assert numbers.percent(614, 1000) == "61.4" and numbers.percent(1, 3, 0) == "33"
    assert numbers.change(90, 100) == -10 and numbers.change(-90, -100) == 10


@given(st.integers(-(10**15), 10**15))
def test_compact_is_short(value):
    assert len(numbers.compact(value).lstrip("-")) <= 6
