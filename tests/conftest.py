"""Fixtures of the whole suite: a database of one's own, two partners, and logins to try it with."""

import itertools
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
import redis
from django.core.cache import cache, caches
from django.db import connection

from portal import env

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
LOGIN_KEYS = {
    "web": "DATABASE_URL",
    "owner": "OWNER_DATABASE_URL",
    "recorder": "RECORDER_DATABASE_URL",
    "settle": "SETTLE_DATABASE_URL",
    "superuser": "SUPERUSER_DATABASE_URL",
}
_numbers = itertools.count()


@dataclass
class Database:
    """One test's copy of the template, and the way to look at it as each login."""

    name: str
    urls: dict[str, str] = field(default_factory=dict)

    def url(self, login: str) -> str:
        """This database's URL for one login role."""
        return self.urls[login]

    def login(self, login: str) -> None:
        """Let Django's connection continue as another login role."""
        connection.close()
        connection.settings_dict.update(env.database(self.urls[login]))
        connection.set_schema_to_public()

    def fill(self, build: Callable[["Database"], object]) -> None:
        """Start over with what `build` makes of a fresh database; Django is the owner afterwards.

        It is built once in a run, by the worker that comes first: others start with a copy of it.
        """
        world = f"{build.__module__}.{build.__qualname__}"[-63:]
        with _boss() as boss:
            boss.execute("SELECT pg_advisory_lock(hashtext(%s))", [world])
            if boss.execute("SELECT 1 FROM pg_database WHERE datname = %s", [world]).fetchone():
                connection.close()
                boss.execute(f'DROP DATABASE "{self.name}" WITH (FORCE)')
            else:
                build(self)
                connection.close()
                boss.execute(f'ALTER DATABASE "{self.name}" RENAME TO "{world}"')
            _copy(boss, world, self.name)
        self.login("owner")

    def psql(self, login: str = "superuser", autocommit: bool = True) -> psycopg.Connection:
        """A plain connection, outside Django."""
        return psycopg.connect(self.urls[login], autocommit=autocommit)

    def environ(self, **extra: str) -> dict[str, str]:
        """Environment for a subprocess that shall use this database and this run's Valkeys."""
        pairs = {LOGIN_KEYS[login]: url for login, url in self.urls.items()}
        return {**os.environ, **servers(), **pairs, **extra}


def servers() -> dict[str, str]:
    """The URLs of this run's servers."""
    known = json.loads((env.data_dir() / "servers.json").read_text())
    return {key: value for key, value in known.items() if isinstance(value, str)}


def own_valkey(name: str) -> str:
    """An empty numbered database of one of this run's Valkeys (`EVENTS_URL`, …), this worker's own.

    Everybody uses 0 and 1; what a worker's earlier tests left is removed.
    """
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    url = _with_database(servers()[name], str(2 + worker))
    with redis.Redis.from_url(url) as client:
        client.flushdb()
    return url


def _with_database(url: str, name: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


@lru_cache
def _boss_url() -> str:
    """Read once: a test's DATA_DIR may be another when its database is dropped."""
    return _with_database(servers()["SUPERUSER_DATABASE_URL"], "postgres")


def _boss() -> psycopg.Connection:
    """A superuser beside the databases that are made, renamed and dropped."""
    return psycopg.connect(_boss_url(), autocommit=True)


def _copy(boss: psycopg.Connection, source: str, name: str) -> None:
    boss.execute(f'CREATE DATABASE "{name}" TEMPLATE "{source}" OWNER ac_owner STRATEGY FILE_COPY')
    boss.execute(f'GRANT CONNECT, TEMPORARY ON DATABASE "{name}" TO PUBLIC')


@contextmanager
def _remembering_for(name: str) -> Iterator[None]:
    """Django's cache tells databases apart, in this thread and new ones: copies have equal ids."""
    kept, before = caches.settings["default"], cache.version
    kept["VERSION"] = cache.version = name  # type: ignore[assignment]
    try:
        yield
    finally:
        kept["VERSION"] = cache.version = before


@contextmanager
def fresh_database(blocker: object) -> Iterator[Database]:
    """A copy of the template database; Django is connected to it as the owner until the end."""
    known = servers()
    name = f"t_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}_{os.getpid()}_{next(_numbers)}"
    with _boss() as boss:
        _copy(boss, "agentcache", name)
    handle = Database(
        name, {login: _with_database(known[key], name) for login, key in LOGIN_KEYS.items()}
    )
    before = dict(connection.settings_dict)
    with blocker.unblock(), _remembering_for(name):  # type: ignore[attr-defined]
        handle.login("owner")
        try:
            yield handle
        finally:
            connection.close()
            connection.settings_dict.update(before)
            # Only a superuser may end another login's session that is still closing.
            with _boss() as boss:
                boss.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@pytest.fixture
def database(django_db_blocker: object) -> Iterator[Database]:
    """A fresh copy of the template database for one test."""
    with fresh_database(django_db_blocker) as handle:
        yield handle


@dataclass(frozen=True)
class TwoPartners:
    """The cast: always two, and each has what the other must not see."""

    redis: object
    pinecone: object

    def __iter__(self) -> Iterator[object]:
        return iter((self.redis, self.pinecone))


def two_partners() -> TwoPartners:
    """Redis Labs and Pinecone, opened by the provisioner, as `tenants.models.Partner` rows."""
    from tenants.models import Partner

    rows = {row.slug: row for row in Partner.objects.all()}
    return TwoPartners(rows["redis-labs"], rows["pinecone"])


@pytest.fixture
def partners(database: Database) -> TwoPartners:
    """The two partners of a test's own database."""
    return two_partners()


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real traffic and independent expected values, or a skip that says so."""
    if not SHARED.is_dir():
        pytest.skip(f"shared data absent: {SHARED} does not exist")
    return SHARED
