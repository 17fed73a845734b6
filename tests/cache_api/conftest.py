"""Fixtures of the cache storey: two Valkeys of its own, a cast in the snapshot, both doors."""

import os
from collections.abc import Iterator

import psycopg
import pytest

from cache_api.gateways import blocking, config
from portal import env
from portal.servers import ports
from portal.servers.cluster import Cluster
from portal.servers.secrets import Secrets
from tenants import resolve
from tests.cache_api import doors
from tests.cache_api.reading import Reader
from tests.cache_api.valkeys import PATIENT_MS, Valkeys
from tests.conftest import LOGIN_KEYS, servers


@pytest.fixture(scope="session")
def valkeys(tmp_path_factory) -> Iterator[Valkeys]:
    """The session's pair; nobody stops these."""
    pair = Valkeys(tmp_path_factory.mktemp("valkeys"))
    yield pair
    pair.stop()


@pytest.fixture(scope="session")
def nodes(tmp_path_factory) -> Iterator[Cluster]:
    """Three nodes of a `cache` in parts, the first with a replica; who ends one starts it again."""
    folder = tmp_path_factory.mktemp("cluster")
    Secrets(folder / "secrets").ensure()
    with Cluster(folder, replicas=1) as found:
        yield found


@pytest.fixture
def own_valkeys(tmp_path) -> Iterator[Valkeys]:
    """A pair for one test that breaks them."""
    pair = Valkeys(tmp_path / "servers")
    yield pair
    pair.stop()


@pytest.fixture(scope="session")
def cast(valkeys) -> doors.Cast:
    """Redis Labs and Pinecone, a strict partner and a suspended one, with keys."""
    return valkeys.cast()


@pytest.fixture(scope="session")
def edge_door(valkeys, cast, tmp_path_factory) -> Iterator[doors.Door]:
    """The edge, alone with its memory: tests may put anything there (`test_tier.py` has both)."""
    door = valkeys.edge(tmp_path_factory.mktemp("edge"), TIER_URL="off")
    yield door
    door.stop()


@pytest.fixture(scope="session")
def web_database() -> Iterator[dict[str, str]]:
    """A copy of the migrated database that lives as long as the web door."""
    known = servers()
    name = f"door_{os.getpid()}"
    urls = {key: known[key].rsplit("/", 1)[0] + f"/{name}" for key in LOGIN_KEYS.values()}
    boss_url = known["SUPERUSER_DATABASE_URL"].rsplit("/", 1)[0] + "/postgres"
    with psycopg.connect(boss_url, autocommit=True) as boss:
        boss.execute(f'CREATE DATABASE "{name}" TEMPLATE agentcache')
        boss.execute(f'GRANT CONNECT, TEMPORARY ON DATABASE "{name}" TO PUBLIC')
        yield urls
        boss.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(scope="session")
def web_door(valkeys, cast, web_database, tmp_path_factory) -> Iterator[doors.Door]:
    """The same API behind Django, on the partner's host."""
    environ = {
        **os.environ, **web_database, "DATA_DIR": str(env.data_dir()), "AC_DB_LOGIN": "web",
        "CACHE_URL": valkeys.cache.url(), "EVENTS_URL": valkeys.events.url(),
        "KEK_FILE": str(valkeys.kek_file), "STORE_DEADLINE_MS": str(PATIENT_MS),
        "TIER_URL": "off", "EMBEDDER_DEADLINE_MS": str(PATIENT_MS),
    }  # fmt: skip
    door = doors.web(tmp_path_factory.mktemp("web"), ports.pick(), environ).wait()
    door.call("GET", "/api/overflow/health")  # Django imports its views with the first request
    yield door
    door.stop()


@pytest.fixture(params=["edge", "web"])
def door(request) -> doors.Door:
    """Each contract test runs against both doors, over TCP."""
    return request.getfixturevalue(f"{request.param}_door")


@pytest.fixture
def reader(database, partners, own_valkeys, tmp_path, monkeypatch) -> Iterator[Reader]:
    """Redis Labs and Pinecone of this test's database, with keys, through the web door."""
    for name, value in {
        "CACHE_URL": own_valkeys.cache.url(), "EVENTS_URL": own_valkeys.events.url(),
        "KEK_FILE": str(own_valkeys.kek_file), "DATA_DIR": str(tmp_path), "TIER_URL": "off",
        "STORE_DEADLINE_MS": str(PATIENT_MS),
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    cast = own_valkeys.cast()
    opened = [
        cast.open(partner.slug, hosts=[host], partner_id=partner.pk, partner_share_bps=3000)
        for partner, host in zip(partners, (doors.REDIS_HOST, doors.PINECONE_HOST), strict=True)
    ]
    service = blocking.BlockingService(config.load())
    service.start()
    monkeypatch.setattr(blocking, "_service", (os.getpid(), service))
    resolve.forget()
    yield Reader(*opened, cast)
    service.stop()
    resolve.forget()
