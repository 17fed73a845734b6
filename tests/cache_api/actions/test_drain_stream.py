"""The stream drains into rows exactly once, whoever dies between which two steps."""

import json
import os
import signal
import subprocess
import sys
import uuid
from datetime import timedelta

import pytest
import redis
from django.db import connection

from cache_api.actions import drain_stream as module
from cache_api.actions.drain_stream import Drained, StreamReader, drain_stream
from cache_api.gateways.stream import DATASET_KEY, HEARTBEATS_KEY, EventStream, EventsUnavailable
from cache_api.reconcile import CHECKS
from cache_api.rules import tally
from cache_api.rules.events import FIELD, encode
from tenants.rules.ids import uuid7
from tests.cache_api.cast import NOW, event, everything, hours, sql
from tests.conftest import own_valkey
from tests.patience import PATIENCE_S, wait_for


class Stream:
    """A stream in an events Valkey of this test's own: heartbeats would hold up others' months."""

    def __init__(self):
        self.name = f"test:{uuid.uuid4().hex}"
        self.url = own_valkey("EVENTS_URL")
        self.client = redis.Redis.from_url(self.url)
        self.readers = []

    def add(self, *events):
        return [self.client.xadd(self.name, {FIELD: encode(one)}) for one in events]

    def reader(self, limit=100):
        self.readers.append(StreamReader(EventStream(self.url), self.name, limit))
        return self.readers[-1]

    def waiting(self):
        return self.client.xlen(self.name)


@pytest.fixture
def stream(database):
    made = Stream()
    database.login("recorder")
    yield made
    for reader in made.readers:
        reader.close()
    made.client.close()


def drain(reader, now=NOW):
    steps = [drain_stream(reader=reader, now=now)]
    while steps[-1].more:
        steps.append(drain_stream(reader=reader, now=now))
    return steps


def test_entries_become_rows_and_leave_the_stream(stream, database, partners):
    stream.add(event(partners.redis, quantity=2), event(partners.pinecone, quantity=5))
    reader = stream.reader()
    assert drain(reader) == [Drained(received=2, inserted=2)]
    assert (hours(database, partners.redis), hours(database, partners.pinecone)) == ([(2,)], [(5,)])
    assert stream.waiting() == 0
    before, counted = everything(database, partners), stream.client.hgetall(tally.KEY)
    assert tally.read(counted).answers == {("hit", ""): 7}
    assert drain(reader) == [Drained()]
    assert drain(stream.reader()) == [Drained()]
    assert everything(database, partners) == before
    assert stream.client.hgetall(tally.KEY) == counted


def test_many_chunks_are_read_ahead_and_none_is_lost(stream, database, partners):
    stream.add(*[event(partners.redis) for _ in range(25)])
    steps = drain(stream.reader(limit=4))
    assert [step.inserted for step in steps] == [4] * 6 + [1]
    assert hours(database, partners.redis) == [(25,)]
    assert stream.waiting() == 0


def test_killed_before_the_commit_nothing_is_there_and_the_next_run_has_all(
    stream, database, partners, monkeypatch
):
    stream.add(event(partners.redis), event(partners.pinecone))

    def killed(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "_copy_heartbeats", killed)
    with pytest.raises(KeyboardInterrupt):
        drain(stream.reader())
    assert sql(database, "SELECT count(*) FROM usage_event") == [(0,)]
    assert stream.waiting() == 2
    monkeypatch.undo()
    assert drain(stream.reader())[0].inserted == 2


def test_killed_between_commit_and_trim_nothing_counts_twice(
    stream, database, partners, monkeypatch
):
    stream.add(event(partners.redis, quantity=3))

    def away(*args):
        raise EventsUnavailable("gone")

    reader = stream.reader()
    with monkeypatch.context() as patch:
        patch.setattr(reader.stream, "trim_through", away)
        with pytest.raises(EventsUnavailable):
            drain(reader)
    assert stream.waiting() == 1
    before = everything(database, partners)
    stream.add(event(partners.redis, quantity=4))
    assert drain(stream.reader())[0].inserted == 1
    assert hours(database, partners.redis) == [(7,)]
    assert len(everything(database, partners)["usage_event"]) == len(before["usage_event"]) + 1
    assert stream.waiting() == 0


def test_a_replaced_events_server_is_read_from_its_start(stream, database, partners):
    stream.add(event(partners.redis))
    reader = stream.reader()
    drain(reader)
    # The new server's stream ids are lower than the position reached on the old one.
    stream.client.delete(stream.name)
    stream.client.set(DATASET_KEY, uuid.uuid4().hex)
    stream.client.xadd(stream.name, {FIELD: encode(event(partners.pinecone))}, id="1-1")
    assert sum(step.inserted for step in drain(reader)) == 1
    assert hours(database, partners.pinecone) == [(1,)]
    rows = sql(database, "SELECT last_id FROM stream_position WHERE stream = %s", stream.name)
    assert ("1-1",) in rows
    assert len(rows) == 2


def test_only_one_recorder_holds_the_lease(stream, database, partners):
    stream.add(event(partners.redis))
    drain(stream.reader())
    stream.add(event(partners.redis))
    with database.psql("recorder", autocommit=False) as other:
        other.execute("SELECT 1 FROM stream_position FOR UPDATE")
        assert drain(stream.reader()) == [Drained(busy=True)]
        assert stream.waiting() == 1
    assert drain(stream.reader())[0].inserted == 1


def test_poison_goes_to_the_dead_letters_and_the_rest_goes_on(stream, database, partners):
    stream.add(event(partners.redis))
    place = stream.client.xadd(stream.name, {FIELD: b"\xc1 no event"}).decode()
    stream.client.xadd(stream.name, {b"other": b"field"})
    stream.add(event(partners.redis, partner_id=uuid7()), event(partners.pinecone))
    step = drain(stream.reader())[0]
    assert (step.inserted, step.dead) == (2, 3)
    assert stream.waiting() == 0
    letters = sql(
        database, "SELECT position, payload, source FROM dead_letter ORDER BY payload DESC"
    )
    assert (place, b"\xc1 no event", f"stream {stream.name}") in letters
    assert len(letters) == 3
    done = recorder(database, stream, "--retry-dead", stdout=subprocess.PIPE)
    assert done.communicate(timeout=PATIENCE_S)[0] == "0 dead letters recorded, 3 left\n"


def test_heartbeats_are_copied_only_when_everything_before_them_is_recorded(
    stream, database, partners
):
    boot, old = uuid7(), uuid7()
    beat = {"boot_id": str(boot), "last_seq": 3, "spool_bytes": 7, "seen_at_ms": 1_795_000_000_000}
    stream.client.hset(HEARTBEATS_KEY, boot.hex, json.dumps(beat))
    stream.client.hset(
        HEARTBEATS_KEY, old.hex, json.dumps({**beat, "boot_id": str(old), "seen_at_ms": 1000})
    )
    stream.client.hset(HEARTBEATS_KEY, "broken", b"{")
    stream.add(*[event(partners.redis, boot_id=boot, seq=n) for n in (1, 2, 3)])
    reader = stream.reader(limit=2)
    drain_stream(reader=reader, now=NOW)
    assert sql(database, "SELECT count(*) FROM edge_heartbeat") == [(0,)]
    drain(reader)
    drain(reader, NOW + timedelta(seconds=2))
    rows = sql(database, "SELECT boot_id, last_seq, spool_bytes FROM edge_heartbeat")
    assert sorted(rows) == sorted([(boot, 3, 7), (old, 3, 7)])
    assert old.hex.encode() not in stream.client.hkeys(HEARTBEATS_KEY)


CUT = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE usename = 'ac_recorder' AND datname = current_database()"""


def recorder(database, stream, *arguments, **more):
    return subprocess.Popen(
        [sys.executable, "manage.py", "record", "--stream", stream.name, *arguments],
        env=database.environ(AC_DB_LOGIN="recorder", LOG_LEVEL="INFO", EVENTS_URL=stream.url),
        stderr=subprocess.PIPE, text=True, **more,
    )  # fmt: skip


def test_the_process_survives_a_cut_connection_and_ends_on_sigterm(stream, database, partners):
    process = recorder(database, stream)
    try:
        stream.add(event(partners.redis))
        assert wait_for(lambda: hours(database, partners.redis) == [(1,)])
        sql(database, CUT)
        stream.add(event(partners.redis))
        assert wait_for(lambda: hours(database, partners.redis) == [(2,)])
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 0
    finally:
        process.kill()
        process.communicate()
    database.login("recorder")  # this test's own connection was cut as well
    assert [one for check in CHECKS for one in check.run()] == []


def test_while_postgres_is_stuck_the_stream_keeps_everything(stream, database, partners):
    process = recorder(database, stream)
    connection.close()  # this test's own, as the same login
    try:
        stream.add(event(partners.redis))
        assert wait_for(lambda: hours(database, partners.redis) == [(1,)])
        found = sql(database, CUT.replace("pg_terminate_backend(pid)", "pid"))
        for (pid,) in found:
            os.kill(pid, signal.SIGSTOP)
        stream.add(event(partners.redis), event(partners.pinecone))
        assert found and stream.waiting() == 2 and process.poll() is None
        for (pid,) in found:
            os.kill(pid, signal.SIGCONT)
        assert wait_for(lambda: hours(database, partners.redis) == [(2,)])
        assert wait_for(lambda: hours(database, partners.pinecone) == [(1,)])
    finally:
        process.kill()
        process.communicate()


def test_once_drains_and_ends_and_says_when_a_server_is_away(stream, database, partners):
    stream.add(event(partners.redis), event(partners.pinecone))
    process = recorder(database, stream, "--once")
    said = process.communicate(timeout=PATIENCE_S)[1]
    assert (said.count("recorded 2 of 2"), process.returncode) == (1, 0)
    assert stream.waiting() == 0
    broken = subprocess.run(
        [sys.executable, "manage.py", "record", "--once"], capture_output=True, text=True,
        env=database.environ(AC_DB_LOGIN="recorder", EVENTS_URL="redis://127.0.0.1:1/0"),
    )  # fmt: skip
    assert broken.returncode == 1
    assert "events Valkey" in broken.stderr
    assert "Traceback" not in broken.stderr
