"""A partner's own counts: read line by line, compared hour by hour, never trusted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.rules.trust.counts import BadCounts, compare, parse_counts
from tests.billing.rules.build import hour, many

HEAD = "hour,customer,count\n"
TEN, ELEVEN = hour("2026-10-01T10"), hour("2026-10-01T11")


def read(text):
    return parse_counts((HEAD + text).encode())


def test_hours_are_utc_whatever_zone_they_name():
    assert read("2026-10-01T10:00:00Z,acme,5\n2026-10-01T13:00:00+02:00, acme ,6\n") == {
        (TEN, "acme"): 5, (ELEVEN, "acme"): 6,
    }  # fmt: skip
    assert read("2026-10-01 10:00,acme,0") == {(TEN, "acme"): 0}


@pytest.mark.parametrize(("text", "told"), [
    ("2026-10-01T10:30:00Z,acme,5", "Line 2: '2026-10-01T10:30:00Z' is no full UTC hour"),
    ("yesterday,acme,5", "Line 2: 'yesterday' is no full UTC hour"),
    ("2026-10-01T10:00:00Z,,5", "Line 2 has no customer"),
    ("2026-10-01T10:00:00Z,acme,-5", "Line 2: count '-5' is no whole number"),
    ("2026-10-01T10:00:00Z,acme,5.5", "Line 2: count '5.5' is no whole number"),
    ("2026-10-01T10:00:00Z,acme,٣", "Line 2: count '٣' is no whole number"),
    ("2026-10-01T10:00:00Z,acme", "Line 2 does not have 3 cells"),
    ("2026-10-01T10:00:00Z,acme,5,6", "Line 2 does not have 3 cells"),
    ("2026-10-01T10,acme,5\n2026-10-01T10,acme,6", "Line 3 gives the hour of line 2 again"),
    ("", "a header and no row"),
])  # fmt: skip
def test_a_bad_line_is_named(text, told):
    with pytest.raises(BadCounts, match=r".") as refused:
        read(text)

    assert told in str(refused.value)


@pytest.mark.parametrize("data", [b"", b"a,b\n1,2\n", b"\xff\xfe\x00", b"hour,customer,count\n\0"])
def test_another_file_is_refused(data):
    with pytest.raises(BadCounts):
        parse_counts(data)


def test_problems_are_all_listed_up_to_twenty():
    with pytest.raises(BadCounts) as refused:
        read("x,acme,1\n" * 30)

    assert len(refused.value.problems) == 20


WORKED = [  # counted, recorded, tolerance in basis points, verdict
    (100, 100, 0, "matched"), (100, 99, 100, "matched"), (100, 101, 100, "matched"),
    (100, 98, 100, "missing"), (100, 102, 100, "extra"), (0, 1, 10_000, "extra"),
    (1, 0, 9_999, "missing"), (1, 0, 10_000, "matched"), (0, 0, 0, "matched"),
]  # fmt: skip


@pytest.mark.parametrize(("counted", "recorded", "bps", "state"), WORKED)
def test_the_verdict_is_within_the_partners_own_count(counted, recorded, bps, state):
    row = compare({(TEN, "acme"): counted}, {(TEN, "acme"): recorded}, bps).rows[0]

    assert (row.state, row.difference) == (state, recorded - counted)


sides = st.dictionaries(st.tuples(st.sampled_from([TEN, ELEVEN]), st.sampled_from("ab")),
                        st.integers(0, 1000))  # fmt: skip


@given(sides, sides, st.integers(0, 10_000))
@many
def test_sums_are_each_sides_own_and_every_hour_has_one_verdict(counted, recorded, bps):
    found = compare(counted, recorded, bps)

    assert (found.counted, found.recorded) == (sum(counted.values()), sum(recorded.values()))
    states = [found.hours(state) for state in ("matched", "missing", "extra")]
    assert sum(states) == len(found.rows) == len(set(counted) | set(recorded))
    assert len(found.differing) == states[1] + states[2]
