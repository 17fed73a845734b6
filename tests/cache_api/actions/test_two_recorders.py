"""Streams in shards and two recorders: killed and started again, nothing is lost or doubled."""

import contextlib
import subprocess
import sys
import uuid

import pytest
import redis
from hypothesis import given, settings
from hypothesis import strategies as st

from cache_api.actions.drain_stream import Beats, Drained, StreamReader, drain_stream
from cache_api.gateways.config import BadConfig, _shards
from cache_api.gateways.stream import HEARTBEATS_KEY, EventStream
from cache_api.gateways.upkeep import xadds
from cache_api.reconcile import CHECKS
from cache_api.rules.events import FIELD, UsageEvent, encode, shard_of, stream_of
from tenants.rules.ids import uuid7
from tests.cache_api.cast import NOW, event, hours, sql
from tests.conftest import own_valkey
from tests.patience import PATIENCE_S, wait_for

SHARDS = 4


@pytest.fixture
def url(database):
    """An events Valkey without streams: recorders find all usage streams of a database."""
    database.login("recorder")
    return own_valkey("EVENTS_URL")


def append(url, events):
    """As doors do."""
    with redis.Redis.from_url(url) as client:
        for command in xadds([encode(one) for one in events], SHARDS):
            client.execute_command(*command)


def waiting(url):
    with redis.Redis.from_url(url) as client:
        return sum(client.xlen(stream_of(shard)) for shard in range(SHARDS))


@contextlib.contextmanager
def recorder(database, url):
    process = subprocess.Popen(
        [sys.executable, "manage.py", "record", "--batch", "40"],
        env=database.environ(AC_DB_LOGIN="recorder", EVENTS_URL=url), stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@settings(max_examples=25)
@given(st.uuids(), st.text(max_size=20), st.integers(1, 64))
def test_a_partners_events_are_all_in_one_shard(partner_id, customer, shards):
    def one(**more):
        return encode(UsageEvent(event_id=uuid7(), partner_id=partner_id, customer=customer,
                                 kind="lookup", outcome="hit", livemode=True, **more))  # fmt: skip

    found = {shard_of(raw, shards) for raw in (one(), one(tags={"a": "b"}, quantity=10**9))}

    assert found == {int(partner_id.hex[-8:], 16) % shards}


def test_doors_spread_partners_and_keep_each_ones_order(partners):
    ids = [uuid.UUID(int=n) for n in (4, 5, 8)]
    raws = [encode(event(partners.redis, partner_id=one, seq=n)) for n, one in enumerate(ids * 50)]

    commands = xadds(raws, SHARDS)

    names = {command[1] for command in commands}
    assert names == {b"usage:0", b"usage:1"}
    for shard in (0, 1):
        held = [raw for name, *rest in [command[1:] for command in commands]
                if name == b"usage:%d" % shard for raw in rest[2::2]]  # fmt: skip
        assert held == [raw for raw in raws if shard_of(raw, SHARDS) == shard]
    assert [raw for command in xadds(raws) for raw in command[4::2]] == raws


@pytest.mark.parametrize(("given", "found"), [("1", 1), ("64", 64)])
def test_the_number_of_shards(given, found):
    assert _shards(given) == found


@pytest.mark.parametrize("wrong", ["0", "65", "-1", "two"])
def test_a_wrong_number_of_shards_is_named(wrong):
    with pytest.raises(BadConfig, match="USAGE_SHARDS"):
        _shards(wrong)


def test_heartbeats_wait_for_every_shard(url, database, partners):
    boot = uuid7()
    append(url, [event(partners.redis, partner_id=one, boot_id=boot, seq=n + 1)
                 for n, one in enumerate([partners.redis.pk, partners.pinecone.pk])])  # fmt: skip
    stream = EventStream(url)
    names = stream.shards()
    with redis.Redis.from_url(url) as client:
        beat = f'{{"boot_id": "{boot}", "last_seq": 2, "seen_at_ms": 1795000000000}}'
        client.hset(HEARTBEATS_KEY, boot.hex, beat)
        # One more stream, so that this holds even where both partners share a shard.
        client.xadd("usage:9", {FIELD: encode(event(partners.redis, boot_id=boot, seq=3))})
    names = stream.shards()
    beats = Beats(stream, lambda: names)
    readers = [StreamReader(stream, name, beats=beats) for name in names]
    told = []
    for reader in readers:
        drain_stream(reader=reader, now=NOW)
        told.append(sql(database, "SELECT count(*) FROM edge_heartbeat")[0][0])
        reader.close()

    assert told == [0] * (len(names) - 1) + [1]


def test_a_stream_that_another_recorder_has_is_left_to_it(url, database, partners):
    append(url, [event(partners.redis)])
    stream = EventStream(url)
    (name,) = stream.shards()
    first, second = (StreamReader(stream, name) for _ in range(2))
    assert drain_stream(reader=first, now=NOW).inserted == 1
    append(url, [event(partners.redis)])
    with database.psql("recorder", autocommit=False) as other:
        other.execute("SELECT 1 FROM stream_position FOR UPDATE")
        assert drain_stream(reader=second, now=NOW) == Drained(busy=True)
        assert second.is_shared
        assert drain_stream(reader=second, now=NOW) == Drained(busy=True)
    assert drain_stream(reader=second, now=NOW).inserted == 1
    assert drain_stream(reader=first, now=NOW).inserted == 0
    for reader in (first, second):
        reader.close()


def test_two_recorders_one_killed_in_the_middle_and_the_other_goes_on(url, database, partners):
    boots = [uuid7() for _ in range(2)]
    events = [
        event(partner, boot_id=boot, seq=n + 1)
        for boot, partner in zip(boots, partners, strict=True)
        for n in range(600)
    ]
    append(url, events[::2])
    with recorder(database, url) as first, recorder(database, url) as second:
        assert wait_for(lambda: waiting(url) < 500)
        first.kill()  # it holds a stream, and a batch is under way or just recorded
        first.wait(PATIENCE_S)
        append(url, events[1::2])
        append(url, events[:100])  # shipped again, as a spool does after a lost reply
        assert wait_for(lambda: waiting(url) == 0)
        append(url, [event(partners.redis), event(partners.redis)])
        assert wait_for(lambda: waiting(url) == 0)
        assert second.poll() is None

    found = sql(database, "SELECT count(*), count(DISTINCT event_id) FROM usage_event")
    assert found == [(1202, 1202)]
    assert (hours(database, partners.redis), hours(database, partners.pinecone)) == (
        [(602,)], [(600,)],
    )  # fmt: skip
    seqs = "SELECT count(DISTINCT seq), max(seq) FROM usage_event WHERE boot_id = %s"
    assert [sql(database, seqs, boot) for boot in boots] == [[(600, 600)]] * 2
    assert [one for check in CHECKS for one in check.run()] == []
