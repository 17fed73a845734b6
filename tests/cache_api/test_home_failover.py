"""The home region is away, or only cut off: another one is promoted, and purges hold throughout."""

import pytest

from cache_api.actions.promote_region import Refused, promote_region
from cache_api.gateways.servers import Region
from cache_api.rules.events import STREAM
from tests.cache_api.relay import Relay
from tests.cache_api.test_regions import (
    NAMES,
    PURGE,
    World,
    drain,
    hit,
    ids_of,
    request_of,
    status_of,
    wait_complete,
)
from tests.patience import wait_for


class Split(World):
    """Three regions; the home's edge can be cut off from the others, and they from its servers."""

    def __init__(self, folder):
        self.links = {}
        super().__init__(folder)

    def urls(self, where, name):
        plain = super().urls(where, name)
        if (where == "eu") == (name == "eu"):
            return plain
        found = {}
        for kind, url in plain.items():
            port = url.rpartition(":")[2].partition("/")[0]
            link = self.links.setdefault(port, None) or Relay(int(port))
            self.links[port] = link
            found[kind] = url.replace(f":{port}/", f":{link.port}/")
        return found

    def cut(self):
        for link in self.links.values():
            link.cut()

    def mend(self):
        for link in self.links.values():
            link.mend()

    def known(self, without=()):
        """As a person's machine reaches them; nobody listens where `without` is."""
        nowhere = {"CACHE_URL": "redis://127.0.0.1:1", "EVENTS_URL": "redis://127.0.0.1:1"}
        return [
            Region(name, urls["CACHE_URL"], urls["EVENTS_URL"])
            for name in NAMES
            for urls in [nowhere if name in without else World.urls(self, "", name)]
        ]


@pytest.fixture
def split(tmp_path):
    world = Split(tmp_path)
    yield world
    world.stop()


def stored(world, key, *names):
    """The same entries in every region's memory."""
    for name in names:
        world.home.edge.store(key, f'"{name}"', cache_key=name, original_request=request_of(name))
        for region in world.regions.values():
            assert wait_for(lambda: hit(region.edge, key, cache_key=name) == name)  # noqa: B023


def test_a_home_that_is_cut_off_stops_and_another_goes_on(split, database, partners):
    """Nothing purged is served after `complete`, whoever made the purge and whenever."""
    key = split.cast.open("redis-too", partner_id=partners.redis.pk).live
    lax = split.cast.open("lax", strict_purge=False).live
    split.publish()
    eu, us, ap = (split.regions[name].edge for name in NAMES)
    stored(split, key, "early", "late", "by-key", "by-model", "kept")
    stored(split, lax, "kept")
    early = eu.post(PURGE, {"cache_key": "early"}, key)
    wait_complete(eu, key, early, busy=(eu, us, ap))

    split.cut()
    # Acknowledged by the old home while it may still be one; the others do not hear of it.
    late = [eu.post(PURGE, {"cache_key": "late"}, key), eu.post(PURGE, {"model": "late"}, key)]
    assert [one.status for one in late] == [202, 202]
    assert wait_for(lambda: eu.lookup(key, cache_key="kept").json.get("reason") == "cut_off")
    assert hit(eu, lax, cache_key="kept") == "kept"  # who would rather have an old answer
    # On a busy machine a lookup is cut off for a moment before the home's own lease has ended.
    assert wait_for(lambda: eu.post(PURGE, {"cache_key": "nothing"}, key).status == 503)
    assert status_of(eu, key, late[0])["status"] == "pending"
    lost = [eu.lookup(key, cache_key="kept") for _ in range(3)]

    with pytest.raises(Refused, match="eu, ap cannot be reached"):
        promote_region(regions=split.known(without=("eu", "ap")), name="us")
    done = promote_region(regions=split.known(without=("eu",)), name="us")
    assert (done.term.epoch, done.term.home, done.away) == (1, "us", ("eu",))
    assert not promote_region(regions=split.known(without=("eu",)), name="us").changed

    assert wait_for(lambda: ap.post(PURGE, {"cache_key": "by-key"}, key).status == 202)
    by_model = us.post(PURGE, {"model": "by-model"}, key)
    told = wait_complete(us, key, by_model, busy=(us, ap))
    assert [one["region"] for one in told["regions"]] == ["ap", "us"]
    assert status_of(ap, key, early)["status"] == "complete"  # an earlier one is known here too
    gone = ("early", "by-key", "by-model")
    for edge in (us, ap, eu):
        assert [hit(edge, key, cache_key=name) for name in gone] == [None] * 3
    assert hit(us, key, cache_key="kept") == hit(ap, key, cache_key="kept") == "kept"

    split.mend()
    served = set()

    def is_back():
        served.update(hit(eu, key, cache_key=name) for name in gone)
        return hit(eu, key, cache_key="kept") == "kept"

    assert wait_for(is_back) and served == {None}
    # What only the old home knew is made again where purges are made now, under its old id.
    for one in late:
        wait_complete(us, key, one, busy=(eu, us, ap))
    for edge in (eu, us, ap):
        assert [hit(edge, key, cache_key=name) for name in (*gone, "late")] == [None] * 4
        assert hit(edge, key, original_request=request_of("late")) is None
        assert hit(edge, key, cache_key="kept") == "kept"

    recorded = drain(split, database)
    assert ids_of(lost) <= recorded and drain(split, database) == recorded
    assert split.home.events.xlen(STREAM) == 0
    back = promote_region(regions=split.known(), name="eu")
    assert (back.term.epoch, back.away) == (2, ())
    assert wait_for(lambda: us.post(PURGE, {"cache_key": "kept"}, key).status == 202)
    assert wait_for(lambda: not any(hit(e, key, cache_key="kept") for e in (eu, us, ap)))
