"""A pattern of an event's bytes: filled in, it is the event's own encoding."""

from uuid import uuid4

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from cache_api.rules import events
from cache_api.rules.event_bytes import Pattern
from tests.cache_api.rules.test_events import event


@given(st.uuids(), st.integers(0, 2**62), st.integers(0, 2**62), st.sampled_from(["", "ü" * 300]))
def test_a_pattern_filled_in_is_the_event_encoded(event_id, seq, latency_us, namespace):
    was = event(boot_id=uuid4(), seq=7, latency_us=1, tags={"a": "b"}, namespace=namespace)
    now = msgspec.structs.replace(was, event_id=event_id, seq=seq, latency_us=latency_us)

    assert Pattern(was).fill(event_id.bytes, seq, latency_us) == events.encode(now)
