"""A server that is down, or stuck: what is answered, what is kept, what is made good afterwards."""

import http.client
import json
import os
import signal
import time
import uuid
from pathlib import Path

import pytest

from cache_api.gateways import spool
from cache_api.rules import events
from tests import faults
from tests.cache_api import doors
from tests.cache_api.test_contract import slice_of
from tests.patience import PATIENCE_S, PROMPT_S, wait_for

# Twenty times the default: an answer on a busy machine is no late one.
DEADLINE_MS = 1_000


@pytest.fixture
def cast(own_valkeys):
    return own_valkeys.cast()


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "edge"


@pytest.fixture
def edge(own_valkeys, cast, folder):
    """Without a second tier: `test_tier.py` is about that."""
    door = own_valkeys.edge(folder, DEADLINE_MS, TIER_URL="off")
    yield door
    door.stop(signal.SIGKILL)


def stick(server):
    os.kill(server.child.pid, signal.SIGSTOP)


def release(server):
    os.kill(server.child.pid, signal.SIGCONT)


def lookups(door, key, count, **members):
    """Answer each lookup promptly; their event ids."""
    found = []
    for _ in range(count):
        began = time.monotonic()
        answer = door.lookup(key, **members)
        assert time.monotonic() - began < PROMPT_S
        assert answer.status == 200
        found.append(answer)
    return found


def ids_of(answers):
    return [answer.json["billing"]["event_id"] for answer in answers]


def in_stream(cast):
    return [str(one.event_id) for one in cast.all_events()]


def spooled(folder):
    """Event ids waiting in the spools below a DATA_DIR."""
    # What is put aside to be shipped is older than what is written now.
    files = [*folder.glob("spool/*/shipping.log"), *folder.glob("spool/*/events.log")]
    return [str(events.decode(raw).event_id) for path in files for raw in spool.read(path)]


@pytest.mark.parametrize("trouble", ["down", "stuck"])
def test_without_the_cache_store_lookups_miss_and_stores_are_refused(
    own_valkeys, cast, edge, trouble
):
    edge.store(cast.redis.live, cache_key="k")
    server = own_valkeys.cache
    server.child.kill() if trouble == "down" else stick(server)

    answers = lookups(edge, cast.redis.live, 5, cache_key="k")
    refused = edge.store(cast.redis.live, cache_key="other")

    assert {(one.json["hit"], one.json["reason"]) for one in answers} == {(False, "unavailable")}
    assert (refused.status, refused.json["code"]) == (503, "overloaded")
    assert refused.json["retryable"] is True
    assert int(refused.headers["retry-after"]) >= 1
    assert set(ids_of(answers)) <= set(in_stream(cast))
    server.restart() if trouble == "down" else release(server)
    assert wait_for(lambda: edge.store(cast.redis.live, cache_key="k2").status in {200, 201})
    assert slice_of(edge.lookup(cast.redis.live, cache_key="k2")) != b"null"


@pytest.mark.parametrize("trouble", ["down", "stuck"])
def test_without_the_events_store_hits_are_served_and_spooled_and_shipped_later(
    own_valkeys, cast, edge, folder, trouble
):
    edge.store(cast.redis.live, cache_key="k")
    server = own_valkeys.events
    server.child.kill() if trouble == "down" else stick(server)

    answers = lookups(edge, cast.redis.live, 10, cache_key="k")

    assert all(one.json["hit"] for one in answers)
    assert spooled(folder) == ids_of(answers)  # on disk, in order, before the answer came
    server.restart() if trouble == "down" else release(server)
    assert wait_for(lambda: set(ids_of(answers)) <= set(in_stream(cast)))
    if trouble == "down":
        assert sorted(in_stream(cast)) == sorted(set(in_stream(cast)))
    assert wait_for(lambda: spooled(folder) == [])
    after = lookups(edge, cast.redis.live, 1, cache_key="k")
    assert set(ids_of(after)) <= set(in_stream(cast))


def test_the_spool_of_a_killed_process_is_adopted(own_valkeys, cast, edge, folder):
    lookups(edge, cast.redis.live, 1, cache_key="k")
    (boot,) = cast.events.hkeys("usage:heartbeats")
    own_valkeys.events.child.kill()
    answers = lookups(edge, cast.redis.live, 5, cache_key="k")
    edge.stop(signal.SIGKILL)
    own_valkeys.events.restart()
    assert not set(ids_of(answers)) & set(in_stream(cast))

    heir = own_valkeys.edge(folder, DEADLINE_MS)

    assert wait_for(lambda: set(ids_of(answers)) <= set(in_stream(cast)))
    assert wait_for(lambda: len(list(folder.glob("spool/*"))) == 0)
    beat = json.loads(cast.events.hget("usage:heartbeats", boot))
    assert (beat["spool_bytes"], "adopted_by" in beat) == (0, True)
    heir.stop(signal.SIGKILL)


def test_a_living_process_keeps_its_spool(own_valkeys, cast, edge, folder):
    lookups(edge, cast.redis.live, 1, cache_key="k")
    own_valkeys.events.child.kill()
    answers = lookups(edge, cast.redis.live, 3, cache_key="k")

    shipped = []
    own = spool.Spool(folder / "spool", uuid.uuid4())

    own.adopt(lambda batch: bool(shipped.extend(batch)) or True, lambda boot_id: True)
    assert shipped == []
    assert spooled(folder)[-3:] == ids_of(answers)


def test_without_stream_and_spool_hits_are_served_and_counted(own_valkeys, cast, edge, folder):
    lookups(edge, cast.redis.live, 1, cache_key="k")
    (folder / "spool").write_text("not a folder")
    own_valkeys.events.child.kill()

    lookups(edge, cast.redis.live, 4, cache_key="k")

    own_valkeys.events.restart()
    assert wait_for(lambda: cast.counters().get("unmetered", 0) == 4)
    (beat,) = [json.loads(raw) for raw in cast.events.hvals("usage:heartbeats")]
    assert beat["unmetered"] == 4


def test_on_a_full_disk_lookups_are_served_and_nothing_else_is_acknowledged(
    own_valkeys, cast, edge, folder
):
    hit = edge.store(cast.redis.live, cache_key="k")
    assert hit.status == 201
    (event_id,) = ids_of(lookups(edge, cast.redis.live, 1, cache_key="k"))
    with faults.small_disk(folder / "spool") as disk:
        faults.fill(disk / "filler")
        own_valkeys.events.child.kill()

        served = lookups(edge, cast.redis.live, 4, cache_key="k")
        refused = [
            edge.store(cast.redis.live, cache_key="other"),
            edge.post("/api/overflow/feedback", {"event_id": event_id, "correct": False},
                      cast.redis.live),
            edge.post("/api/overflow/purge", {"all": True}, cast.redis.live),
        ]  # fmt: skip

        assert all(one.json["hit"] for one in served)
        assert {(one.status, one.json["code"]) for one in refused} == {(503, "overloaded")}
        assert all(int(one.headers["retry-after"]) >= 1 for one in refused)
        own_valkeys.events.restart()
        assert wait_for(lambda: cast.counters().get("unmetered", 0) == 6)
        (beat,) = [json.loads(raw) for raw in cast.events.hvals("usage:heartbeats")]
        assert beat["disk_full"] is True  # what pages say so by
        again = lambda: edge.store(cast.redis.live, cache_key="other").status  # noqa: E731
        assert wait_for(lambda: again() in {200, 201})
        edge.stop()
    assert not set(ids_of(served)) & set(in_stream(cast))


def test_a_restart_while_the_events_store_is_away_serves_from_the_file(
    own_valkeys, cast, edge, folder, tmp_path
):
    edge.store(cast.redis.live, cache_key="k")
    assert wait_for(lambda: (folder / "edge" / "snapshot").exists())
    assert (folder / "edge" / "snapshot").stat().st_mode & 0o077 == 0
    edge.stop()
    own_valkeys.events.child.kill()

    again = own_valkeys.edge(folder, DEADLINE_MS)
    stranger = own_valkeys.edge(tmp_path / "elsewhere", DEADLINE_MS)

    assert again.lookup(cast.redis.live, cache_key="k").json["hit"]
    assert again.lookup(cast.redis.live[:-7] + "x" * 7, cache_key="k").status == 401
    assert again.lookup(cast.pinecone.live, cache_key="k").status == 503  # never seen here
    refused = stranger.lookup(cast.redis.live, cache_key="k")
    assert (refused.status, refused.json["code"]) == (503, "overloaded")
    assert stranger.call("GET", "/readyz").status == 503
    assert stranger.call("GET", "/livez").status == 200
    for door in (again, stranger):
        door.stop(signal.SIGKILL)


def test_sigterm_finishes_what_is_under_way_and_says_goodbye(own_valkeys, cast, edge):
    answers = lookups(edge, cast.redis.live, 3, cache_key="k")
    stick(own_valkeys.cache)
    waiting = http.client.HTTPConnection("127.0.0.1", edge.port, timeout=PATIENCE_S)
    waiting.request("POST", "/api/overflow", b'{"cache_key": "k"}',
                    {**doors.JSON, "authorization": f"Bearer {cast.redis.live}"})  # fmt: skip
    assert wait_for(lambda: is_read(edge.port, waiting.sock.getsockname()[1]))

    code = edge.stop(signal.SIGTERM)

    late = waiting.getresponse()
    release(own_valkeys.cache)
    assert code == -signal.SIGTERM  # uvicorn ends as told once everything is finished
    assert late.status == 200
    (event_id,) = set(in_stream(cast)) - set(ids_of(answers))
    assert json.loads(late.read())["billing"]["event_id"] == event_id
    (beat,) = [json.loads(raw) for raw in cast.events.hvals("usage:heartbeats")]
    assert (beat["stopped"], beat["last_seq"], beat["spool_bytes"]) == (True, 4, 0)


def is_read(port, caller):
    """Whether who listens on `port` has accepted that port's connection and read all it sent."""
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, local, remote, _, queues, _, _, _, _, inode, *_ = line.split()
        if [int(one.partition(":")[2], 16) for one in (local, remote)] == [port, caller]:
            return inode != "0" and queues.endswith(":00000000")
    return False


def test_heartbeats_never_claim_what_is_not_durable(own_valkeys, cast, edge):
    lookups(edge, cast.redis.live, 20, cache_key="k")

    assert wait_for(
        lambda: (
            [json.loads(raw)["last_seq"] for raw in cast.events.hvals("usage:heartbeats")] == [20]
        )
    )
    numbers = [one.seq for one in cast.all_events()]
    assert sorted(numbers) == list(range(1, 21))
