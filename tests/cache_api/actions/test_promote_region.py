"""Promotion on the regions' stores alone: three databases of one server, some of them away."""

import json
import uuid
from io import StringIO

import pytest
import redis
from django.core.management import CommandError, call_command

from cache_api.actions.promote_region import Refused, promote_region
from cache_api.gateways.promotion import RegionStore
from cache_api.gateways.servers import Region
from cache_api.hot import purges
from tenants.models import AuditEntry

NAMES = ("eu", "us", "ap")
AWAY = "redis://127.0.0.1:1"
FLOORS = [("live|hard|plain|tag=x", 0, 1000_000)]


class Stores:
    """Three regions' durable stores, without any process that follows."""

    def __init__(self, server):
        self.urls = {name: server.url(3 + at) for at, name in enumerate(NAMES)}
        self.clients = {name: redis.Redis.from_url(url) for name, url in self.urls.items()}
        for one in self.clients.values():
            one.flushdb()

    def known(self, *away):
        return [Region(name, AWAY, AWAY if name in away else self.urls[name]) for name in NAMES]

    def purge(self, name, partner_id, needed=0):
        command = purges.record(partner_id, uuid.uuid4(), FLOORS, b"{}", home=(name, needed))
        return self.clients[name].execute_command(*command)

    def floors(self, name, partner_id):
        raw = self.clients[name].get(purges.fact_name(partner_id))
        return None if raw is None else json.loads(raw)["floors"]


@pytest.fixture
def stores(valkeys):
    return Stores(valkeys.events)


def promote(stores, name, *away, **more):
    return promote_region(regions=stores.known(*away), name=name, **more)


def test_the_new_home_has_every_floor_and_numbers_on_beyond_all_others(stores):
    one, other = uuid.uuid4(), uuid.uuid4()
    stores.purge("ap", one)  # as if it had followed a purge that us did not
    before, _, _ = stores.purge("ap", one)

    done = promote(stores, "us", "eu")

    assert (done.term.epoch, done.term.home, done.term.dropped) == (1, "us", False)
    assert stores.floors("us", one) == stores.floors("ap", one) != None  # noqa: E711
    assert stores.clients["us"].xlen("purges:log") == 2
    with pytest.raises(redis.ResponseError, match="NOTHOME"):
        stores.purge("ap", other)  # the new term has come to it
    with pytest.raises(redis.ResponseError, match="NOTHOME"):
        stores.purge("us", other)  # not yet: the old home may still be one
    raw = json.loads(stores.clients["us"].get("home:term"))
    stores.clients["us"].set("home:term", json.dumps(raw | {"since_ms": 0}))
    with pytest.raises(redis.ResponseError, match="too few"):
        stores.purge("us", other, needed=1)
    assert stores.purge("us", one)[0] > 2**32 > before
    assert stores.purge("us", other)[0] > 2**32


def test_the_old_home_refuses_as_soon_as_it_hears_of_it(stores):
    partner = uuid.uuid4()
    assert stores.purge("eu", partner)[0] == 1

    done = promote(stores, "us")

    assert done.away == ()
    with pytest.raises(redis.ResponseError, match="NOTHOME"):
        stores.purge("eu", partner)
    assert stores.floors("us", partner) == stores.floors("eu", partner)


def test_a_purge_is_made_once_under_its_id(stores):
    partner, purge_id = uuid.uuid4(), uuid.uuid4()
    command = purges.record(partner, purge_id, FLOORS, b"{}", home=("eu", 0))

    first, again = [stores.clients["eu"].execute_command(*command) for _ in range(2)]

    assert first == again and stores.clients["eu"].xlen("purges:log") == 1


@pytest.mark.parametrize(("away", "is_allowed"), [((), True), (("ap",), True), (("eu",), True),
                                                  (("eu", "ap"), False)])  # fmt: skip
def test_too_few_regions_need_a_persons_word(stores, away, is_allowed):
    if is_allowed:
        assert promote(stores, "us", *away).away == away
        return
    with pytest.raises(Refused, match="--home-is-off"):
        promote(stores, "us", *away)
    assert not stores.clients["us"].exists("home:term")
    assert promote(stores, "us", *away, home_is_off=True).term.dropped


def test_an_interrupted_promotion_is_done_again(stores, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(RegionStore, "purges", lambda self: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            promote(stores, "us", "eu")
    assert json.loads(stores.clients["ap"].get("home:term"))["opened"] is False

    with pytest.raises(Refused, match="--home-is-off"):
        promote(stores, "ap", "eu", "us")  # eu may still be one
    done = promote(stores, "ap", "eu")

    assert (done.term.epoch, done.term.home, done.term.opened) == (2, "ap", True)
    assert json.loads(stores.clients["us"].get("home:term")) == json.loads(
        stores.clients["ap"].get("home:term")
    )


def test_the_command_says_what_it_did_and_is_in_the_audit_log(stores, database, monkeypatch):
    database.login("web")
    monkeypatch.setenv("REGIONS", ",".join(NAMES))
    for one in stores.known("eu"):
        tail = "" if one.name == "eu" else f"_{one.name.upper()}"
        monkeypatch.setenv(f"EVENTS_URL{tail}", one.events_url)
        monkeypatch.setenv(f"CACHE_URL{tail}", one.cache_url)

    def run(name):
        out = StringIO()
        call_command("promote_region", name, actor="kim@example.com", stdout=out)
        return out.getvalue()

    assert "us is the home (promotion 1); it takes purges in 4 s" in (first := run("us"))
    assert "back: eu" in first and "home already" in run("us")
    for name, why in (("eu", "does not answer"), ("mars", "no region 'mars'")):
        with pytest.raises(CommandError, match=why):
            run(name)
    database.login("owner")
    (row,) = AuditEntry.objects.filter(verb="region.promoted")
    assert (row.target, row.actor, row.data["away"]) == ("us", "kim@example.com", ["eu"])
