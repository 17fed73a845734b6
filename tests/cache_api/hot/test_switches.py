"""What is turned off, without any door: whom it means, and that nothing else changes."""

import json

import pytest

from cache_api.actions.publish_snapshot import EVERY
from cache_api.gateways.upkeep import EVERY_S
from cache_api.hot import admit, snapshot
from cache_api.hot.admit import DECIDED_MS, Caller
from cache_api.hot.facts import SWITCHES
from cache_api.hot.site import Site
from tests.cache_api.hot.pipeline import Pipeline

HERE = "test-1"
POLICY = {"threshold": 0.9}


@pytest.fixture
def pipe():
    """Two partners in one region; Redis Labs and Pinecone have semantic matching."""
    made = Pipeline()
    made.snapshot = snapshot.Snapshot(made.snapshot.kek, Site(region=HERE))
    for partner_id, _ in (made.redis, made.pinecone):
        made.rewrite(partner_id, semantic=POLICY)
    return made


def turn(pipe, **value):
    """What the publisher writes; edges read it at their next look."""
    pipe.facts[SWITCHES] = json.dumps(value).encode()
    pipe.now_ms += snapshot.FRESH_MS


def callers(pipe):
    found = []
    for _, key in (pipe.redis, pipe.pinecone):
        pipe.lookup(key, cache_key="k")  # fetches the facts
        who = admit.admit(pipe.asked(key).headers, pipe.snapshot, pipe.now_ms)
        assert type(who) is Caller
        found.append(who)
    return found


@pytest.mark.parametrize(
    ("off", "expected"),
    [("nobody", [True, True]), ("redis", [False, True]), ("everybody", [False, False])],
)
def test_semantic_matching_is_off_for_whom_it_is_meant(pipe, off, expected):
    ids = {"nobody": [], "redis": [str(pipe.redis[0])], "everybody": ["*"]}[off]
    turn(pipe, semantic_off=ids)

    assert [who.semantic is not None for who in callers(pipe)] == expected


def test_in_a_drained_region_nothing_hits_and_nothing_is_stored(pipe):
    _, key = pipe.redis
    assert pipe.store(key, cache_key="k").status == 201
    assert json.loads(pipe.lookup(key, cache_key="k").body)["response"] == [1]

    turn(pipe, drained=[HERE])
    miss = json.loads(pipe.lookup(key, cache_key="k").body)
    stored = pipe.store(key, cache_key="k2")
    purged = pipe.ask("purge", b'{"all":true}', key)

    assert (miss["response"], miss["reason"], pipe.snapshot.is_drained) == (None, "drained", True)
    assert (stored.status, json.loads(stored.body)["retryable"]) == (503, True)
    assert dict(stored.headers)[b"retry-after"] == b"30"
    assert purged.status < 300  # nobody has to wait with what must not be served any more

    turn(pipe, drained=["elsewhere"])
    assert json.loads(pipe.lookup(key, cache_key="k").body)["response"] == [1]
    assert not pipe.snapshot.is_drained


def test_a_switch_alone_is_no_fact_to_check_keys_by(pipe):
    pipe.snapshot.absorb([SWITCHES], [b'{"drained":["test-1"]}'], pipe.now_ms)

    assert pipe.snapshot.is_empty() and pipe.snapshot.is_drained


def test_it_is_in_force_within_five_seconds():
    """Published each second, read by every process each second, decided anew within one."""
    longest_ms = EVERY.total_seconds() * 1000 + EVERY_S * 1000 + DECIDED_MS
    assert longest_ms <= 5_000 - 1_000  # and a second for the ways between
