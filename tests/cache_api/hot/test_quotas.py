"""A customer's lookups a day and a month, counted by the script in a real Valkey."""

import json
from datetime import UTC, datetime

import pytest
import redis

from cache_api.hot import quotas
from cache_api.hot.facts import Quota
from cache_api.hot.quotas import Allowance
from tests.cache_api.hot.pipeline import Pipeline, body, marked

DAY_MS = quotas.DAY_MS
NOON = int(datetime(2026, 11, 23, 12, tzinfo=UTC).timestamp() * 1000)


@pytest.fixture
def server(valkeys):
    """A database of the events server that only this test uses."""
    client = redis.Redis.from_url(valkeys.events.url().rsplit("/", 1)[0] + "/7")
    client.flushdb()
    yield client
    client.close()


class Counted(Pipeline):
    """The pipeline with a real server behind its quotas."""

    def __init__(self, server, **quota):
        super().__init__()
        self.server, self.now_ms = server, NOON
        self.partner_id, self.key = self.open("counted", quotas={"acme": quota})

    def evaluate(self, command):
        return None if self.server is None else self.server.execute_command(*command)


def reasons(pipe, count, customer="acme", **more):
    """What so many lookups in a row are told."""
    told = []
    for _ in range(count):
        answer = pipe.lookup(more.get("key", pipe.key), cache_key="k", customer_id=customer)
        told.append(body(answer).get("reason"))
    return told


def test_beyond_the_days_quota_a_lookup_is_a_miss_and_still_metered(server):
    pipe = Counted(server, day=3)

    assert reasons(pipe, 5) == ["not_found"] * 3 + ["quota"] * 2

    answer = pipe.lookup(pipe.key, cache_key="k", customer_id="acme")
    [event] = marked(answer)
    assert (event.kind, event.outcome, event.reason) == ("lookup", "miss", "quota")
    assert dict(answer.all_headers())[b"cache-status"] == b"AgentCache; fwd=bypass; detail=quota"
    assert reasons(pipe, 1, customer="globex") == ["not_found"]


def test_a_stored_answer_is_not_given_beyond_the_quota(server):
    pipe = Counted(server, day=1)
    pipe.store(pipe.key, cache_key="k", customer_id="acme")

    hits = [body(pipe.lookup(pipe.key, cache_key="k", customer_id="acme"))["hit"] for _ in "ab"]

    assert hits == [True, False]
    assert pipe.store(pipe.key, cache_key="l", customer_id="acme").status == 201


def test_the_next_day_begins_anew_and_the_month_goes_on(server):
    pipe = Counted(server, day=2, month=3)

    assert reasons(pipe, 3) == ["not_found", "not_found", "quota"]
    pipe.now_ms += DAY_MS
    assert reasons(pipe, 2) == ["not_found", "quota"]
    pipe.now_ms += 8 * DAY_MS  # December
    assert reasons(pipe, 3) == ["not_found", "not_found", "quota"]


@pytest.mark.parametrize(
    ("quota", "period", "wait_s"),
    [({"day": 1}, "day", 12 * 3600), ({"month": 1}, "month", 7 * 86_400 + 12 * 3600)],
)
def test_a_hard_stop_is_the_customers_own_choice(server, quota, period, wait_s):
    pipe = Counted(server, **quota, hard=True)
    reasons(pipe, 1)

    answer = pipe.lookup(pipe.key, cache_key="k", customer_id="acme")

    told = body(answer)
    assert (answer.status, told["code"], told["reason"]) == (429, "quota-exceeded", period)
    assert told["retryable"] is True
    assert answer.events == ()
    assert dict(answer.all_headers())[b"retry-after"] == b"%d" % wait_s


def test_test_mode_has_a_count_of_its_own(server):
    pipe = Counted(server, day=1)
    test_key = pipe.mint(pipe.partner_id, livemode=False)

    assert reasons(pipe, 2) == ["not_found", "quota"]
    assert reasons(pipe, 2, key=test_key) == ["not_found", "quota"]


def test_processes_share_the_count_exactly(server):
    pipes = [Counted(server, day=5000) for _ in range(3)]
    for pipe in pipes[1:]:
        pipe.facts, pipe.key = pipes[0].facts, pipes[0].key
    allowed = 0

    for number in range(5100):
        answer = pipes[number % 3].lookup(pipes[0].key, cache_key="k", customer_id="acme")
        allowed += body(answer)["reason"] == "not_found"

    assert allowed == 5000
    assert int(server.get(next(server.scan_iter("*:20261123")))) == 5000


def test_a_process_takes_a_thousandth_and_never_more_than_a_hundred():
    chunks = [Allowance(b"x", Quota(**one)).chunk for one in (
        {"day": 0}, {"day": 999}, {"day": 5000}, {"day": 10**9}, {"day": 10**6, "month": 2000},
    )]  # fmt: skip

    assert chunks == [1, 1, 5, 100, 2]


def test_while_the_server_is_away_all_pass_and_are_counted_afterwards(server):
    pipe = Counted(None, day=3)

    assert reasons(pipe, 10) == ["not_found"] * 10
    pipe.server = server
    pipe.now_ms += quotas.RETRY_MS
    assert reasons(pipe, 1) == ["quota"]
    assert int(server.get(next(server.scan_iter("*:20261123")))) == 10


def test_a_raised_quota_works_a_moment_later(server):
    pipe = Counted(server, day=1)
    reasons(pipe, 2)
    pipe.rewrite(pipe.partner_id, quotas={"acme": {"day": 3}})
    pipe.now_ms += 10_000

    assert reasons(pipe, 3) == ["not_found", "not_found", "quota"]


def test_counters_do_not_stay_for_ever(server):
    pipe = Counted(server, day=1, month=9)
    reasons(pipe, 1)

    lives = {name[-8:]: server.ttl(name) for name in server.scan_iter("quota:*")}

    assert lives[b"20261123"] == pytest.approx(2 * 86_400, abs=5)
    assert lives[b"e}:202611"[-8:]] == pytest.approx(32 * 86_400, abs=5)


def test_a_bad_request_is_not_counted(server):
    pipe = Counted(server, day=1)
    request = {"original_request": {"provider": "openai"}, "customer_id": "acme"}

    assert pipe.lookup(pipe.key, **request).status == 400
    assert reasons(pipe, 1) == ["not_found"]


def test_a_limit_and_a_quota_together_count_a_lookup_once_each(server):
    pipe = Counted(server, day=2)
    pipe.rewrite(pipe.partner_id, limits={"key_rps": 0.1, "key_burst": 3})

    told = [pipe.lookup(pipe.key, cache_key="k", customer_id="acme") for _ in range(4)]

    assert [body(one).get("reason") for one in told] == ["not_found", "not_found", "quota", "key"]


def test_each_lookup_of_a_batch_counts(server):
    pipe = Counted(server, day=3)
    lookup = {"op": "lookup", "cache_key": "k", "customer_id": "acme"}
    store = {"op": "store", "cache_key": "l", "customer_id": "acme", "response": [1]}
    items = [lookup, lookup, store, lookup, lookup, {**lookup, "customer_id": "globex"}]

    answer = pipe.ask("batch", json.dumps({"items": items}).encode(), pipe.key)

    told = [one["body"].get("reason", one["status"]) for one in body(answer)["items"]]
    assert told == ["not_found", "not_found", 201, "not_found", "quota", "not_found"]
    assert int(server.get(next(server.scan_iter("*:20261123")))) == 3


def test_a_hard_quota_refuses_items_of_a_batch_one_by_one(server):
    pipe = Counted(server, day=1, hard=True)
    lookup = {"op": "lookup", "cache_key": "k", "customer_id": "acme"}

    answer = pipe.ask("batch", json.dumps({"items": [lookup] * 2}).encode(), pipe.key)

    assert [one["status"] for one in body(answer)["items"]] == [200, 429]
