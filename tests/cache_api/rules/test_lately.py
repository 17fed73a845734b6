"""Counts of the last five minutes, against a list of when each came."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from cache_api.rules.lately import SPAN_MS, STEP_MS, Lately

STEPS = st.lists(
    st.tuples(st.integers(0, 100_000), st.dictionaries(st.sampled_from("abc"), st.integers(0, 5))),
    max_size=40,
)


@given(STEPS)
def test_what_is_told_came_within_the_span_and_one_step_more(steps):
    lately, counts, came, now_ms = Lately(), Counter(), [], 1_000_000
    assert lately.of(now_ms, counts) == {}
    for later_ms, added in steps:
        now_ms += later_ms
        counts.update(added)
        came += [(now_ms, name, n) for name, n in added.items()]
        asked = lately.of(now_ms, counts)
        assert all(asked.values())
        for name in "abc":
            surely = sum(n for at, one, n in came if one == name and at > now_ms - SPAN_MS)
            since_ms = now_ms - SPAN_MS - 100_000 - STEP_MS  # a call was that late at most
            at_most = sum(n for at, one, n in came if one == name and at > since_ms)
            assert surely <= asked.get(name, 0) <= at_most


def test_a_busy_minute_is_forgotten_after_five():
    lately = Lately()
    told = [lately.of(second * 1000, {"hit": min(second, 60) * 10}) for second in range(400)]

    assert (told[60], told[299], told[330], told[380]) == (
        {"hit": 600}, {"hit": 600}, {"hit": 300}, {},
    )  # fmt: skip
    assert len(lately._kept) <= SPAN_MS // STEP_MS + 1
