"""Break it, for real: the supervisor's own edge and recorder, killed while requests go out."""

import os
import threading
import time

import pytest
import requests
from django.utils import timezone

from portal import env
from portal.demo import breaking
from portal.servers import breakage, ports
from portal.servers.breakage import Breaker
from portal.servers.supervisor import Supervisor
from portal.servers.table import Ports, processes
from tenants import schema
from tenants.actions.keys import create_key
from tests.cache_api.valkeys import Valkeys
from tests.conftest import fresh_database, two_partners
from tests.patience import PATIENCE_S


class World:
    """Two rows of the real process table over two Valkeys, watched as `make run` watches."""

    def __init__(self, database, folder):
        self.folder, self.pair = folder, Valkeys(folder)
        self.partner = two_partners().redis
        now = timezone.now()
        self.key = create_key(partner_id=self.partner.pk, livemode=True, actor="x", now=now)[1]
        edge = ports.pick()
        kek = os.environ.get("KEK_FILE") or str(env.data_dir() / "secrets" / "kek")
        environ = database.environ(
            CACHE_URL=self.pair.cache.url(), EVENTS_URL=self.pair.events.url(), KEK_FILE=kek,
            DATA_DIR=str(folder), DJANGO_SETTINGS_MODULE="portal.settings", TIER_URL="off",
        )  # fmt: skip
        table = [row for row in processes(Ports(edge, edge), folder, demo=False)
                 if row.name in {"edge", "recorder"}]  # fmt: skip
        self.supervisor = Supervisor(table, data_dir=folder, env=environ, say=lambda _: None,
                                     tend_servers=self.revive)  # fmt: skip
        self.supervisor.start()
        children = {one.row.name: one.child for one in self.supervisor.all}
        self.breaker = Breaker(folder, children | {"events": self.pair.events.child})
        self.edge_url = f"http://127.0.0.1:{edge}"
        self.watch_until(self.knows_the_key)
        database.login("web")

    def knows_the_key(self):
        bearer = {"Authorization": f"Bearer {self.key}"}
        url, body = f"{self.edge_url}/api/overflow", {"cache_key": "-"}
        return requests.post(url, json=body, headers=bearer, timeout=PATIENCE_S).ok

    def revive(self):
        if not self.pair.events.child.alive:
            self.pair.events.restart()
            return ["events"]
        return []

    def watch_until(self, condition):
        """What `make run` does four times a second."""
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            assert time.monotonic() < deadline
            self.supervisor.tend()
            self.breaker.tend()
            threading.Event().wait(0.05)

    def stop(self):
        self.supervisor.stop()
        self.pair.stop()


@pytest.fixture(scope="module")
def world(django_db_blocker, tmp_path_factory):
    with fresh_database(django_db_blocker) as database:
        made = World(database, tmp_path_factory.mktemp("break"))
        yield made
        made.stop()


@pytest.fixture(autouse=True)
def _short(monkeypatch):
    monkeypatch.setattr(breaking, "REQUESTS", 120)
    monkeypatch.setattr(breaking, "BREAK_AFTER", 30)
    monkeypatch.setattr(breaking, "EVERY_S", 0.02)


def begin(world, target):
    return breaking.begin(
        data_dir=world.folder, edge_url=world.edge_url, key=world.key, slug="redis-labs",
        customer="acme", target=target,
    )  # fmt: skip


def recorded(world):
    with schema.in_console():
        return breaking.recorded(breaking.current(world.folder))


@pytest.mark.parametrize("target", ["events", "recorder"])
def test_what_was_answered_is_recorded_once_although_it_was_killed(world, target):
    loop = begin(world, target)
    with pytest.raises(breaking.Busy):
        begin(world, target)
    world.watch_until(lambda: not loop.is_alive())
    counts = breaking.current(world.folder)
    world.watch_until(lambda: breakage.killed(world.folder, counts.id).get("back_at"))
    world.watch_until(lambda: recorded(world) >= counts.answered)

    told = breakage.killed(world.folder, counts.id)
    assert told["target"] == target and told["back_at"] > told["killed_at"] > counts.began_at
    assert (counts.sent, counts.answered + counts.failed, counts.runs) == (120, 120, False)
    assert counts.answered > 60  # it went on answering
    assert recorded(world) == counts.answered


def test_nothing_else_is_killed(world):
    with pytest.raises(ValueError, match="nothing that may be killed"):
        breakage.ask(world.folder, "x", "edge")
    breakage.write(world.folder / "break" / "asked.json", {"id": "x", "target": "edge"})

    assert "not ours" in world.breaker.tend()
    assert all(one.child.alive for one in world.supervisor.all)
    assert breakage.killed(world.folder, "x") == {}
    assert world.breaker.tend() == ""
