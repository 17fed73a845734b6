"""What `manage.py check --deploy --database default` refuses of PostgreSQL and the Valkeys."""

import time
from collections.abc import Callable, Iterator
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import psycopg
import redis
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import connection

from tenants.deploy_checks import refusal
from tenants.rules import safe_install
from tenants.rules.valkey_urls import is_cluster, nodes

PATIENCE_S = 2.0
LOCKS = 256
# What the Valkey that may not forget must be set to, and why.
DURABLE = {
    "appendonly": ("yes", "usage that was answered would be lost with the process"),
    "appendfsync": ("always", "usage of the last second would be lost with the machine"),
    "maxmemory-policy": ("noeviction", "usage, quotas and purges would be thrown away when full"),
}
COVERAGE = "cluster-require-full-coverage"
_MAY = (
    "SELECT rolname, rolsuper OR rolbypassrls, EXISTS (SELECT 1 FROM pg_class c"
    " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p')"
    " AND c.relpersistence <> 't'"  # the recorder copies into tables of its session
    " AND n.nspname NOT IN ('pg_catalog', 'information_schema')"
    " AND pg_has_role(r.oid, c.relowner, 'MEMBER'))"
    " FROM pg_roles r WHERE rolname = session_user"
)
_HOW = (
    "SELECT current_setting('server_version_num')::int, extract(epoch FROM clock_timestamp()),"
    " json_object_agg(name, setting) FROM pg_settings WHERE name = ANY(%s)"
)


@register(Tags.database, deploy=True)
def logins_have_their_place(app_configs: Any, databases: Any = None, **kwargs: Any) -> list[Error]:
    """No login is a superuser, and none but the owner's owns anything or may become the owner."""
    if not databases:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_MAY)
        found = list(_place(settings.DB_LOGIN, *cursor.fetchone()))
    for login, url in settings.DATABASE_URLS.items():
        if url and login != settings.DB_LOGIN:
            found += _asked_as(login, url)
    return found


def _asked_as(login: str, url: str) -> Iterator[Error]:
    try:
        with psycopg.connect(url, connect_timeout=int(PATIENCE_S)) as other:
            row = other.execute(_MAY).fetchone()
    except psycopg.Error as error:
        said = str(error).strip().splitlines()[0]
        yield refusal(20, f"{_variable(login)} cannot be used: {said}",
                      "Check user, password, host and database in it.")  # fmt: skip
        return
    yield from _place(login, *row)  # type: ignore[misc]


def _variable(login: str) -> str:
    return str(settings.DB_URL_BY_LOGIN[login])


def _place(login: str, name: str, may_all: bool, owns: bool) -> Iterator[Error]:
    if may_all:
        yield refusal(10, f"{name} ({_variable(login)}) passes by every row policy.",
                      "ALTER ROLE it NOSUPERUSER NOBYPASSRLS, or make the roles with"
                      " python -m portal.servers roles.")  # fmt: skip
    if owns and login != "owner":
        yield refusal(11, f"{name} ({_variable(login)}) owns tables and could change their"
                      " policies.", "Only ac_owner may own tables: check the database URLs."
                      )  # fmt: skip


@register(Tags.database, deploy=True)
def postgres_keeps(
    app_configs: Any, databases: Any = None, **kwargs: Any
) -> list[CheckMessage]:  # fmt: skip
    """It is new enough, loses nothing, and its clock is ours."""
    if not databases:
        return []
    asked = [*safe_install.KEEPS, "max_locks_per_transaction"]
    with connection.cursor() as cursor:
        cursor.execute(_HOW, [asked])
        version, now_s, found = cursor.fetchone()
    wrong: list[CheckMessage] = [
        refusal(*one)
        for one in (*safe_install.postgres(version, found),
                    *safe_install.clock("PostgreSQL", float(now_s) - time.time()))
    ]  # fmt: skip
    if int(found["max_locks_per_transaction"]) < LOCKS:
        wrong.append(Warning(
            f"PostgreSQL has max_locks_per_transaction {found['max_locks_per_transaction']}:"
            " a migration of a partner's tables may not find room for its locks.",
            hint="Set max_locks_per_transaction 512.", id="tenants.W031",
        ))  # fmt: skip
    return wrong


@register(Tags.caches, deploy=True)
def what_may_not_be_forgotten(app_configs: Any, **kwargs: Any) -> list[Error]:
    """The events Valkey keeps what it is told; the cache Valkey may forget and is bounded."""
    broker = settings.BROKER_URL
    return [
        *_asked("EVENTS_URL", settings.EVENTS_URL, _durable),
        *asked_of_cache("CACHE_URL", settings.CACHE_URL),
        *([] if broker.startswith("amqp") else _asked("BROKER_URL", broker, _unevicted)),
    ]


def of_region(name: str, cache_url: str, events_url: str) -> list[Error]:
    """The same of a region that is not the home."""
    suffix = name.upper().replace("-", "_")
    return [*_asked(f"EVENTS_URL_{suffix}", events_url, _durable),
            *asked_of_cache(f"CACHE_URL_{suffix}", cache_url)]  # fmt: skip


def asked_of_cache(variable: str, url: str) -> list[Error]:
    """Each server that the URL names; of a cluster's also what it does when one of them dies."""
    try:
        servers = nodes(url)
    except ValueError as error:
        return [refusal(20, f"{variable} cannot be used: {error}", "See docs/scaling.md.")]
    judge = _in_parts if is_cluster(url) else _bounded
    return [one for server in servers for one in _asked(variable, server, judge)]


def _asked(
    name: str, url: str, judge: Callable[[str, dict[str, str]], Iterator[Error]]
) -> list[Error]:
    try:
        parts = urlsplit(url)
        if not parts.password and not _is_here(parts.hostname or ""):
            hint = "Set requirepass there, and the password in the URL."
            return [refusal(24, f"{name} takes anybody who reaches {parts.hostname}.", hint)]
        with redis.Redis.from_url(url, decode_responses=True, socket_timeout=PATIENCE_S,
                                  socket_connect_timeout=PATIENCE_S) as server:  # fmt: skip
            known: dict[str, str] = server.config_get(*DURABLE, "maxmemory", COVERAGE)  # type: ignore[assignment]
            seconds, micro = server.time()  # type: ignore[misc]
    except (redis.RedisError, ValueError) as error:
        hint = "Start it, check the URL, and let this login use CONFIG GET while checking."
        return [refusal(20, f"{name} does not answer: {error}", hint)]
    offset_s = seconds + micro / 1e6 - time.time()
    return [*judge(name, known), *(refusal(*one) for one in safe_install.clock(name, offset_s))]


def _is_here(host: str) -> bool:
    try:
        return host in ("", "localhost") or ip_address(host).is_loopback
    except ValueError:
        return False


def _durable(name: str, known: dict[str, str]) -> Iterator[Error]:
    for setting, (wanted, because) in DURABLE.items():
        if known.get(setting) != wanted:
            yield refusal(21, f"{name} has {setting} {known.get(setting)}: {because}.",
                          f"Set {setting} {wanted}.")  # fmt: skip


def _unevicted(name: str, known: dict[str, str]) -> Iterator[Error]:
    if known.get("maxmemory") != "0" and known.get("maxmemory-policy") != "noeviction":
        yield refusal(30, f"{name} evicts: jobs would vanish when it is full.",
                      f"Leave {name} out, which takes EVENTS_URL's server.")  # fmt: skip


def _bounded(name: str, known: dict[str, str]) -> Iterator[Error]:
    if known.get("maxmemory") == "0" or known.get("maxmemory-policy") == "noeviction":
        yield refusal(22, f"{name} is unbounded or never evicts: it will end by being killed.",
                      "Set maxmemory and an eviction policy such as allkeys-lfu.")  # fmt: skip


def _in_parts(name: str, known: dict[str, str]) -> Iterator[Error]:
    yield from _bounded(name, known)
    if known.get(COVERAGE) != "no":
        yield refusal(23, f"One dead node of {name} stops the whole cluster.",
                      f"Set {COVERAGE} no: the others then go on answering.")  # fmt: skip
