"""Fixtures of the whole suite: a database of one's own, two partners, and logins to try it with."""

import atexit
import copy
import itertools
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from threading import RLock
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
import redis
from django.core.cache import cache, caches
from django.db import connection

from portal import env
from tenants.db.base import DatabaseWrapper

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
LOGIN_KEYS = {
    "web": "DATABASE_URL",
    "owner": "OWNER_DATABASE_URL",
    "recorder": "RECORDER_DATABASE_URL",
    "settle": "SETTLE_DATABASE_URL",
    "superuser": "SUPERUSER_DATABASE_URL",
}
TEMPLATE = "agentcache"
SPARE = 3  # of twenty megabytes each
_numbers = itertools.count()
_waiting: dict[str, "Database"] = {}  # by name: those that nobody has connected to yet
_spare: list[tuple[str, str]] = []  # copies that nobody wrote to: of what, and their names
_making = RLock()


@dataclass
class Database:
    """One test's copy of the template, and the way to look at it as each login.

    It is copied when somebody first connects: many are filled with another world before that.
    """

    name: str
    urls: dict[str, str] = field(default_factory=dict)
    source: str = ""  # what it is a copy of, once it is made

    def url(self, login: str) -> str:
        """This database's URL for one login role."""
        self.make()
        return self.urls[login]

    def make(self, source: str = TEMPLATE) -> None:
        """Be a copy of that database, unless it is one already."""
        with _making:
            if not self.source:
                _copy(source, self.name)
                self.source = source
                _waiting.pop(self.name, None)

    def drop(self) -> None:
        """Be gone, or wait for the next test that wants the same: as it came, if nobody wrote."""
        connection.close()
        if self.source and _is_as_it_came(self.name):
            _put_by(self.source, self.name)
        elif self.source:
            _drop(self.name)
        self.source = ""
        _waiting.pop(self.name, None)

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
        boss = _boss()
        boss.execute("SELECT pg_advisory_lock(hashtext(%s))", [world])
        try:
            if boss.execute("SELECT 1 FROM pg_database WHERE datname = %s", [world]).fetchone():
                self.drop()
            else:
                build(self)
                connection.close()
                boss.execute(f'ALTER DATABASE "{self.name}" RENAME TO "{world}"')
                self.source = ""
            self.make(world)
        finally:
            boss.execute("SELECT pg_advisory_unlock(hashtext(%s))", [world])
        self.login("owner")

    def psql(self, login: str = "superuser", autocommit: bool = True) -> psycopg.Connection:
        """A plain connection, outside Django."""
        return psycopg.connect(self.url(login), autocommit=autocommit)

    def environ(self, **extra: str) -> dict[str, str]:
        """Environment for a subprocess that shall use this database and this run's Valkeys."""
        pairs = {LOGIN_KEYS[login]: self.url(login) for login in self.urls}
        return {**os.environ, **servers(), **pairs, **extra}


def servers() -> dict[str, str]:
    """The URLs of this run's servers."""
    known = json.loads((env.data_dir() / "servers.json").read_text())
    return {key: value for key, value in known.items() if isinstance(value, str)}


def own_valkey(name: str) -> str:
    """An empty numbered database of one of this run's Valkeys (`EVENTS_URL`, …), this worker's own.

    What the worker's earlier tests left is removed. Everybody uses 0 and 1. Events and queues lie
    in one Valkey: each worker has two numbers.
    """
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    number = 2 + 2 * worker + (name == "BROKER_URL")
    url = _with_database(servers()[name], str(number))
    with redis.Redis.from_url(url) as client:
        client.flushdb()
    return url


def _with_database(url: str, name: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


@lru_cache
def _boss_url() -> str:
    """Read once: a test's DATA_DIR may be another when its database is made or dropped."""
    return _with_database(servers()["SUPERUSER_DATABASE_URL"], "postgres")


@lru_cache
def _boss() -> psycopg.Connection:
    """A superuser beside the databases that are made, renamed and dropped: one a worker."""
    boss = psycopg.connect(_boss_url(), autocommit=True)
    atexit.register(boss.close)
    return boss


def _copy(source: str, name: str) -> None:
    for one in _spare:
        if one[0] == source:
            _spare.remove(one)
            _boss().execute(f'ALTER DATABASE "{one[1]}" RENAME TO "{name}"')
            return
    _boss().execute(
        f'CREATE DATABASE "{name}" TEMPLATE "{source}" OWNER ac_owner STRATEGY FILE_COPY'
    )
    _boss().execute(f'GRANT CONNECT, TEMPORARY ON DATABASE "{name}" TO PUBLIC')


def _put_by(source: str, name: str) -> None:
    """Under a name of its own: the one it had may be made again."""
    spare = f"spare_{os.getpid()}_{next(_numbers)}"
    _boss().execute(f'ALTER DATABASE "{name}" RENAME TO "{spare}"')
    _spare.append((source, spare))
    if len(_spare) > SPARE:
        _drop(_spare.pop(0)[1])


def _drop(name: str) -> None:
    # Only a superuser may end another login's session that is still closing.
    _boss().execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _is_as_it_came(name: str) -> bool:
    """Whether nobody is connected and no row was written, of whatever table, catalogues too.

    Sessions that have ended have told the statistics what they wrote.
    """
    for _ in range(100):
        if not _asked("pg_stat_activity", "count(*)", name):
            break
        time.sleep(0.003)
    else:
        return False
    return not _asked("pg_stat_database", "tup_inserted + tup_updated + tup_deleted", name)


def _asked(view: str, what: str, name: str) -> int:
    row = _boss().execute(f"SELECT {what} FROM {view} WHERE datname = %s", [name]).fetchone()
    return row[0] if row else 0


def _connect_to_what_is_made() -> None:
    """Django's first connection to a database that waits for it, from whatever thread, makes it."""
    connect = DatabaseWrapper.get_new_connection

    def connect_made(self: DatabaseWrapper, given: dict[str, object]) -> object:
        if waiting := _waiting.get(str(given.get("dbname"))):
            waiting.make()
        return connect(self, given)

    DatabaseWrapper.get_new_connection = connect_made


_connect_to_what_is_made()


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
    _boss_url()
    name = f"t_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}_{os.getpid()}_{next(_numbers)}"
    handle = _waiting[name] = Database(
        name, {login: _with_database(known[key], name) for login, key in LOGIN_KEYS.items()}
    )
    before = dict(connection.settings_dict)
    with blocker.unblock(), _remembering_for(name):  # type: ignore[attr-defined]
        handle.login("owner")
        try:
            yield handle
        finally:
            handle.drop()
            connection.settings_dict.update(before)


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


@lru_cache
def _partners_of_template() -> TwoPartners:
    return two_partners()


@pytest.fixture
def partners(database: Database) -> TwoPartners:
    """The two partners of a test's own database; every copy of the template has the same."""
    return two_partners() if database.source else copy.deepcopy(_partners_of_template())


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real traffic and independent expected values, or a skip that says so."""
    if not SHARED.is_dir():
        pytest.skip(f"shared data absent: {SHARED} does not exist")
    return SHARED
