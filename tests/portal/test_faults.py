"""What each part of the service does while another one is down, or silent: the matrix, live.

An edge and a web process on servers of their own. Behind a proxy each, every dependency is cut
off, then made silent; lookup, store, purge, usage and pages are tried meanwhile, on both doors.
The table of docs/operating.md names these cells.
"""

import http.client
import signal
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.template.loader import render_to_string

from portal import env
from portal.servers import identity, leash, ports
from tenants import schema
from tenants.accounts.models import User
from tenants.actions.serve_hosts import publish_hosts
from tenants.gateways.served_hosts import ServedHosts
from tests import faults
from tests.cache_api import doors
from tests.cache_api.test_contract import fresh, wait_for
from tests.cache_api.valkeys import Valkeys
from tests.conftest import Database, fresh_database, two_partners
from tests.faults import Wire
from tests.portal.views.cast import PINECONE, REDIS, signed_in

TROUBLES = {"down": "refuse", "slow": "hold"}
# For any answer: a deadline or two, a sync, and a machine with other work.
PROMPT_S, PAGE_DEADLINE_MS = 8.0, 1_000
PURGE = "/api/overflow/purge", {"tag": "nothing has it", "namespace": "elsewhere"}
BANNERS = {
    "answers": "Cached answers are impaired.",
    "metering": "Usage is recorded late: figures here are not complete yet.",
    "settlement": "Jobs wait: documents, mails and checks come later.",
}
PRODUCTS = {REDIS: "Redis Edge Cache", PINECONE: "Pinecone Edge Cache"}


@dataclass(frozen=True)
class Expected:
    """What is answered while one dependency is away."""

    hit: bool = True
    store: tuple[int, ...] = (200, 201)
    purge: int = 202
    page: int = 200


MATRIX = {
    "cache": Expected(hit=False, store=(503,), purge=503),
    "events": Expected(purge=503),
    "postgres": Expected(page=503),
    "broker": Expected(),
    "stripe": Expected(),
}


@dataclass
class Site:
    """The processes, the wires in front of what they need, and who asks."""

    cast: doors.Cast
    edge: doors.Door
    web: doors.Door
    wires: dict[str, Wire]
    database: Database
    cookies: dict[str, str] = field(default_factory=dict)

    def page(self, host, path="/manage/"):
        """A page for the partner's signed-in owner: (status, text)."""
        link = http.client.HTTPConnection("127.0.0.1", self.web.port, timeout=30)
        try:
            link.request("GET", path, headers={"host": host, "cookie": self.cookies[host]})
            answer = link.getresponse()
            return answer.status, answer.read().decode()
        finally:
            link.close()


def through(url, wire):
    """The same server by way of the wire."""
    parts = urlsplit(url)
    login = parts.netloc.rpartition("@")[0]
    return urlunsplit(parts._replace(netloc=f"{login}@127.0.0.1:{wire.proxy.port}"))


@pytest.fixture(scope="module")
def site(django_db_blocker, tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    with ExitStack() as stack:
        database = stack.enter_context(fresh_database(django_db_blocker))
        partners = two_partners()
        for partner in partners:
            with schema.in_partner(partner):
                User.objects.create_user("owner@example.com", None, role="owner")
        pair = Valkeys(folder / "servers")
        stack.callback(pair.stop)
        wires = {
            "cache": Wire(pair.cache.port), "events": Wire(pair.events.port),
            "postgres": Wire(urlsplit(database.url("web")).port),
            "broker": Wire(pair.events.port), "stripe": Wire(ports.pick()),
        }  # fmt: skip
        for wire in wires.values():
            stack.callback(wire.stop)
        made = start(folder, pair, wires, database)
        stack.callback(made.edge.stop, signal.SIGKILL)
        stack.callback(made.web.stop, signal.SIGKILL)
        for host in (REDIS, PINECONE):
            made.cookies[host] = f"sid={signed_in(host, 'owner').cookies['sid'].value}"
            assert made.page(host)[0] == 200
        yield made


def start(folder, pair, wires, database):
    cast = pair.cast()
    for name, host, partner in zip(("redis", "pinecone"), PRODUCTS, two_partners(), strict=True):
        setattr(cast, name, cast.open(partner.slug, hosts=[host], partner_id=partner.pk))
    ways = {
        "CACHE_URL": through(pair.cache.url(), wires["cache"]),
        "EVENTS_URL": through(pair.events.url(), wires["events"]),
        "BROKER_URL": through(pair.events.url(1), wires["broker"]),
        "STRIPE_API_BASE": f"http://127.0.0.1:{wires['stripe'].proxy.port}",
        "STRIPE_API_KEY": "sk_test_nobody", "TIER_URL": "off",
    }  # fmt: skip
    no_database = dict.fromkeys(
        [f"{login}DATABASE_URL" for login in ("", "OWNER_", "RECORDER_", "SETTLE_")],
        "postgres://nobody@127.0.0.1:1/none",
    )
    edge = pair.edge(folder / "edge", 100, **ways, **no_database)
    environ = database.environ(
        **ways, DATABASE_URL=through(database.url("web"), wires["postgres"]), AC_DB_LOGIN="web",
        DATA_DIR=str(env.data_dir()), KEK_FILE=str(pair.kek_file), STORE_DEADLINE_MS="100",
        PAGE_DEADLINE_MS=str(PAGE_DEADLINE_MS),
    )  # fmt: skip
    web = doors.web(folder, ports.pick(), environ)
    web.host = REDIS
    return Site(cast, edge, web.wait(60), wires, database)


def timely(ask, *args, **members):
    """The answer, which must not keep anybody waiting."""
    began = time.monotonic()
    answer = ask(*args, **members)
    assert time.monotonic() - began < PROMPT_S
    return answer


def is_well(door, key):
    """Whether each of the door's threads has found its servers again."""
    return all(door.post(*PURGE, key).status == 202 for _ in range(6))


@pytest.fixture(params=TROUBLES)
def trouble(request):
    return request.param


@pytest.mark.parametrize("name", MATRIX)
def test_each_part_does_what_it_says_while_another_is_away(site, name, trouble):
    expected, key = MATRIX[name], site.cast.redis.live
    asked = {"original_request": fresh(), "customer_id": "acme"}
    both = (site.edge, site.web)
    for door in both:  # also once the breakers of the case before have closed
        assert wait_for(lambda door=door: door.store(key, **asked).status in (200, 201), 15)
        assert wait_for(lambda door=door: is_well(door, key), 15)
    site.wires[name].set(mode=TROUBLES[trouble])

    looked = [timely(door.lookup, key, **asked) for door in both for _ in range(3)]
    stored = [timely(door.store, key, **{**asked, "original_request": fresh()}) for door in both]
    purged = [timely(door.post, *PURGE, key) for door in both]
    pages = {host: timely(site.page, host) for host in PRODUCTS}
    site.wires[name].set(mode="pass")

    found = [(one.status, one.json.get("hit"), one.json.get("reason")) for one in looked]
    assert {one[:2] for one in found} == {(200, expected.hit)}, found
    assert {one.status for one in stored} <= {*expected.store}
    assert {one.status for one in purged} == {expected.purge}, [one.body for one in purged]
    for refused in [one for one in stored + purged if one.status == 503]:
        assert refused.json["retryable"] and int(refused.headers["retry-after"]) >= 1
    for host, (status, text) in pages.items():
        assert status == expected.page, text[:300]
        assert PRODUCTS[host] in text and "Traceback" not in text
        (other,) = [product for one, product in PRODUCTS.items() if one != host]
        assert other not in text
    # Whatever was answered as usage is in the stream, or comes there from a disk.
    ids = {one.json["billing"]["event_id"] for one in [*looked, *stored] if one.status < 300}
    assert wait_for(lambda: ids <= {str(one.event_id) for one in site.cast.all_events()}, 20)
    assert wait_for(lambda: {site.page(host)[0] for host in PRODUCTS} == {200}, 20)


def test_pages_say_what_is_late_and_stop_saying_so(site):
    def told(host):
        return [words for words in BANNERS.values() if words in site.page(host)[1]]

    site.wires["events"].set(mode="refuse")
    assert wait_for(lambda: BANNERS["metering"] in told(REDIS), 20)
    site.wires["events"].set(mode="pass")

    assert wait_for(lambda: told(PINECONE) == [BANNERS["settlement"]], 20)  # no worker ever ran
    publish_hosts(store=ServedHosts(site.cast.events_url))  # what a worker's first job does
    assert wait_for(lambda: told(REDIS) == told(PINECONE) == [], 20)


@pytest.mark.parametrize("troubles", [[], ["answers"], ["metering", "settlement"]])
def test_each_trouble_has_its_words(troubles):
    text = render_to_string("parts/banners.html", {"troubles": troubles})

    assert [name for name, words in BANNERS.items() if words in text] == troubles
    assert ("/status/" in text) == bool(troubles)


def test_a_full_disk_below_postgres_is_said_and_reading_goes_on(site, tmp_path):
    keys_page, new = "/manage/keys/", {"label": "no room", "mode": "live"}
    owner = leash.NOBODY if identity.choose() == "drop" else 0
    with (
        faults.small_disk(tmp_path / "disk", "256k", owner) as disk,
        faults.table_on(site.database, "tenants_apikey", disk),
    ):
        faults.fill(disk / "filler")
        site.database.login("web")
        client = signed_in(REDIS, "owner")
        client.raise_request_exception = False

        refused = client.post(f"{keys_page}new/", new)

        assert refused.status_code == 503 and PRODUCTS[REDIS] in refused.content.decode()
        assert site.page(REDIS, keys_page)[0] == 200
        (disk / "filler").unlink()
        assert client.post(f"{keys_page}new/", new).status_code == 200
    assert "no room" in site.page(REDIS, keys_page)[1]
    assert "no room" not in site.page(PINECONE, keys_page)[1]
