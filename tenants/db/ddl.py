"""The owner's statements: roles, schemas, rights. The one module with raw cursors for DDL."""

from django.db import connection
from psycopg import sql

from tenants.db.grants import partner_schema_grants


def create_partner_role(name: str) -> None:
    """A role that cannot log in, sees its own rows, and that only the web login may become."""
    role = sql.Identifier(name)
    with connection.cursor() as cursor:
        cursor.execute("select 1 from pg_roles where rolname = %s", [name])
        if cursor.fetchone() is None:
            _run(sql.SQL("CREATE ROLE {} NOLOGIN").format(role))
        _run(sql.SQL("GRANT ac_partner TO {}").format(role))
        _run(sql.SQL("GRANT {} TO ac_web WITH INHERIT FALSE, SET TRUE").format(role))


def create_partner_schema(name: str) -> None:
    """The partner's schema, owned by the owner. Safe to repeat."""
    _run(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(name)))


def grant_partner_schema(name: str) -> None:
    """Apply the rights table to the partner's schema. Safe to repeat."""
    for statement in partner_schema_grants(name):
        _run(sql.SQL(statement))  # type: ignore[arg-type]


def drop_partner_schema(name: str) -> dict[str, int]:
    """Drop the schema with everything in it; how many rows each table had, {} when it is gone."""
    with connection.cursor() as cursor:
        cursor.execute("select tablename from pg_tables where schemaname = %s order by 1", [name])
        rows = dict.fromkeys((table for (table,) in cursor.fetchall()), 0)
        for table in rows:
            cursor.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(name, table)))
            rows[table] = cursor.fetchone()[0]
    _run(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(name)))
    return rows


def drop_partner_role(name: str) -> None:
    """The role goes after its schema: rights there are all that holds it. Safe to repeat."""
    _run(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(name)))


def _run(statement: sql.Composable) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)
