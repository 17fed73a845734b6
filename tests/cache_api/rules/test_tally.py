"""What monitoring counts of recorded events, by hand, and read back as it was added up."""

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from cache_api.rules import histogram, tally
from cache_api.rules.tally import Tally, read
from tests.cache_api.cast import event


class _Partner:
    pk = "00000000-0000-7000-8000-000000000001"


def one(**members):
    return event(_Partner, **members)


def as_stored(counts):
    return {name.encode(): str(value).encode() for name, value in counts.items()}


def test_answers_by_kind_and_how_long_they_took():
    """64 µs is in the first bucket, 700 µs in the eleventh: 64 × 2^(10/3) = 645 < 700 < 812."""
    told = tally.tally([
        one(latency_us=64), one(latency_us=700, quantity=3), one(latency_us=700, reason="tier"),
        one(outcome="miss", reason="guarded", latency_us=None),
        one(kind="store", outcome="stored", latency_us=10_000_000),
        one(kind="feedback", outcome="wrong", reason="the id of a hit", latency_us=1),
    ])  # fmt: skip

    assert told == {
        "answers:hit:": 4, "answers:hit:tier": 1, "answers:miss:guarded": 1, "answers:stored:": 1,
        "took:hit:0": 1, "took:hit:11": 4, "took_us:hit": 64 + 4 * 700,
        "took:stored:47": 1, "took_us:stored": 10_000_000,
    }  # fmt: skip
    found = read(as_stored(told))
    assert found.answers[("miss", "guarded")] == 1
    assert [(row.outcome, sum(row.buckets), row.sum_us) for row in found.took] == [
        ("hit", 5, 2_864), ("stored", 1, 10_000_000),
    ]  # fmt: skip


def test_what_another_version_wrote_is_left_out():
    assert read({b"later:hit": b"3", b"took:hit:48": b"1", b"took:hit:x": b"1"}) == Tally({}, ())


@settings(max_examples=50)
@given(st.lists(st.tuples(
    st.sampled_from(["hit", "miss", "stored"]), st.integers(0, 5_000_000), st.integers(1, 9),
)), st.integers(0, 30))  # fmt: skip
def test_batches_added_up_are_the_whole(rows, cut):
    events = [one(outcome=name, latency_us=us, quantity=n) for name, us, n in rows]
    parts = tally.tally(events[:cut]) + tally.tally(events[cut:])

    found = read(as_stored(parts))

    assert found == read(as_stored(+tally.tally(events)))
    for row in found.took:
        mine = [(us, n) for name, us, n in rows if name == row.outcome]
        assert row.sum_us == sum(us * n for us, n in mine)
        expected = Counter()
        for us, n in mine:
            expected[histogram.index(us)] += n
        assert {i: n for i, n in enumerate(row.buckets) if n} == dict(expected)
