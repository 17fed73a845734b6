"""The soak's verdict: what is lost or there twice is found, and nothing else is."""

import asyncio
import json
import os
import random
import uuid
from collections import Counter

import pytest

from bench.soak import clients, hosts
from bench.soak.requests import BATCH, choose, promised
from bench.soak.verdict import Told, judge
from cache_api.gateways.spool import Spool
from cache_api.rules import events
from cache_api.rules.corrections import correction_id
from tenants.rules.ids import uuid7_at

A, B, C, HIT, NAMED = (uuid.uuid5(uuid.NAMESPACE_URL, name) for name in "abchn")
TAKEN_BACK = correction_id(HIT)


def told(events=(A, B), corrections=None, twice=0, may_be_recorded=0):
    return Told(set(events), corrections or {}, twice, may_be_recorded)


@pytest.mark.parametrize(
    ("promises", "rows", "lost", "doubled"),
    [
        (told(), {A: 1, B: 1}, (), 0),
        (told(), {A: 1}, (B,), 0),
        (told(), {A: 1, B: 2}, (), 1),
        (told(twice=1), {A: 1, B: 1}, (), 1),
        # Recorded, and no answer came: fine as often as an answer was cut off, and no oftener.
        (told(may_be_recorded=1), {A: 1, B: 1, C: 1}, (), 0),
        (told(), {A: 1, B: 1, C: 1}, (), 1),
        # Feedback is recorded under its hit's correction id, or as itself: one of them, once.
        (told(corrections={HIT: NAMED}), {A: 1, B: 1, TAKEN_BACK: 1}, (), 0),
        (told(corrections={HIT: NAMED}), {A: 1, B: 1, NAMED: 1}, (), 0),
        (told(corrections={HIT: NAMED}), {A: 1, B: 1}, (NAMED,), 0),
        (told(corrections={HIT: NAMED}), {A: 1, B: 1, NAMED: 1, TAKEN_BACK: 1}, (), 1),
    ],
)
def test_lost_and_doubled(promises, rows, lost, doubled):
    outcome = judge(promises, rows)
    assert (outcome.lost, outcome.doubled) == (lost, doubled)
    assert outcome.passed is (not lost and doubled == 0)
    assert outcome.recorded == sum(rows.values())


def test_feedback_that_came_before_its_hit_is_there_beside_the_correction_and_counts_once():
    promises, rows = told(corrections={HIT: NAMED}), {A: 1, B: 1, TAKEN_BACK: 1, NAMED: 1}
    assert judge(promises, rows, {NAMED}).passed
    assert judge(promises, rows, {TAKEN_BACK}).doubled == 1


def test_every_kind_of_request_comes_and_promises_what_it_may():
    dice, seen = random.Random(5), Counter()
    for _ in range(500):
        hits = [(HIT, "customer-1")]
        request = choose(dice, hits)
        seen[request.kind] += 1
        assert hits == ([] if request.kind == "feedback" else [(HIT, "customer-1")])
        assert request.events == {"batch": BATCH, "purge": 0}.get(request.kind, 1)
    assert set(seen) == {"lookup", "store", "batch", "purge", "feedback"}


def test_what_a_batch_answers_is_counted_item_by_item():
    dice = random.Random(1)
    while (request := choose(dice, [])).kind != "batch":
        pass
    billed = {"status": 200, "body": {"hit": True, "billing": {"event_id": str(A)}}}
    late = {"status": 503, "problem": {}}
    odd = {"status": 500, "problem": {"code": "what"}}

    promise = promised(request, 200, {"items": [billed, late, late, odd]})

    customer = request.body["items"][0]["customer_id"]
    assert (promise.events, promise.hits, promise.refused) == ((A,), ((A, customer),), 2)
    assert "what" in promise.wrong


def test_an_answer_that_nothing_explains_is_wrong():
    request = choose(random.Random(0), [])
    assert promised(request, 500, {}).wrong
    assert promised(request, 404, {}).wrong


TOLD = {"retryable": True, "billing": {"event_id": str(A)}}
HEADS = {
    "whole": (200, b"content-length: %d\r\n\r\n"),
    "refused": (503, b"retry-after: 5\r\ncontent-length: %d\r\n\r\n"),
    "no length": (503, b"retry-after: 5\r\ntransfer-encoding: chunked\r\n\r\n%x\r\n"),
    "too short": (200, b"content-length: 1%d\r\n\r\n"),
}


@pytest.mark.parametrize("name", HEADS)
def test_an_answer_that_is_framed_otherwise_than_it_says_is_wrong(name):
    """What is left of it would begin the next answer of the connection."""
    status, fields = HEADS[name]
    body = json.dumps(TOLD).encode()

    async def ask():
        answers, stop = clients.Answers(), asyncio.Event()

        async def answer(reader, writer):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 %d X\r\n" % status + fields % len(body) + body)
            stop.set()
            writer.close()

        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        async with server:
            door = clients.Door("here", server.sockets[0].getsockname()[1], "a.example", "key")
            await clients.talk(door, Lookups(), answers, stop)
        return answers

    found = asyncio.run(ask())

    seen = (found.answered.total(), found.refused.total(), found.cut_off.total(), len(found.wrong))
    assert seen == {"whole": (1, 0, 0, 0), "refused": (0, 1, 0, 0), "no length": (0, 0, 0, 1),
                    "too short": (0, 0, 1, 0)}[name]  # fmt: skip


class Lookups(random.Random):
    """Dice that always choose a lookup."""

    def choices(self, *given, **more):
        return ["lookup"]


def event(kind="lookup", outcome="hit"):
    return events.UsageEvent(
        event_id=uuid7_at(1, os.urandom(10)), partner_id=A, customer="acme", kind=kind,
        outcome=outcome, livemode=True,
    )  # fmt: skip


def test_a_dead_hosts_spool_is_carried_and_adopted_and_a_living_ones_is_left(tmp_path):
    first, second = tmp_path / "1", tmp_path / "2"
    kept, taken_back, own = event(), event("feedback", "unmatched"), event()
    dead, alive = (Spool(disk / "spool", uuid.uuid4()) for disk in (second, first))
    dead.append([events.encode(one) for one in (kept, taken_back)])
    alive.append([events.encode(own)])
    assert hosts.orphans(second) == set()  # it lives
    dead.close()  # keeps what waits, and gives up the lock as a killed process does
    assert hosts.orphans(second) == {kept.event_id}

    hosts.carry(second, first)

    assert not second.exists() and hosts.waiting_bytes(first) > 0
    shipped = []
    heir = Spool(first / "spool", uuid.uuid4())
    heir.adopt(lambda batch: bool(shipped.extend(batch)) or True, lambda boot_id: True)
    assert [events.decode(raw).event_id for raw in shipped] == [kept.event_id, taken_back.event_id]
    assert hosts.orphans(first) == set() and hosts.waiting_bytes(first) > 0  # the living one's
    alive.close()
