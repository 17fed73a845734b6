"""From the console's action to a running edge: set in Postgres, published by a running recorder."""

import os
import subprocess
import sys
import time

import pytest
from django.conf import settings
from django.utils import timezone

from cache_api.actions.entitle import entitle
from portal import env
from tenants import schema
from tenants.actions.keys import create_key
from tenants.actions.switches import end_switch, set_switch
from tenants.rules import switches as rules
from tests.cache_api.doors import ROOT
from tests.cache_api.embedding import model
from tests.cache_api.test_semantic import ASKED, POLICY, STORED, ask, chat, store
from tests.cache_api.valkeys import Valkeys
from tests.conftest import fresh_database, two_partners
from tests.patience import PATIENCE_S, wait_for

REGION, ME = "test-1", "sre@agentcache.example"


class World:
    """Two partners with keys in a database of their own, a recorder and an edge on two Valkeys."""

    def __init__(self, database, folder):
        self.pair = Valkeys(folder / "servers")
        self.partners = two_partners()
        self.keys = [self._open(partner) for partner in self.partners]
        kek_file = os.environ.get("KEK_FILE") or str(env.data_dir() / "secrets" / "kek")
        self.edge = self.pair.edge(folder / "edge", KEK_FILE=kek_file, REGION=REGION)
        self.edge.host = "127.0.0.1"  # nobody's: each key's partner is asked for here
        environ = database.environ(CACHE_URL=self.pair.cache.url(),
                                   EVENTS_URL=self.pair.events.url(), REGION=REGION)  # fmt: skip
        self.recorder = subprocess.Popen([sys.executable, "manage.py", "record"], cwd=ROOT,
                                         env=environ, stderr=subprocess.DEVNULL)  # fmt: skip
        database.login("web")
        assert wait_for(lambda: all(self.edge.lookup(key, cache_key="-").status == 200
                                    for key in self.keys))  # fmt: skip

    def _open(self, partner):
        now = timezone.now()
        entitle(partner_id=partner.pk, name="semantic", value=POLICY, actor=ME, now=now)
        return create_key(partner_id=partner.pk, livemode=True, actor=ME, now=now)[1]

    def turn(self, kind, partner=None, region=""):
        with schema.in_console():
            return set_switch(kind=kind, partner_id=partner and partner.pk, region=region, actor=ME,
                              reason="a test", until=None, now=timezone.now())  # fmt: skip

    def back(self, switch):
        with schema.in_console():
            assert end_switch(switch_id=switch.pk, actor=ME, now=timezone.now())

    def stop(self):
        self.recorder.terminate()
        self.recorder.wait(PATIENCE_S)
        self.edge.stop()
        self.pair.stop()


@pytest.fixture(scope="module")
def world(django_db_blocker, tmp_path_factory):
    assert settings.KEK  # what the template's data keys are wrapped with
    with fresh_database(django_db_blocker) as database:
        made = World(database, tmp_path_factory.mktemp("switches"))
        yield made
        made.stop()


def took(condition):
    """Seconds until it is so; `hot/test_switches.py` has the bound of five."""
    began = time.monotonic()
    assert wait_for(condition)
    return time.monotonic() - began


def test_a_drained_region_says_so_and_answers_misses(world):
    key = world.keys[0]
    world.edge.store(key, cache_key="k", ttl=600)
    get = lambda path: world.edge.call("GET", path)  # noqa: E731
    assert (get("/readyz").status, get("/api/overflow/health").json["status"]) == (200, "ok")

    switch = world.turn(rules.REGION_DRAINED, region=REGION)
    seconds = took(lambda: get("/readyz").status == 503)

    assert get("/readyz").body == b"drained\n" and get("/livez").status == 200
    assert get("/api/overflow/health").json["status"] == "drained"
    assert world.edge.lookup(key, cache_key="k").json["reason"] == "drained"
    stored = world.edge.store(key, cache_key="k")
    assert (stored.status, stored.headers["retry-after"]) == (503, "30")
    world.back(switch)
    seconds += took(lambda: get("/readyz").status == 200)
    assert world.edge.lookup(key, cache_key="k").json["response"] is not None
    print(f"\ndrained and back in {seconds:.1f} s")


def test_semantic_matching_goes_off_for_the_partner_that_is_meant(world):
    model()
    mine, theirs = world.keys
    ask(world.edge, mine, chat(ASKED))  # the first question has the model loaded
    assert wait_for(lambda: world.edge.call("GET", "/api/overflow/health").json["semantic"] == "ok")
    for key in world.keys:
        store(world.edge, key, chat(STORED))
    is_hit = lambda key: ask(world.edge, key, chat(ASKED)).json["response"] is not None  # noqa: E731
    assert wait_for(lambda: is_hit(mine) and is_hit(theirs))

    switch = world.turn(rules.SEMANTIC_OFF, world.partners.redis)
    seconds = took(lambda: not is_hit(mine))

    assert is_hit(theirs)
    world.back(switch)
    took(lambda: is_hit(mine))
    everybody = world.turn(rules.SEMANTIC_OFF)
    took(lambda: not is_hit(mine) and not is_hit(theirs))
    world.back(everybody)
    print(f"\nsemantic matching off in {seconds:.1f} s")
