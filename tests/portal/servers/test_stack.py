"""The starter really starts PostgreSQL 18 and two Valkeys, as the design wants them."""

import json
import os
import signal
import socket
import stat

import psycopg
import pytest
import redis

from portal.servers import ServerError, Stack, leftovers, roles
from portal.servers.secrets import Secrets
from portal.servers.valkey import Valkey

LOGINS = {
    "DATABASE_URL": "ac_web",
    "OWNER_DATABASE_URL": "ac_owner",
    "RECORDER_DATABASE_URL": "ac_recorder",
    "SETTLE_DATABASE_URL": "ac_settle",
}


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def ask(url, query):
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(query)
        return cursor.fetchall() if cursor.description else []


@pytest.mark.parametrize(("key", "login"), LOGINS.items())
def test_each_url_logs_in_as_its_role(stack, key, login):
    [(user, database, version)] = ask(
        stack.urls[key],
        "SELECT current_user, current_database(), current_setting('server_version_num')::int",
    )
    assert (user, database) == (login, "agentcache")
    assert version // 10_000 == 18


def test_roles_have_no_more_than_they_need(stack):
    rows = ask(
        stack.urls["DATABASE_URL"],
        """SELECT rolname, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolcanlogin
           FROM pg_roles WHERE rolname LIKE 'ac\\_%' ORDER BY 1""",
    )
    assert rows == [
        ("ac_console", False, False, False, False, False),
        ("ac_owner", False, False, True, True, True),
        ("ac_partner", False, False, False, False, False),
        ("ac_recorder", False, False, False, False, True),
        ("ac_settle", False, False, False, False, True),
        ("ac_web", False, False, False, False, True),
    ]


def test_passwords_are_asked_for_over_tcp_on_loopback_only(stack):
    assert ask(stack.urls["SUPERUSER_DATABASE_URL"], "SHOW listen_addresses") == [("127.0.0.1",)]
    assert ask(stack.urls["SUPERUSER_DATABASE_URL"], "SHOW unix_socket_directories") == [("",)]
    methods = "SELECT DISTINCT auth_method FROM pg_hba_file_rules"
    assert ask(stack.urls["SUPERUSER_DATABASE_URL"], methods) == [("scram-sha-256",)]
    wrong = stack.urls["DATABASE_URL"].replace("ac_web:", "ac_web:x")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(wrong)


def test_the_command_makes_roles_again_or_says_why_not(stack, monkeypatch, capsys):
    for role in roles.LOGIN_ATTRIBUTES:
        monkeypatch.delenv(f"{role.upper()}_PASSWORD", raising=False)
    monkeypatch.setenv("SUPERUSER_DATABASE_URL", stack.urls["SUPERUSER_DATABASE_URL"])
    with pytest.raises(ServerError, match="Not set: AC_OWNER_PASSWORD, AC_WEB_PASSWORD"):
        roles.make()
    for role in roles.LOGIN_ATTRIBUTES:
        password = Secrets(stack.data_dir / "secrets").password(role)
        monkeypatch.setenv(f"{role.upper()}_PASSWORD", password)
    roles.make()
    assert capsys.readouterr().out == "roles and database are as they must be\n"
    monkeypatch.setattr(roles, "OLDEST", 99)
    with pytest.raises(ServerError, match="PostgreSQL 18 is too old: take 99 or newer"):
        roles.make()


@pytest.mark.parametrize(("given", "memory"), [("", "256mb"), ("2gb", "2gb")])
def test_the_valkeys_memory_is_what_the_environment_says(tmp_path, monkeypatch, given, memory):
    Secrets(tmp_path / "secrets").ensure()
    monkeypatch.setenv("CACHE_MEMORY", given)
    assert f"maxmemory {memory}\n" in Valkey("cache", tmp_path, 1)._config()
    assert "maxmemory 512mb\n" in Valkey("events", tmp_path, 1)._config()
    monkeypatch.setenv("CACHE_MEMORY", "lots")
    with pytest.raises(ServerError, match="CACHE_MEMORY='lots' is no amount of memory"):
        Valkey("cache", tmp_path, 1)._config()


def test_owner_opens_partner_roles_that_web_may_become(stack):
    name = "p_0123456789abcdef0123456789abcdef"
    with psycopg.connect(stack.urls["OWNER_DATABASE_URL"], autocommit=True) as owner:
        owner.execute(f"CREATE ROLE {name} NOLOGIN")
        owner.execute(f"GRANT ac_partner TO {name}")
        owner.execute(f"GRANT {name} TO ac_web WITH INHERIT FALSE, SET TRUE")
        owner.execute("CREATE TABLE public.seen AS SELECT 7 AS number")
        owner.execute("GRANT SELECT ON public.seen TO ac_partner")
    with psycopg.connect(stack.urls["DATABASE_URL"], autocommit=True) as web:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            web.execute("SELECT number FROM public.seen")
        web.execute(f"SET ROLE {name}")
        assert web.execute("SELECT number FROM public.seen").fetchall() == [(7,)]
        web.execute("SET ROLE ac_console")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            web.execute("SET ROLE ac_owner")


@pytest.mark.parametrize("key", ["DATABASE_URL", "RECORDER_DATABASE_URL", "SETTLE_DATABASE_URL"])
def test_only_the_owner_creates(stack, key):
    with psycopg.connect(stack.urls[key], autocommit=True) as connection:
        for statement in ("CREATE TABLE public.x ()", "CREATE ROLE x", "CREATE DATABASE x"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)


def test_owner_copies_a_template_database(stack):
    with psycopg.connect(stack.urls["OWNER_DATABASE_URL"], autocommit=True) as owner:
        owner.execute("CREATE DATABASE agentcache_template")
        owner.execute("CREATE DATABASE copy TEMPLATE agentcache_template")
    with psycopg.connect(stack.urls["OWNER_DATABASE_URL"], dbname="copy") as copy:
        copy.execute(
            "CREATE TABLE term (a int, during tstzrange,"
            " EXCLUDE USING gist (a WITH =, during WITH &&))"
        )


def test_cache_may_forget_and_events_may_not(stack):
    with redis.Redis.from_url(stack.urls["CACHE_URL"], decode_responses=True) as cache:
        config = cache.config_get()
        assert config["maxmemory-policy"] == "allkeys-lfu"
        assert int(config["maxmemory"]) > 0
        assert (config["appendonly"], config["save"]) == ("no", "")
    with redis.Redis.from_url(stack.urls["EVENTS_URL"], decode_responses=True) as events:
        config = events.config_get()
        assert config["maxmemory-policy"] == "noeviction"
        assert (config["appendonly"], config["appendfsync"]) == ("yes", "always")
        assert config["bind"] == "127.0.0.1"
    assert stack.urls["BROKER_URL"] == stack.urls["EVENTS_URL"].removesuffix("/0") + "/1"


@pytest.mark.parametrize("name", ["cache", "events"])
def test_valkeys_want_their_password(stack, name):
    bare = f"redis://127.0.0.1:{stack.servers[name].port}/0"
    with redis.Redis.from_url(bare) as client, pytest.raises(redis.AuthenticationError):
        client.ping()


def test_secrets_are_readable_by_this_user_only(stack):
    folder = stack.data_dir / "secrets"
    assert mode(folder) == 0o700
    assert {mode(path) for path in folder.iterdir()} == {0o600}
    assert len((folder / "kek").read_bytes()) == 32
    assert mode(stack.file) == 0o600
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    Secrets(folder).ensure()
    assert before == {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_killed_server_returns_on_its_port_with_what_it_had(stack):
    with redis.Redis.from_url(stack.urls["EVENTS_URL"]) as events:
        events.xadd("usage:test", {"e": "1"})
    ask(stack.urls["OWNER_DATABASE_URL"], "CREATE TABLE kept AS SELECT 5 AS n")
    for name in ("events", "postgres"):
        os.kill(stack.servers[name].child.pid, signal.SIGKILL)
        stack.servers[name].child.process.wait()
    lines = stack.revive()
    assert sorted(lines) == [
        "events had died and runs again",
        "postgres had died and runs again",
    ]
    assert ask(stack.urls["OWNER_DATABASE_URL"], "SELECT n FROM kept") == [(5,)]
    with redis.Redis.from_url(stack.urls["EVENTS_URL"]) as events:
        assert events.xlen("usage:test") == 1
    assert stack.revive() == []


def test_second_start_reuses_data_passwords_and_ports(tmp_path):
    with Stack(tmp_path, durable=False, environ={}) as first:
        urls = dict(first.urls)
        ask(first.urls["OWNER_DATABASE_URL"], "CREATE TABLE kept AS SELECT 5 AS n")
    assert leftovers.find(tmp_path) == []
    with Stack(tmp_path, durable=False, environ={}) as second:
        assert second.urls == urls
        assert ask(urls["OWNER_DATABASE_URL"], "SELECT n FROM kept") == [(5,)]
        facts = json.loads(second.file.read_text())
        assert {key: facts[key] for key in urls} == urls


def test_a_taken_port_is_left_alone(tmp_path):
    with Stack(tmp_path, durable=False, environ={}) as first:
        port = first.servers["cache"].port
    with (
        socket.create_server(("127.0.0.1", port)),
        Stack(tmp_path, durable=False, environ={}) as second,
    ):
        assert second.servers["cache"].port != port


def test_given_servers_are_used_instead(stack, tmp_path):
    keys = (*LOGINS, "CACHE_URL", "EVENTS_URL")
    given = {key: stack.urls[key] for key in keys}
    with Stack(tmp_path / "none", environ={**given, "BROKER_URL": "redis://broker/3"}) as other:
        assert other.servers == {}
        assert other.urls == {**given, "BROKER_URL": "redis://broker/3"}
    with Stack(tmp_path / "cache", environ=given) as other:
        assert other.urls["BROKER_URL"] == given["EVENTS_URL"].removesuffix("/0") + "/1"


def test_half_given_logins_are_refused_by_name(tmp_path):
    with pytest.raises(ServerError, match="DATABASE_URL is set but OWNER_DATABASE_URL, REC"):
        Stack(tmp_path, environ={"DATABASE_URL": "postgresql://x"}).start()
    assert not (tmp_path / "secrets").exists()


def test_two_stacks_do_not_share_a_data_dir(stack):
    with pytest.raises(ServerError, match=rf"already run \(pid {os.getpid()}\)"):
        Stack(stack.data_dir, environ={}).start()


def test_a_file_in_place_of_data_dir_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ServerError, match=f"DATA_DIR={tmp_path}/file/data cannot be used"):
        Stack(tmp_path / "file" / "data", environ={}).start()


def test_a_seeded_generator_does_not_choose_the_ports():
    """Two test processes seed the shared generator alike; they must not meet on one port."""
    import random

    from portal.servers import ports

    picked = set()
    for _ in range(5):
        random.seed(0)
        picked.add(ports.pick())

    assert len(picked) > 1
