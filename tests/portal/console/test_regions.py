"""The regions page: real Valkeys of two regions, one of which is away."""

import json
import time
import uuid

import pytest

from cache_api.gateways.region_states import region_states
from cache_api.gateways.servers import Region, regions
from cache_api.rules import tally
from cache_api.rules.events import STREAM
from portal import remembered
from portal.queries import regions as regions_query
from tests.cache_api.conftest import Valkeys
from tests.patience import PROMPT_S
from tests.portal.console.cast import signed_in
from tests.portal.views.cast import text


@pytest.fixture
def two(tmp_path):
    pairs = {name: Valkeys(tmp_path / name) for name in ("eu", "us")}
    yield pairs
    for pair in pairs.values():
        pair.stop()


def beat(pair, *, age_ms=0, **members):
    """A process's last word, as upkeep leaves it."""
    boot_id = uuid.uuid4()
    now_ms = time.time_ns() // 1_000_000
    told = {"boot_id": str(boot_id), "seen_at_ms": now_ms - age_ms, "stopped": False, **members}
    pair.cast().events.hset("usage:heartbeats", boot_id.hex, json.dumps(told))


def known(two):
    return [Region(name, pair.cache.url(), pair.events.url()) for name, pair in two.items()]


def test_states_are_sums_over_living_processes(two):
    beat(
        two["eu"],
        lately={"hit": 5, "hit:tier": 2, "miss": 1},
        answers={"hit": 500},
        lags_us={"us": 1_500},
    )
    beat(two["eu"], lately={"hit": 1, "hit:region": 3, "stored": 9}, lags_us={"us": 900},
         spool_bytes=70, disk_full=True)  # fmt: skip
    beat(two["eu"], lately={"hit": 100}, age_ms=60_000)
    beat(two["eu"], lately={"hit": 100}, stopped=True)
    two["eu"].cast().events.hset("usage:heartbeats", "junk", b"{")
    two["us"].cache.child.kill()
    beat(two["us"], spool_bytes=700, unmetered=2, door="edge", down=["cache"],
         counters={"unmetered": 2, "tier_dropped": 5})  # fmt: skip
    two["us"].cast().events.hset(tally.KEY, mapping={"answers:hit:tier": 3, "took:hit:1": 3})
    old_ms = time.time_ns() // 1_000_000 - 9_000
    two["eu"].cast().events.xadd(STREAM, {"e": b"1"}, id=f"{old_ms}-0")
    two["eu"].cast().events.xadd(STREAM, {"e": b"2"})

    eu, us = region_states(known(two))

    assert eu.waiting == 2 and 9_000 <= eu.oldest_ms < 60_000 and us.oldest_ms == 0
    assert (eu.spool_bytes, us.spool_bytes, us.unmetered) == (70, 700, 2)
    assert (eu.name, eu.is_home, eu.is_up, eu.processes) == ("eu", True, True, 2)
    assert (eu.lookups, eu.hits, eu.from_tier, eu.from_regions) == (12, 11, 2, 3)
    assert (eu.lag_ms, us.lag_ms) == (None, 1.5)
    assert (eu.is_disk_full, us.is_disk_full) == (True, False)
    assert [(one.door, one.down, one.counted["tier_dropped"]) for one in us.living] == [
        ("edge", ("cache",), 5)
    ]
    assert us.tally.answers == {("hit", "tier"): 3} and sum(us.tally.took[0].buckets) == 3
    assert (len(eu.living), eu.tally) == (2, tally.NOTHING)
    assert (eu.jobs_run, us.jobs_run) == (False, True)  # only the home has jobs
    assert 0 < eu.filled < 0.1
    assert (us.is_up, us.cache_up, us.events_up, us.processes) == (False, False, True, 1)


def test_a_region_that_does_not_answer_is_named_within_a_second(two, readable, monkeypatch):
    beat(two["eu"], lately={"hit": 5, "miss": 1})
    monkeypatch.setattr(regions_query.servers, "regions", lambda: known(two))
    monkeypatch.setattr(regions_query, "FRESH_S", -1.0)
    person = signed_in("sre")
    person.get("/regions/")  # imports and templates, which are not what is timed
    two["us"].events.child.kill()
    two["us"].cache.child.kill()
    began = time.monotonic()

    page = text(person.get("/regions/"))

    assert time.monotonic() - began < PROMPT_S
    assert "2 regions" in page and "eu home: owns purges and keys Serving 1 6 5" in page
    assert "us Stream does not answer 0" in page


def test_it_asks_no_table_of_ours(readable, django_assert_num_queries):
    client = signed_in("sre")
    client.get("/regions/")
    with django_assert_num_queries(3):  # the scope's statement, session, person
        assert client.get("/regions/").status_code == 200


def test_whoever_looks_shares_a_look_while_it_is_fresh(monkeypatch):
    looks = []
    monkeypatch.setattr(regions_query, "region_states", lambda known: looks.append(known) or [])
    monkeypatch.setattr(remembered, "_kept", {})
    monkeypatch.setattr(regions_query, "FRESH_S", 1e9)
    assert [regions_query.regions_now() for _ in range(3)] == [()] * 3
    assert len(looks) == 1

    monkeypatch.setattr(regions_query, "FRESH_S", -1.0)
    regions_query.regions_now()
    assert len(looks) == 2


def test_regions_are_read_from_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    for name in ("REGIONS", "REGION", "HOME_REGION"):
        monkeypatch.delenv(name, raising=False)
    urls = {
        "CACHE_URL": "a",
        "EVENTS_URL": "b",
        "CACHE_URL_US_EAST": "c",
        "EVENTS_URL_US_EAST": "d",
    }
    for name, url in urls.items():
        monkeypatch.setenv(name, url)

    assert regions() == (Region("local", "a", "b"),)
    monkeypatch.setenv("REGIONS", "us-east,eu")
    monkeypatch.setenv("HOME_REGION", "eu")
    assert regions() == (Region("eu", "a", "b"), Region("us-east", "c", "d"))


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        ({"REGIONS": "eu,us"}, "CACHE_URL_US"),
        ({"REGIONS": "eu,eu"}, "different names"),
        ({"REGIONS": "EU"}, "different names"),
        ({"REGIONS": "3"}, "different names"),
        ({"REGIONS": "eu", "HOME_REGION": "us"}, "HOME_REGION='us'"),
    ],
)
def test_a_wrong_setting_is_named(monkeypatch, tmp_path, environ, named):
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    for name, value in {"CACHE_URL": "a", "EVENTS_URL": "b", **environ}.items():
        monkeypatch.setenv(name, value)

    with pytest.raises(ValueError, match=named):
        regions()
