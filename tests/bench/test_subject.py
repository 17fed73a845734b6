"""Against our real edge: a hit that is a miss, a body that differs, an event that is missing."""

from collections import Counter
from types import SimpleNamespace

import pytest
import redis

from bench import bodies, load, loop, traffic
from bench.checks import Untrue
from bench.durable import Durable
from bench.servers import Server
from bench.subject import Subject
from cache_api.rules.events import STREAM
from tests.cache_api.conftest import Valkeys

SIZE, KEYS = 2_048, 12


@pytest.fixture(scope="module")
def valkeys(tmp_path_factory):
    pair = Valkeys(tmp_path_factory.mktemp("valkeys"))
    yield pair
    pair.stop()


@pytest.fixture(scope="module")
def ours(valkeys, tmp_path_factory):
    """The edge, and the key of one partner."""
    cast = valkeys.cast()
    door = valkeys.edge(tmp_path_factory.mktemp("edge"))
    yield door, cast.key(cast.redis)
    door.stop()


@pytest.fixture
def subject(valkeys, ours, tmp_path, monkeypatch):
    """Twelve stored responses and whoever asks for them, by our own generator."""
    monkeypatch.setattr(load.shutil, "which", lambda name: None)
    door, key = ours
    child = SimpleNamespace(pid=door.process.pid, log_end=lambda: "")
    server = Server(child, door.port, door.host)
    values = [bodies.response(index, SIZE) for index in range(KEYS)]
    stores = [traffic.store(door.host, key, n, value) for n, value in enumerate(values)]
    statuses = Counter(answer.status for answer in loop.ask(door.port, stores))
    assert set(statuses) <= {200, 201}

    def ask(index, customer):
        return traffic.lookup(door.host, key, index, customer)

    durable = Durable(valkeys.events.url())
    one = Subject("edge", server, ask, durable, b'"response":', '"hit":true')
    one.lay_out(tmp_path / "deck", traffic.CUSTOMER, values)
    one.prove()
    return one


def test_a_true_round_has_a_figure_and_goes_on_where_it_ended(subject):
    tally, cpu_s = subject.round(2, 0.3)
    assert tally.answers == tally.sent > 0
    assert cpu_s >= 0
    assert subject.next_index == (1 + tally.sent) % KEYS  # one was looked at before


def test_a_hit_that_is_a_miss_aborts(subject, ours):
    door, key = ours
    # Gone from memory and from the second tier.
    gone = {"customer_id": traffic.CUSTOMER, "original_request": bodies.request(0)}
    assert door.post("/api/overflow/purge", gone, key).status == 202
    with pytest.raises(Untrue, match="edge: "):
        subject.round(2, 0.3)
    with pytest.raises(Untrue, match="SHA-256"):
        subject.prove()


def test_a_body_that_differs_aborts(subject, ours):
    door, key = ours
    other = bodies.response(3, SIZE).replace(b"answer-0003", b"answer-0004")
    loop.ask(door.port, [traffic.store(door.host, key, 3, other)])
    with pytest.raises(Untrue, match="stored value"):
        subject.round(2, 0.3)
    with pytest.raises(Untrue, match="SHA-256"):
        subject.prove()


def test_an_event_that_is_missing_aborts(subject, valkeys, monkeypatch):
    events, fire = redis.Redis.from_url(valkeys.events.url()), load.fire

    def fire_and_lose(order):
        tally = fire(order)
        events.xdel(STREAM, events.xrevrange(STREAM, count=1)[0][0])
        return tally

    monkeypatch.setattr(load, "fire", fire_and_lose)
    monkeypatch.setattr("bench.durable.PATIENCE_S", 0.2)
    with pytest.raises(Untrue, match="the stream holds"):
        subject.round(2, 0.3)


def test_an_event_that_came_twice_aborts(subject, valkeys, monkeypatch):
    events, fire = redis.Redis.from_url(valkeys.events.url()), load.fire

    def fire_and_repeat(order):
        tally = fire(order)
        events.xadd(STREAM, events.xrevrange(STREAM, count=1)[0][1])
        return tally

    monkeypatch.setattr(load, "fire", fire_and_repeat)
    with pytest.raises(Untrue, match="the stream holds"):
        subject.round(2, 0.3)
