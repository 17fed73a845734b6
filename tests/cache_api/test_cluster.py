"""Both doors with `cache` as a Valkey Cluster: the contract, and a node that dies."""

import os
import uuid

import pytest
import redis
from django.test import Client

from cache_api.gateways import blocking, config
from portal.servers import ports
from tenants import resolve
from tests.cache_api import doors
from tests.cache_api.test_batch import batch
from tests.cache_api.test_contract import (  # noqa: F401 - run here as they are
    fresh,
    slice_of,
    test_a_caller_may_ask_by_its_own_key_alone,
    test_a_key_that_stands_for_another_request_is_a_mismatch,
    test_a_response_comes_back_byte_for_byte,
    test_an_idempotency_key_takes_one_body_only,
    test_eight_mebibytes_are_stored_and_no_more,
    test_every_answer_is_one_event_in_the_stream_when_it_arrives,
    test_one_entry_serves_streaming_and_not,
    test_partners_and_customers_and_namespaces_are_apart,
)
from tests.patience import wait_for


@pytest.fixture(scope="module")
def cast(valkeys, nodes):
    return doors.Cast(valkeys.events.url(), nodes.url(), valkeys.kek_file.read_bytes())


@pytest.fixture(scope="module")
def edge_door(valkeys, nodes, cast, tmp_path_factory):
    door = doors.edge(
        tmp_path_factory.mktemp("edge"), ports.pick(), cache_url=nodes.url(),
        events_url=valkeys.events.url(), kek_file=valkeys.kek_file, deadline_ms=3_000,
        TIER_URL="off",
    ).wait()  # fmt: skip
    yield door
    door.stop()


class InProcess(doors.Door):
    """The web door in this process."""

    def __init__(self):
        self.host, self._client = doors.REDIS_HOST, Client()  # its middlewares are made once

    def call(self, method, path, body=b"", headers=None, timeout=15):
        told = {"host": self.host, **(headers or {})}
        got = self._client.generic(method, path, body, "application/json", headers=told)
        told = {name.lower(): value for name, value in got.items()}
        return doors.Answer(got.status_code, got.content, told.get("content-type", ""), told)


@pytest.fixture
def web_door(database, valkeys, nodes, cast, tmp_path, monkeypatch):
    for name, value in {
        "CACHE_URL": nodes.url(), "EVENTS_URL": valkeys.events.url(), "TIER_URL": "off",
        "KEK_FILE": str(valkeys.kek_file), "DATA_DIR": str(tmp_path), "STORE_DEADLINE_MS": "3000",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    service = blocking.BlockingService(config.load())
    service.start()
    monkeypatch.setattr(blocking, "_service", (os.getpid(), service))
    resolve.forget()
    yield InProcess()
    service.stop()
    resolve.forget()


@pytest.fixture
def door(edge_door):
    """The contract's door."""
    return edge_door


@pytest.fixture(params=["edge", "web"])
def either(request):
    return request.getfixturevalue(f"{request.param}_door")


def test_stored_looked_up_told_again_and_purged(either, cast):
    key, name, request = cast.redis.live, uuid.uuid4().hex, fresh()
    assert either.lookup(key, original_request=request).json["reason"] == "not_found"
    leader = either.lookup(key, original_request=request, lease=True).json["lease"]
    stored = either.store(key, original_request=request, cache_key=name, lease_id=leader["id"])

    hits = [either.lookup(key, original_request=request) for _ in range(3)]
    named = either.lookup(key, cache_key=name)
    purged = either.post("/api/overflow/purge", {"cache_key": name}, key)

    assert (leader["role"], stored.status) == ("leader", 201)
    assert [one.json["hit"] for one in (*hits, named)] == [True] * 4
    assert len({slice_of(one) for one in hits}) == 1
    assert (purged.status, purged.json["removed"]) == (202, 1)
    assert either.lookup(key, cache_key=name).json["hit"] is False
    assert either.lookup(key, original_request=request).json["hit"] is False
    assert either.call("GET", "/api/overflow/health").json["cache"] == "ok"


def test_a_batch_finds_what_lies_on_all_nodes(either, cast):
    items = [{"original_request": fresh()} for _ in range(12)]

    stored = batch(either, cast.redis.live, *[{"op": "store", "response": 1, **one}
                                              for one in items])  # fmt: skip
    found = batch(either, cast.redis.live, *[{"op": "lookup", **one} for one in items])

    assert [one["status"] for one in stored.json["items"]] == [201] * 12
    assert [one["body"]["hit"] for one in found.json["items"]] == [True] * 12


def test_limits_are_counted_in_a_cluster_as_well(either, cast):
    limits = {"key_rps": 0.01, "key_burst": 3, "partner_rps": 100}
    partner = cast.open(f"limited-{uuid.uuid4().hex[:8]}", limits=limits)
    either.host = doors.NEUTRAL_HOST

    statuses = [either.lookup(partner.live, cache_key=str(n)).status for n in range(6)]

    assert statuses == [200] * 3 + [429] * 3


def test_a_dead_node_costs_misses_not_errors_and_comes_back(either, cast, nodes):
    key, requests = cast.redis.live, [fresh() for _ in range(24)]
    for one in requests:
        either.store(key, original_request=one)
    dead = nodes.nodes[1]

    dead.child.kill()
    without = [either.lookup(key, original_request=one) for one in requests]
    stores = [either.store(key, original_request=one) for one in requests]
    together = batch(either, key, *[{"op": "lookup", "original_request": one} for one in requests])
    dead.restart()

    assert {one.status for one in without} == {200}
    hits = [one.json["hit"] for one in without]
    assert 0 < sum(hits) < 24
    assert {one.json["reason"] for one in without if not one.json["hit"]} == {"unavailable"}
    assert {one.status for one in stores} == {200, 503}
    # A batch: each item as it would be alone.
    assert [one["status"] for one in together.json["items"]] == [200] * 24
    assert [one["body"]["hit"] for one in together.json["items"]] == hits
    assert {one["body"]["reason"] for one in together.json["items"] if not one["body"]["hit"]} == {
        "unavailable"
    }

    def is_back():
        for one in requests:
            either.store(key, original_request=one)
        return all(either.lookup(key, original_request=one).json["hit"] for one in requests)

    assert wait_for(is_back)
    assert wait_for(lambda: either.call("GET", "/api/overflow/health").json["cache"] == "ok")


def roles(nodes):
    """The pair of the first part: who holds it now, and who follows."""
    pair = [nodes.nodes[0], nodes.replicas[0]]
    pair.sort(key=lambda one: replication(one)["role"] != "master")
    return pair


def replication(node):
    with redis.Redis.from_url(node.url(), decode_responses=True) as client:
        return client.info("replication")


def test_when_a_node_dies_doors_follow_its_replica(either, cast, nodes):
    key, requests = cast.redis.live, [fresh() for _ in range(24)]
    holder, follower = roles(nodes)
    for one in requests:
        assert either.store(key, original_request=one).status == 201
    written = replication(holder)["master_repl_offset"]
    assert wait_for(lambda: replication(follower)["slave_repl_offset"] >= written)
    answers = []

    def looked():
        round_ = [either.lookup(key, original_request=one) for one in requests]
        answers.extend(round_)
        return round_

    holder.child.kill()
    meanwhile = looked()
    assert wait_for(lambda: all(one.json["hit"] for one in looked()), 60)
    stores = [either.store(key, original_request=fresh()).status for _ in range(24)]
    holder.restart()

    assert 0 < sum(one.json["hit"] for one in meanwhile) < 24
    assert {one.status for one in answers} == {200} and set(stores) == {201}
    assert {one.json["reason"] for one in answers if not one.json["hit"]} == {"unavailable"}
    assert wait_for(lambda: replication(holder).get("master_link_status") == "up", 60)
    assert roles(nodes) == [follower, holder]
