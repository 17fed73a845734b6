"""Token buckets and counts: the scripts in a real Valkey, the pipeline in front of them."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis

from cache_api.hot import pipeline, stock
from cache_api.hot.steps import Answer, Fetch
from cache_api.hot.stock import Load, Stock
from cache_api.hot.verbs import VERBS
from tests.cache_api.hot.pipeline import NOW_MS, Pipeline, body

BODY = b'{"cache_key":"k"}'


@pytest.fixture
def server(valkeys):
    """A database of the cache server that only this test uses."""
    client = redis.Redis.from_url(valkeys.cache.url().rsplit("/", 1)[0] + "/7")
    client.flushdb()
    yield client
    client.close()


class Limited(Pipeline):
    """The pipeline with a real server behind its limits, and as many processes as wanted."""

    def __init__(self, server, **limits):
        super().__init__()
        self.server, self.asks = server, 0
        self.partner_id, self.key = self.open("limited", limits=limits)

    def begin(self, key=None):
        """A lookup up to its first Run, or its refusal."""
        asked = self.asked(key or self.key, BODY)
        return self.drive("lookup", asked), asked

    def drive(self, verb, asked):
        """Any request up to its first Run, or its refusal."""
        while True:
            step = pipeline.begin(VERBS[verb], asked, self.snapshot)
            if type(step) is not Fetch:
                return step
            if step.where == "events":
                step.absorb([self.facts.get(command[1]) for command in step.commands])
            else:
                self.asks += 1
                step.absorb(self.answer(step.commands))

    def answer(self, commands):
        """The replies of the server, where there is one."""
        if self.server is None:
            return None
        return [self.server.execute_command(*command) for command in commands]


def statuses(pipe, count, **more):
    """What so many requests in a row are told: 200 for a Run."""
    told = []
    for _ in range(count):
        step, asked = pipe.begin(**more)
        told.append(step.status if type(step) is Answer else 200)
        pipeline.finish(asked)
    return told


def test_a_burst_passes_and_then_the_rate_counts(server):
    pipe = Limited(server, key_rps=0.5, key_burst=10)

    told = statuses(pipe, 15)

    assert told == [200] * 10 + [429] * 5


def test_the_refusal_says_why_and_how_long(server):
    pipe = Limited(server, partner_rps=0.1, partner_burst=2, key_rps=1, key_burst=3)
    statuses(pipe, 2)

    answer, _ = pipe.begin()

    told, headers = body(answer), dict(answer.all_headers())
    assert (answer.status, told["code"], told["reason"]) == (429, "rate-limited", "partner")
    assert told["retryable"] is True
    assert told["violated-policies"] == ["partner"]
    assert 8 <= int(headers[b"retry-after"]) <= 10
    assert headers[b"ratelimit-policy"] == b'"key";q=3;w=3, "partner";q=2;w=20'
    assert headers[b"ratelimit"] == b'"key";r=1;t=2, "partner";r=0;t=20'
    assert headers[b"cache-control"] == b"no-store"


def test_without_limits_there_is_nothing_to_pass_and_nothing_to_tell():
    pipe = Pipeline()
    _, key = pipe.redis

    answer = pipe.lookup(key, cache_key="k")

    assert b"ratelimit" not in dict(answer.all_headers())
    assert [names for names in pipe.fetched if b"limit:" in b"".join(names)] == []
    assert pipe.snapshot.site.stocks._stocks == {}


def test_a_refused_request_costs_neither_a_question_nor_a_parse(server):
    pipe = Limited(server, key_rps=0.1, key_burst=1)
    statuses(pipe, 2)
    asks = pipe.asks

    assert statuses(pipe, 50) == [429] * 50

    assert pipe.asks == asks


def test_an_ordinary_request_asks_no_server(server):
    pipe = Limited(server, key_rps=1000, partner_rps=2000)

    assert statuses(pipe, 100) == [200] * 100

    assert pipe.asks == 1  # both buckets in one pipeline, 100 ms worth


def test_processes_share_a_bucket(server):
    first = Limited(server, partner_rps=0.5, partner_burst=10)
    second = Limited(server)
    second.facts, second.key = first.facts, first.key
    began = time.monotonic()

    told = [status for _ in range(20) for pipe in (first, second) for status in statuses(pipe, 1)]

    assert told.count(200) in range(10, 11 + int((time.monotonic() - began) / 2) + 1)


def test_keys_have_their_own_bucket_and_partners_theirs(server):
    pipe = Limited(server, key_rps=0.1, key_burst=2, partner_rps=0.1, partner_burst=3)
    other = pipe.mint(pipe.partner_id)
    test_key = pipe.mint(pipe.partner_id, livemode=False)
    _, neighbour = pipe.open("neighbour", limits={"partner_rps": 0.1, "partner_burst": 1})

    assert statuses(pipe, 3) == [200, 200, 429]
    assert statuses(pipe, 2, key=other) == [200, 429]
    assert statuses(pipe, 3, key=test_key) == [200, 200, 429]  # test mode: a bucket of its own
    assert statuses(pipe, 2, key=neighbour) == [200, 429]


def test_no_server_means_a_bucket_of_ones_own_at_the_same_rate():
    pipe = Limited(None, key_rps=10, key_burst=5)

    assert statuses(pipe, 8) == [200] * 5 + [429] * 3
    pipe.now_ms += 300
    assert statuses(pipe, 5) == [200] * 3 + [429] * 2
    pipe.now_ms += stock.RETRY_MS
    assert statuses(pipe, 9) == [200] * 5 + [429] * 4


def test_the_server_counts_again_once_it_is_back(server):
    pipe = Limited(None, key_rps=10, key_burst=5)
    statuses(pipe, 5)

    pipe.server = server
    pipe.now_ms += stock.RETRY_MS
    assert statuses(pipe, 6)[:5] == [200] * 5
    assert pipe.asks > 1


def test_requests_at_once_are_capped_and_let_go(server):
    pipe = Limited(server, concurrency=2)
    one, two = pipe.begin(), pipe.begin()

    refused, asked = pipe.begin()

    assert (refused.status, body(refused)["reason"]) == (429, "concurrency")
    headers = dict(refused.all_headers())
    assert headers[b"ratelimit-policy"] == b'"concurrency";q=2;qu="concurrent-requests"'
    assert headers[b"ratelimit"] == b'"concurrency";r=0'
    pipeline.finish(asked)  # a refused one never counted
    assert pipe.begin()[0].status == 429
    pipeline.finish(one[1])
    assert type(pipe.begin()[0]) is not Answer
    pipeline.finish(two[1])


def test_a_request_is_counted_once_however_often_it_begins(server):
    pipe = Limited(server, key_rps=0.1, key_burst=3, concurrency=5)
    _, asked = pipe.begin()

    for _ in range(4):
        pipeline.begin(VERBS["lookup"], asked, pipe.snapshot)

    assert asked.gate.load.count == 1
    assert statuses(pipe, 3) == [200, 200, 429]


def test_only_one_of_many_waiting_requests_takes_a_whole_chunk():
    held = Stock(b"limit:x", 1000, 1000)

    wants = [held.ask(NOW_MS)[-1] for _ in range(5)]

    assert wants == [b"100", b"1", b"1", b"1", b"1"]
    held.absorb([100, 900, 0], NOW_MS)
    assert held.ask(NOW_MS)[-1] == b"100"


@pytest.mark.parametrize(
    ("reply", "wait_ms"),
    [((20, 180, 0), 0), ((4, 0, 5), 20), ((0, 0, 5), 20), ((0, 0, 900), 900), ((1, 0, 900), 900)],
)
def test_an_empty_bucket_is_left_alone_for_a_while(reply, wait_ms):
    held = Stock(b"limit:k", 200, 200)

    held.absorb(list(reply), NOW_MS)

    assert held.left == reply[0]
    assert held.must_wait_ms(NOW_MS) == wait_ms
    assert held.must_wait_ms(NOW_MS + wait_ms) == 0


def test_a_changed_limit_counts_at_once(server):
    pipe = Limited(server, key_rps=0.1, key_burst=1)
    assert statuses(pipe, 2) == [200, 429]

    pipe.rewrite(pipe.partner_id, limits={"key_rps": 1000})
    pipe.now_ms += 5_000  # when facts are read again; the old rate would close for ten
    time.sleep(0.05)  # the server's own clock fills the bucket

    assert statuses(pipe, 5) == [200] * 5


def test_a_load_is_exact_under_threads():
    load = Load()

    def come_and_go(_):
        if load.enter(3):
            load.leave()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(come_and_go, range(5000)))

    assert load.count == 0


def test_a_batch_counts_by_its_items_on_credit_if_need_be(server):
    pipe = Limited(server, key_rps=0.1, key_burst=10)
    batch = b'{"items":[%b]}' % b",".join([b'{"op":"lookup","cache_key":"k"}'] * 8)

    def ask(body=batch):
        asked = pipe.asked(pipe.key, body)
        step = pipe.drive("batch", asked)
        pipeline.finish(asked)
        return step

    first, second, third = ask(), ask(), ask()

    assert [type(one) is Answer and one.status for one in (first, second, third)] == [
        False, False, 429,
    ]  # fmt: skip
    wait_s = int(dict(third.all_headers())[b"retry-after"])
    assert 60 <= wait_s <= 70  # 16 were taken of 10: six and one more at ten seconds each
