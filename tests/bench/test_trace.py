"""The key sequence and the bound no policy can pass, against slower ways to the same."""

import gzip
import itertools
import struct

from hypothesis import given
from hypothesis import strategies as st

from bench import hitrate, trace


def test_a_trace_is_read_as_big_endian_numbers(tmp_path):
    file = tmp_path / "t.gz"
    file.write_bytes(gzip.compress(struct.pack(">5i", 70_000, -1, 70_000, 5, -1)))
    assert trace.read(file) == [0, 1, 0, 2, 1]


def best(keys, room, held=frozenset()):
    """Every way to forget, tried."""
    if not keys:
        return 0
    key, rest = keys[0], keys[1:]
    hit = key in held
    held |= {key}
    if len(held) <= room:
        return hit + best(rest, room, held)
    return hit + max(
        best(rest, room, frozenset(kept)) for kept in itertools.combinations(held, room)
    )


@given(st.lists(st.integers(0, 4), min_size=1, max_size=9), st.integers(1, 3))
def test_the_bound_is_the_best_of_all_ways_to_forget(keys, room):
    assert trace.clairvoyant(keys, room) == best(keys, room) / len(keys)


def test_the_real_trace_is_the_one_the_goal_is_about(shared_data):
    keys = trace.read(shared_data / "traces" / hitrate.TRACE.name)
    assert (len(keys), len(set(keys))) == (95_607, 13_756)
    assert round(trace.clairvoyant(keys, 1_375), 3) == 0.8
