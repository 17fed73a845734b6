"""Usage events on the wire, latency buckets, UTC windows."""

from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cache_api.rules import events, histogram, windows
from tenants.rules import ids

AT = datetime(2026, 11, 23, 5, 59, 59, 123000, tzinfo=UTC)


def event(**changes):
    members = {
        "event_id": ids.uuid7_at(int(AT.timestamp() * 1000), b"0123456789"),
        "partner_id": uuid4(),
        "customer": "acme",
        "kind": "lookup",
        "outcome": "hit",
        "livemode": True,
    }
    return events.UsageEvent(**{**members, **changes})


def test_an_event_survives_the_wire():
    sent = event(
        boot_id=uuid4(),
        seq=7,
        tags={"team": "a"},
        latency_us=412,
        cost_saved_micros=9000,
        region="eu",
    )

    assert events.decode(events.encode(sent)) == sent


def test_the_instant_is_in_the_id():
    assert event().occurred_at == AT


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"kind": "store"}, "cannot have the outcome"),
        ({"quantity": 0}, "quantity is 0"),
        ({"event_id": UUID(int=4 << 76)}, "not a UUIDv7"),
    ],
)
def test_nonsense_is_unreadable(changes, says):
    with pytest.raises(events.UnreadableEvent, match=says):
        events.decode(events.encode(event(**changes)))


@pytest.mark.parametrize(
    "raw",
    [b"", b"\xc1", b"\x90", b"hello", events.encode(event())[:-3]],
    ids=["nothing", "never used", "no members", "text", "cut short"],
)
def test_other_bytes_are_unreadable(raw):
    with pytest.raises(events.UnreadableEvent):
        events.decode(raw)


def test_a_later_version_with_more_members_is_read():
    raw = events.encode(event())
    longer = raw[:2] + bytes([raw[2] + 1]) + raw[3:] + b"\xa1x"

    assert raw[0] == 0xDC
    assert events.decode(longer) == events.decode(raw)


@given(st.integers(0, 10**9))
def test_every_latency_has_one_bucket_whose_bounds_hold_it(latency_us):
    bucket = histogram.index(latency_us)

    assert bucket == 47 or latency_us <= histogram.UPPER_US[bucket]
    assert bucket == 0 or latency_us > histogram.UPPER_US[bucket - 1]


@given(
    st.lists(st.integers(64, 2_600_000), min_size=1, max_size=60),
    st.sampled_from([50, 95, 99, 100]),
)
def test_a_percentile_is_never_below_and_at_most_27_percent_above_the_truth(latencies, percent):
    buckets = histogram.empty()
    for latency in latencies:
        buckets[histogram.index(latency)] += 1
    ordered = sorted(latencies)
    truth = ordered[-(-len(ordered) * percent // 100) - 1]

    read = histogram.percentile(buckets, percent)

    assert truth <= read <= truth * 1.27 + 1


def test_merging_adds_and_refuses_other_shapes():
    one = histogram.empty()
    one[3] = 2

    assert histogram.merge(one, one)[3] == 4
    assert histogram.percentile(histogram.empty(), 50) is None
    with pytest.raises(ValueError, match="48 buckets"):
        histogram.merge(one, [1])


def test_windows_are_utc_and_half_open():
    berlin = datetime(2026, 11, 23, 0, 30, tzinfo=timezone(timedelta(hours=1)))

    assert windows.hour_of(berlin) == datetime(2026, 11, 22, 23, tzinfo=UTC)
    assert windows.day_of(berlin) == datetime(2026, 11, 22, tzinfo=UTC)
    hour = windows.hour_of(AT)
    assert list(windows.hours_between(hour, hour + windows.HOUR)) == [hour]
    assert len(list(windows.days_between(AT, AT + timedelta(days=2)))) == 3
    with pytest.raises(ValueError, match="no time zone"):
        windows.hour_of(AT.replace(tzinfo=None))
