"""Lanes to Valkey: one pipeline a tick, prompt refusals, no reply for the wrong asker."""

import asyncio
import os
import signal
import time

import pytest

from cache_api.gateways.config import DEADLINE_S
from cache_api.gateways.connection import Connection
from cache_api.gateways.resp import Address
from cache_api.gateways.valkey import Lane
from cache_api.gateways.valkey_sync import SyncLane


def test_what_is_submitted_in_one_tick_travels_as_one_pipeline(valkeys, monkeypatch):
    sent = []
    real = Connection.send
    monkeypatch.setattr(
        Connection, "send", lambda self, batch: (sent.append(batch), real(self, batch))
    )

    async def ask():
        lane = Lane("cache", valkeys.cache.url(), DEADLINE_S)
        assert await lane.connect()
        sent.clear()
        futures = [lane.submit([(b"ECHO", b"%d" % n), (b"ECHO", b"x")]) for n in range(50)]
        replies = await asyncio.gather(*futures)
        await lane.close()
        return replies

    assert asyncio.run(ask()) == [[b"%d" % n, b"x"] for n in range(50)]
    assert [batch.wanted for batch in sent] == [100]


def test_a_refused_command_is_none_for_its_asker_only(valkeys):
    async def ask():
        lane = Lane("cache", valkeys.cache.url(), DEADLINE_S)
        futures = [
            lane.submit([command]) for command in ((b"ECHO", b"a"), (b"NOSUCH",), (b"ECHO", b"b"))
        ]
        replies = await asyncio.gather(*futures)
        await lane.close()
        return replies

    assert asyncio.run(ask()) == [[b"a"], None, [b"b"]]


def test_a_stuck_server_costs_one_deadline_and_late_replies_reach_nobody(own_valkeys):
    server = own_valkeys.cache

    async def ask():
        lane = Lane("cache", server.url(), DEADLINE_S)
        assert await lane.submit([(b"ECHO", b"before")]) == [b"before"]
        os.kill(server.child.pid, signal.SIGSTOP)
        began = time.monotonic()
        assert (
            await asyncio.gather(*[lane.submit([(b"ECHO", b"lost")]) for _ in range(20)])
            == [None] * 20
        )
        assert time.monotonic() - began < 0.2
        began = time.monotonic()
        assert await lane.submit([(b"ECHO", b"lost")]) is None
        assert time.monotonic() - began < 0.02
        os.kill(server.child.pid, signal.SIGCONT)
        for _ in range(100):
            if (got := await lane.submit([(b"ECHO", b"after")])) is not None:
                break
            await asyncio.sleep(0.05)
        await lane.close()
        return got

    assert asyncio.run(ask()) == [b"after"]


@pytest.mark.parametrize("wrong", ["redis://:wrong@127.0.0.1:{port}/0", "redis://127.0.0.1:1/0"])
def test_a_server_that_refuses_or_is_not_there_is_none(valkeys, wrong):
    url = wrong.format(port=valkeys.cache.port)

    async def ask():
        lane = Lane("cache", url, DEADLINE_S)
        assert not await lane.connect()
        answer = await lane.submit([(b"PING",)])
        await lane.close()
        return answer

    assert asyncio.run(ask()) is None
    assert SyncLane("cache", url, DEADLINE_S).run([(b"PING",)]) is None


def test_the_blocking_lane_does_the_same(own_valkeys):
    server = own_valkeys.cache
    lane = SyncLane("cache", server.url(), DEADLINE_S)

    assert lane.run([(b"ECHO", b"a"), (b"ECHO", b"b")]) == [b"a", b"b"]
    assert lane.run([(b"NOSUCH",)]) is None
    assert lane.run([]) == []
    os.kill(server.child.pid, signal.SIGSTOP)
    began = time.monotonic()
    assert lane.run([(b"ECHO", b"lost")]) is None
    assert lane.run([(b"ECHO", b"lost")]) is None
    assert time.monotonic() - began < 0.2
    os.kill(server.child.pid, signal.SIGCONT)
    time.sleep(0.3)
    assert lane.run([(b"ECHO", b"after")]) == [b"after"]


def test_addresses_are_read_and_passwords_never_told():
    address = Address.parse("rediss://us%40er:p%3Ass@example.com:7000/3")

    assert address == Address("example.com", 7000, "us@er", "p:ss", 3, True)
    with pytest.raises(ValueError, match="redis://") as caught:
        Address.parse("http://:secret@example.com")
    assert "secret" not in str(caught.value)
