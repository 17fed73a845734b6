"""The express way says what the ordinary way says, byte for byte, or leaves it to that one."""

import json
from itertools import count
from types import SimpleNamespace

import msgspec
import pytest

from cache_api.edge import express, protocol, service
from cache_api.edge.express import Hit
from cache_api.hot import memo
from cache_api.rules import events
from tenants.rules import ids
from tests.cache_api.edge.driven import Edge, request, store
from tests.cache_api.hot.pipeline import NOW_MS


@pytest.fixture
def edge(monkeypatch):
    memo.forget_all()
    edge = Edge(monkeypatch)
    clock = lambda: edge.pipe.now_ms * 1_000_000  # noqa: E731
    for module in (express, protocol):
        monkeypatch.setattr(module, "time_ns", clock)
    monkeypatch.setattr(service.time, "time_ns", clock)
    monkeypatch.setattr(service.time, "perf_counter_ns", clock)
    monkeypatch.setattr(express, "perf_counter_ns", clock)
    return edge


@pytest.fixture
def key(edge):
    return edge.pipe.redis[1]


def warm(edge, key, number=0, **more):
    """A connection on which that request was asked, and answered with a hit."""
    link = edge.connect()
    assert edge.ask(link, store(key, number)).startswith(b"HTTP/1.1 201 ")
    for _ in range(2):
        assert b'"hit":true' in edge.ask(link, request(key, number, **more))
    return link


def asked_for(edge, link, data):
    """The answer, and whether it came the express way."""
    link.data_received(data)
    is_express = type(link.cycle) is Hit
    edge.settle()
    return link.transport.taken(), is_express


def same_ids(monkeypatch):
    """Ids in a row that begins anew with each call."""
    numbers = count(1)

    def mint():
        made = ids.uuid7_at(NOW_MS, next(numbers).to_bytes(10, "big"))
        return made.bytes, str(made).encode()

    monkeypatch.setattr(ids, "uuid7_bytes", mint)


@pytest.mark.parametrize("facts", [{}, {"limits": {"key_rps": 50, "concurrency": 4}},
                                   {"partner_share_bps": 2_000}])  # fmt: skip
def test_it_says_what_the_ordinary_way_says(edge, monkeypatch, facts):
    edge.pipe.rewrite(edge.pipe.redis[0], **facts)
    key = edge.pipe.redis[1]
    link, told = warm(edge, key), []
    for way in (True, False):
        if not way:
            edge.service.express = SimpleNamespace(take=lambda *_: False)
        same_ids(monkeypatch)
        edge.facts.events.clear()
        stocks = edge.pipe.snapshot.site.stocks
        for stock in stocks._stocks.values():
            stock.left = 7.0
        answer, is_express = asked_for(edge, link, request(key, 0))
        assert is_express == way
        (event,) = map(events.decode, edge.facts.events)
        assert edge.pipe.stamp.settled_through() == event.seq
        told.append((answer, msgspec.structs.replace(event, seq=0)))

    assert told[0] == told[1]
    assert (b"ratelimit: " in told[0][0]) == ("limits" in facts)
    assert told[0][0].startswith(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n")


def test_nothing_leaves_before_its_event_is_durable(edge, key):
    link = warm(edge, key)
    edge.facts.events.clear()
    link.data_received(request(key, 0))
    assert type(link.cycle) is Hit
    for _ in range(4):
        edge.run_calls()
        edge.cache.answer()
        assert link.transport.taken() == b""

    edge.settle()

    assert b'"hit":true' in link.transport.taken()
    assert len(edge.facts.events) == 1


def test_answers_of_one_turn_share_a_read_and_an_append(edge, key):
    links = [warm(edge, key, number) for number in range(4)]
    edge.facts.asked.clear()
    for number, link in enumerate(links):
        link.data_received(request(key, number))
    edge.settle()

    for number, link in enumerate(links):
        assert b"answer %d " % number in link.transport.taken()
    assert [command[0] for command in edge.facts.asked] == [b"XADD"]
    assert len({event.seq for event in map(events.decode, edge.facts.events[-4:])}) == 4


def gone(edge):
    edge.pipe.cache.clear()


def damaged(edge):
    for key, value in edge.pipe.cache.items():
        edge.pipe.cache[key] = value[:-1] + bytes([value[-1] ^ 1])


def rewritten(edge):
    edge.ask(edge.connect(), store(edge.pipe.redis[1], 0, text="other"))


@pytest.mark.parametrize(("change", "hit"), [(gone, False), (damaged, False), (rewritten, True)])
def test_other_replies_go_on_the_ordinary_way_and_are_not_asked_for_again(edge, key, change, hit):
    link = warm(edge, key)
    change(edge)
    edge.cache.asked.clear()

    answer, is_express = asked_for(edge, link, request(key, 0))

    assert is_express
    assert (b'"hit":true' in answer) == hit
    assert len(edge.cache.asked) == 1
    assert edge.pipe.stamp.settled_through() == events.decode(edge.facts.events[-1]).seq


def test_a_store_that_does_not_answer_costs_one_deadline(edge, key):
    link = warm(edge, key)
    link.data_received(request(key, 0))
    edge.run_calls()
    for _ in range(3):
        assert link.transport.taken() == b""
        edge.loop.pass_time(0.06)
    edge.cache.transport.taken()
    edge.settle()

    answer = link.transport.taken()
    assert b'"reason":"unavailable"' in answer
    assert events.decode(edge.facts.events[-1]).reason == "unavailable"


@pytest.mark.parametrize(
    "facts",
    [{"quotas": {"acme": {"day": 1_000_000}}}, {"limits": {"key_rps": 1, "key_burst": 1}},
     {"state": "suspended"}],
    ids=["quota", "limit", "suspended"],
)  # fmt: skip
def test_a_partner_s_facts_are_looked_at_each_time(edge, key, facts):
    link = warm(edge, key)
    edge.pipe.rewrite(edge.pipe.redis[0], **facts)
    edge.pipe.now_ms += 6_000
    edge.ask(link, request(key, 0))  # reads the facts anew

    _, is_express = asked_for(edge, link, request(key, 0))

    assert not is_express


def test_what_is_repeated_in_an_answer_goes_the_ordinary_way(edge, key):
    trace = b"traceparent: 00-%b-00f067aa0ba902b7-01\r\n" % (b"4bf92f3577b34da6a3ce929d0e0e4736")
    data = request(key, 0).replace(b"Content-Type", trace + b"Content-Type")
    link = warm(edge, key)

    for _ in range(3):
        answer, is_express = asked_for(edge, link, data)
        assert b'"request_id":"4bf92f35' in answer and not is_express


def test_a_limit_counts_each_and_lets_go_of_each(edge, key):
    edge.pipe.rewrite(edge.pipe.redis[0], limits={"key_rps": 100, "concurrency": 2})
    links = [warm(edge, key, number) for number in range(3)]
    for number, link in enumerate(links):
        link.data_received(request(key, number))
    edge.settle()

    starts = [link.transport.taken()[:12] for link in links]
    assert starts == [b"HTTP/1.1 200", b"HTTP/1.1 200", b"HTTP/1.1 429"]
    assert [load.count for load in edge.pipe.snapshot.site.stocks._loads.values()] == [0]


def test_whoever_hung_up_is_metered_and_gets_nothing(edge, key):
    link = warm(edge, key)
    edge.facts.events.clear()
    link.data_received(request(key, 0))
    link.connection_lost(None)
    edge.settle()

    assert link.transport.taken() == b""
    assert len(edge.facts.events) == 1


@pytest.mark.parametrize("change", [lambda edge: None, gone])
def test_a_server_that_shuts_down_says_so(edge, key, change):
    link = warm(edge, key)
    change(edge)
    link.data_received(request(key, 0))
    link.shutdown()
    edge.settle()

    answer = link.transport.taken()
    assert b"\r\nconnection: close\r\n\r\n" in answer
    assert link.transport.is_closed
    length = int(answer.partition(b"content-length: ")[2].partition(b"\r")[0])
    assert json.loads(answer[-length:])["status"] in {"hit", "miss"}


PATHS = [b"/api/overflow", b"/v1/chat/completions"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("limits", [{"key_rps": 0.5, "key_burst": 2, "partner_rps": 9},
                                    {"key_rps": 9, "concurrency": 0}])  # fmt: skip
def test_a_refusal_says_what_the_ordinary_way_says_and_costs_nothing(edge, key, path, limits):
    data = request(key, 0).replace(b"/api/overflow", path, 1)
    link = warm(edge, key)
    edge.pipe.rewrite(edge.pipe.redis[0], limits=limits)
    edge.pipe.now_ms += 6_000
    edge.ask(link, data)  # reads the facts anew
    for stock in edge.pipe.snapshot.site.stocks._stocks.values():
        stock.left = 5.0 if "concurrency" in limits else 0.0
        stock.closed_until_ms = edge.pipe.now_ms + 3_000
    edge.ask(link, data)  # now its head is known
    edge.cache.asked.clear()
    before, ways = link.cycle, []
    for way in ("express", "ordinary"):
        if way == "ordinary":
            edge.service.express = SimpleNamespace(take=lambda *_: False)
        link.data_received(data)
        ways.append(link.transport.taken())
        assert (link.cycle is before) == (way == "express")

    assert ways[0] == ways[1]
    assert ways[0].startswith(b"HTTP/1.1 429 Too Many Requests\r\n")
    assert (b"under way at once" in ways[0].partition(b"\r\n\r\n")[2]) == ("concurrency" in limits)
    assert b"\r\nratelimit: " in ways[0] and b"\r\nretry-after: " in ways[0]
    assert edge.cache.asked == []


def test_who_was_refused_passes_when_there_are_tokens_again(edge, key):
    edge.pipe.rewrite(edge.pipe.redis[0], limits={"key_rps": 100})
    link = warm(edge, key)
    (stock,) = edge.pipe.snapshot.site.stocks._stocks.values()
    stock.left, stock.closed_until_ms = 0.0, edge.pipe.now_ms + 20
    told = []
    for _ in range(3):
        link.data_received(request(key, 0))
        edge.settle()
        told.append(link.transport.taken()[9:12])
        edge.pipe.now_ms += 15

    assert told == [b"429", b"429", b"200"]
