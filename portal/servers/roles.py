"""Database roles, the database and its extensions. Safe to repeat; needs a superuser."""

import os
from collections.abc import Mapping

import psycopg
from psycopg import Connection, sql

from portal.servers.errors import ServerError

DATABASE = "agentcache"
OLDEST = 16  # its GRANT … WITH INHERIT FALSE, SET TRUE
# None may be superuser, bypass row security or own more than it must (design: database roles).
LOGIN_ATTRIBUTES = {
    "ac_owner": "CREATEROLE CREATEDB",
    "ac_web": "NOINHERIT",
    "ac_recorder": "NOINHERIT",
    "ac_settle": "NOINHERIT",
}
GROUPS = ("ac_partner", "ac_console")
# ac_owner hands these on: partner roles join ac_partner, ac_web may become partner roles.
OWNER_ADMINISTERS = (*GROUPS, "ac_web")


def bootstrap(superuser_url: str, passwords: Mapping[str, str]) -> None:
    """Create or correct roles, database, extensions. `passwords`: one per login role.

    Also prepares template1, so that databases made from it are alike. Raises ServerError when the
    server is too old.
    """
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        found = connection.info.server_version // 10_000
        if found < OLDEST:
            raise ServerError(f"PostgreSQL {found} is too old: take {OLDEST} or newer.")
        for role, attributes in LOGIN_ATTRIBUTES.items():
            _login(connection, role, attributes, passwords[role])
        for role in GROUPS:
            _group(connection, role)
        for role in OWNER_ADMINISTERS:
            _run(connection, "GRANT {} TO ac_owner WITH ADMIN TRUE, INHERIT FALSE, SET FALSE", role)
        connection.execute("GRANT ac_console TO ac_web WITH INHERIT FALSE, SET TRUE")
        _database(connection)
    for name in ("template1", DATABASE):
        with psycopg.connect(superuser_url, dbname=name, autocommit=True) as connection:
            connection.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
            connection.execute("ALTER SCHEMA public OWNER TO ac_owner")
            connection.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
            connection.execute("GRANT USAGE ON SCHEMA public TO PUBLIC")


def _login(connection: Connection, role: str, attributes: str, password: str) -> None:
    _create(connection, role)
    fixed = "LOGIN NOSUPERUSER NOBYPASSRLS NOREPLICATION "
    statement = "ALTER ROLE {} WITH " + fixed + attributes + " PASSWORD {}"
    connection.execute(sql.SQL(statement).format(sql.Identifier(role), sql.Literal(password)))


def _group(connection: Connection, role: str) -> None:
    _create(connection, role)
    _run(connection, "ALTER ROLE {} WITH NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE", role)


def _create(connection: Connection, role: str) -> None:
    known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone()
    if not known:
        _run(connection, "CREATE ROLE {}", role)


def _database(connection: Connection) -> None:
    query = "SELECT 1 FROM pg_database WHERE datname = %s"
    if connection.execute(query, [DATABASE]).fetchone():
        _run(connection, "ALTER DATABASE {} OWNER TO ac_owner", DATABASE)
    else:
        _run(connection, "CREATE DATABASE {} OWNER ac_owner", DATABASE)
    _run(connection, "REVOKE ALL ON DATABASE {} FROM PUBLIC", DATABASE)
    # The recorder copies into temporary tables; the others only connect.
    _run(connection, "GRANT CONNECT, TEMPORARY ON DATABASE {} TO ac_recorder, ac_settle", DATABASE)
    _run(connection, "GRANT CONNECT ON DATABASE {} TO ac_web", DATABASE)


def _run(connection: Connection, statement: str, name: str) -> None:
    connection.execute(sql.SQL(statement).format(sql.Identifier(name)))


def make() -> None:
    """From SUPERUSER_DATABASE_URL, AC_WEB_PASSWORD and so on. Raises ServerError."""
    variables = {role: f"{role.upper()}_PASSWORD" for role in LOGIN_ATTRIBUTES}
    wanted = ["SUPERUSER_DATABASE_URL", *variables.values()]
    missing = [name for name in wanted if not os.environ.get(name)]
    if missing:
        raise ServerError(
            f"Not set: {', '.join(missing)}. See docs/operating.md, Your own servers."
        )
    try:
        bootstrap(os.environ["SUPERUSER_DATABASE_URL"],
                  {role: os.environ[name] for role, name in variables.items()})  # fmt: skip
    except psycopg.Error as error:
        raise ServerError(str(error)) from error
    print("roles and database are as they must be")
