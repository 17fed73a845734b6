"""Lanes to a Valkey Cluster of three real nodes, of both doors, and what else asks a cache."""

import asyncio
import contextlib
import uuid

import pytest
import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.cluster import RedisCluster

from cache_api.gateways import cluster, cluster_sync, region_states, slots
from cache_api.gateways.servers import BadConfig, Region, regions
from portal.gateways import page_cache
from tenants.deploy_servers import asked_of_cache
from tenants.gateways import valkeys as clients
from tests.patience import wait_for

PATIENT_S = 3.0


@contextlib.contextmanager
def run_by(kind, url):
    """A function that runs commands by the lane of one door; its lane's slots are in `nodes`."""
    if kind == "web":
        lane = cluster_sync.lane("cache", url, PATIENT_S)
        lane.run([(b"PING",)])
        yield lane.run, lane
        lane.close()
        return
    with asyncio.Runner() as runner:

        async def opened():
            lane = cluster.lane("cache", url, PATIENT_S)
            await lane.connect()
            return lane

        async def ask(commands):
            return await lane.submit(commands)

        lane = runner.run(opened())
        yield lambda commands: runner.run(ask(commands)), lane
        runner.run(lane.close())


@pytest.fixture(params=["edge", "web"])
def opened(request, nodes):
    with run_by(request.param, nodes.url()) as found:
        yield found


@pytest.fixture
def run(opened):
    return opened[0]


def keys(number=60):
    return [b"t:%b:%d" % (uuid.uuid4().hex.encode(), n) for n in range(number)]


def test_keys_of_one_question_live_on_several_nodes(run, nodes):
    names = keys()

    assert run([(b"SET", name, name) for name in names]) == [b"OK"] * 60
    assert run([(b"GET", name) for name in names]) == names
    parts = [client.dbsize() for client in nodes.clients()]
    assert min(parts) > 0
    script = b"return redis.call('GET', KEYS[1])"
    assert run([(b"EVAL", script, b"1", name) for name in names[:9]]) == names[:9]


def test_what_is_about_whole_nodes_is_asked_of_all_and_told_as_one(run, nodes):
    one = int(nodes.clients()[0].info("memory")["maxmemory"])

    (pong, info, (seconds, _)) = run([(b"PING",), (b"INFO", b"memory"), (b"TIME",)])

    assert (pong, int(seconds) > 0) == (b"PONG", True)
    assert dict(line.split(b":") for line in info.split())[b"maxmemory"] == b"%d" % (3 * one)
    names = keys(30)
    run([(b"SET", name, b"1") for name in names])
    assert run([(b"FLUSHDB",)]) == [b"OK"]
    assert run([(b"GET", name) for name in names]) == [None] * 30


def test_a_refused_command_is_no_answer_for_its_asker_only(run):
    (name,) = keys(1)

    assert run([(b"SET", name, b"text"), (b"INCR", name)]) is None
    assert run([(b"GET", name)]) == [b"text"]


def test_a_wrong_idea_of_who_has_a_key_is_corrected_by_the_node_that_is_asked(opened, nodes):
    run, lane = opened
    names = keys(20)
    wrong = lane.nodes.holders[0]
    for name in names:
        lane.nodes._owners[slots.key_slot(name)] = wrong

    assert run([(b"SET", name, name) for name in names]) == [b"OK"] * 20
    assert run([(b"GET", name) for name in names]) == names
    owners = {lane.nodes._owners[slots.key_slot(name)] for name in names}
    assert len(owners) > 1


def test_a_key_that_is_being_moved_is_found_on_either_side(opened, nodes):
    run, _ = opened
    name, all_nodes = b"{moving}:1", nodes.clients()
    slot = slots.key_slot(name)
    source = all_nodes[3 * slot // slots.SLOTS]
    target = next(one for one in all_nodes if one is not source)
    ids = {one: one.execute_command("CLUSTER MYID") for one in (source, target)}
    target.execute_command("CLUSTER", "SETSLOT", slot, "IMPORTING", ids[source])
    source.execute_command("CLUSTER", "SETSLOT", slot, "MIGRATING", ids[target])
    try:
        assert run([(b"SET", name, b"there")]) == [b"OK"]  # not here: ASK
        assert run([(b"GET", name)]) == [b"there"]
    finally:
        run([(b"DEL", name)])
        for one in (target, source):
            one.execute_command("CLUSTER", "SETSLOT", slot, "STABLE")


@pytest.mark.parametrize("kind", ["edge", "web"])
def test_one_seed_is_enough_and_a_dead_one_is_no_harm(nodes, kind):
    login = nodes.url().partition("//")[2].partition("@")[0]
    url = f"valkey-cluster://{login}@127.0.0.1:1,127.0.0.1:{nodes.nodes[1].port}"
    names = keys(30)

    with run_by(kind, url) as (run, _):
        assert wait_for(lambda: run([(b"SET", name, name) for name in names]) is not None)
        assert run([(b"GET", name) for name in names]) == names


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(st.binary(max_size=40))
def test_a_slot_is_what_the_cluster_takes_for_it(nodes, name):
    (first, *_) = nodes.clients()
    with first:
        assert first.execute_command("CLUSTER", "KEYSLOT", name) == slots.key_slot(name)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("MOVED 3999 10.0.0.1:7001", slots.Redirect(3999, ("10.0.0.1", 7001), False)),
        ("ASK 1 ::1:7001", slots.Redirect(1, ("::1", 7001), True)),
        ("MOVED 5 :7001", slots.Redirect(5, ("", 7001), False)),
        ("CLUSTERDOWN Hash slot not served", None),
    ],
)
def test_what_a_node_says_of_another(text, found):
    assert slots.redirect(Exception(text)) == found


def test_other_clients_of_the_cache_take_its_url(nodes, valkeys):
    state = region_states.region_states([Region("eu", nodes.url(), valkeys.events.url())])[0]
    assert state.cache_up

    assert isinstance(clients.client(nodes.url()), RedisCluster)
    cache = page_cache.PageCache(nodes.url(), {"OPTIONS": {"socket_timeout": 2}})
    for n in range(9):
        cache.set(f"page:{n}", {"n": n}, 60)
    assert [cache.get(f"page:{n}") for n in range(9)] == [{"n": n} for n in range(9)]


def test_a_cluster_that_is_away_is_told_as_any_server_is(valkeys):
    nobody = "valkey-cluster://127.0.0.1:1,127.0.0.1:2"
    with pytest.raises(redis.RedisError):
        clients.client(nobody)

    state = region_states.region_states([Region("eu", nobody, valkeys.events.url())])[0]

    assert (state.cache_up, state.events_up) == (False, True)


def test_the_check_before_going_live_asks_every_node(nodes):
    def found(url):
        return [one.id for one in asked_of_cache("CACHE_URL_US", url)]

    assert found(nodes.url()) == []
    (first, *_) = nodes.clients()
    first.config_set("cluster-require-full-coverage", "yes")
    try:
        assert found(nodes.url()) == ["tenants.D023"]
    finally:
        first.config_set("cluster-require-full-coverage", "no")
    assert found(nodes.url() + ",127.0.0.1:1") == ["tenants.D020"]
    (refused,) = asked_of_cache("CACHE_URL_US", "redis://:secret@127.0.0.1:1,127.0.0.1:2/0")
    assert (
        "CACHE_URL_US" in refused.msg
        and "redis-cluster://" in refused.msg
        and "secret" not in refused.msg
    )


@pytest.mark.parametrize(
    ("name", "url", "why"),
    [
        ("EVENTS_URL", "valkey-cluster://127.0.0.1:1", "EVENTS_URL must be one Valkey"),
        ("CACHE_URL", "redis://127.0.0.1:1,127.0.0.1:2", "CACHE_URL: several nodes are"),
        ("CACHE_URL", "valkey-cluster://127.0.0.1:1/2", "CACHE_URL: a Valkey Cluster has no"),
    ],
)
def test_a_door_says_which_url_is_wrong(name, url, why, monkeypatch):
    monkeypatch.setenv("CACHE_URL", "redis://127.0.0.1:1/0")
    monkeypatch.setenv("EVENTS_URL", "redis://127.0.0.1:1/0")
    monkeypatch.setenv(name, url)
    with pytest.raises(BadConfig, match=why):
        regions()
