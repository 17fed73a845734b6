"""A connection of an edge that ends: what is on its way is answered, and told it was the last."""

import pytest

from cache_api.edge.protocol import LINGER_S
from cache_api.hot import memo
from tests.cache_api.edge.driven import Edge, request, store


@pytest.fixture
def edge(monkeypatch):
    memo.forget_all()
    return Edge(monkeypatch)


@pytest.fixture
def link(edge):
    """A kept connection whose next request may go the express way."""
    link, key = edge.connect(), edge.pipe.redis[1]
    edge.ask(link, store(key, 0))
    for _ in range(2):
        assert b"connection: close" not in edge.ask(link, request(key, 0))
    return link


def is_last(answer):
    return answer.startswith(b"HTTP/1.1 200 ") and b"\r\nconnection: close\r\n" in answer


@pytest.mark.parametrize("number", [0, 1], ids=["told before", "new"])
def test_a_request_that_was_sent_meanwhile_is_answered(edge, link, number):
    link.shutdown()
    assert not link.transport.is_closed

    assert is_last(edge.ask(link, request(edge.pipe.redis[1], number)))
    assert link.transport.is_closed


@pytest.mark.parametrize("number", [0, 1], ids=["told before", "new"])
def test_a_request_that_is_under_way_is_finished(edge, link, number):
    link.data_received(request(edge.pipe.redis[1], number))
    link.shutdown()
    edge.loop.pass_time(LINGER_S)
    assert not link.transport.is_closed

    edge.settle()

    assert is_last(link.transport.taken()) and link.transport.is_closed


def test_one_that_came_just_before_the_time_was_over_is_finished(edge, link):
    link.shutdown()
    link.data_received(request(edge.pipe.redis[1], 0))
    edge.loop.pass_time(LINGER_S)
    assert not link.transport.is_closed

    edge.settle()

    assert is_last(link.transport.taken()) and link.transport.is_closed


def test_who_asks_nothing_more_is_let_go(edge, link):
    silent = edge.connect()
    for one in (link, silent):
        one.shutdown()
        assert not one.transport.is_closed

    edge.loop.pass_time(LINGER_S)

    assert link.transport.is_closed and silent.transport.is_closed
