"""psql under one partner's role: the other's rows, schema and the public copies are shut."""

import psycopg
import pytest
from django.apps import apps
from django.utils import timezone

from tenants import audit, schema
from tenants.accounts.models import User


@pytest.fixture
def as_redis(database, partners):
    """A plain connection of the web login that has become Redis Labs' role."""
    for partner in partners:
        audit.record(actor="x", verb="canary", target=partner.slug, at=timezone.now(),
                     partner_id=partner.id)  # fmt: skip
        with schema.in_partner(partner):
            User.objects.create_user(f"canary@{partner.slug}.example", role="analyst")
    with database.psql("web") as connection:
        connection.execute(f'set role "{partners.redis.schema_name}"')
        yield connection


def test_no_login_role_is_superuser_or_bypasses_row_security(database):
    with database.psql() as boss:
        rows = boss.execute(
            "select rolname from pg_roles where rolname ~ '^(ac|p)_'"
            " and (rolsuper or rolbypassrls or rolreplication)"
        ).fetchall()

    assert rows == []


def test_login_roles_own_nothing_but_the_owner(database):
    with database.psql() as boss:
        owners = boss.execute(
            "select distinct pg_get_userbyid(relowner) from pg_class c join pg_namespace n"
            " on n.oid = relnamespace where nspname = 'public' or nspname like 'p\\_%'"
        ).fetchall()

    assert owners == [("ac_owner",)]


def test_every_shared_table_with_a_partner_forces_row_security(database):
    with database.psql() as boss:
        open_tables = boss.execute(
            "select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace"
            " join pg_attribute a on a.attrelid = c.oid and a.attname = 'partner_id'"
            " where n.nspname = 'public' and c.relkind in ('r', 'p')"
            " and not c.relispartition and not (c.relrowsecurity and c.relforcerowsecurity)"
        ).fetchall()

    assert open_tables == []


def test_no_table_lies_in_both_places_but_those_of_the_listed_apps(database, partners, settings):
    with database.psql() as boss:
        places = {
            place: {name for (name,) in boss.execute(
                "select tablename from pg_tables where schemaname = %s", [place])}
            for place in ("public", partners.redis.schema_name)
        }  # fmt: skip
    labels = {one.name: one.label for one in apps.get_app_configs()}
    listed = {
        model._meta.db_table
        for app in settings.BOTH_APPS
        for model in apps.get_app_config(labels[app]).get_models(include_auto_created=True)
    }

    both = set.intersection(*places.values())
    assert both - {"django_migrations"} == listed & both and both


def test_a_partner_role_may_take_nothing_away_from_shared_tables(database):
    """Rows are added and read, but for a host of its own, which a partner releases itself, and an
    address that it wants mails sent to again."""
    with database.psql() as boss:
        rights = boss.execute(
            "select table_name, privilege_type from information_schema.role_table_grants"
            " where grantee = 'ac_partner' and table_schema = 'public'"
            " and privilege_type in ('DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER')"
            " order by table_name"
        ).fetchall()

    assert rights == [("tenants_bouncedaddress", "DELETE"), ("tenants_domain", "DELETE")]


def test_own_audit_rows_only(as_redis, partners):
    rows = as_redis.execute(
        "select target from tenants_auditentry where verb = 'canary'"
    ).fetchall()

    assert rows == [("redis-labs",)]


def test_own_partner_and_hosts_only(as_redis):
    assert as_redis.execute("select slug from tenants_partner").fetchall() == [("redis-labs",)]
    hosts = as_redis.execute("select domain from tenants_domain order by 1").fetchall()
    assert hosts == [("cache.redis.localhost",), ("redis-labs.partners.agentcache.localhost",)]


def test_the_other_schema_is_shut(as_redis, partners):
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        as_redis.execute(f'select * from "{partners.pinecone.schema_name}".accounts_user')


@pytest.mark.parametrize(
    "statement",
    [
        "select * from public.accounts_user",
        "select * from public.django_session",
        "select * from tenants_datakey",
        "update tenants_auditentry set actor = 'nobody'",
        "delete from tenants_auditentry",
        "update tenants_partner set name = 'mine'",
        "set role ac_owner",
        "create table public.mine (id int)",
    ],
)
def test_what_a_partner_role_may_not_do(as_redis, statement):
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        as_redis.execute(statement)


def test_the_console_reads_no_data_key(database):
    with database.psql("web") as console:
        console.execute("set role ac_console")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            console.execute("select * from tenants_datakey")


def test_a_partner_role_may_not_write_an_audit_row_of_the_other(as_redis, partners):
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        as_redis.execute(
            "insert into tenants_auditentry (id, partner_id, actor, verb, target, data, at)"
            " values (gen_random_uuid(), %s, 'x', 'forged', 'x', '{}', now())",
            [partners.pinecone.id],
        )


def test_the_audit_log_is_append_only_even_for_its_owner(database, partners):
    audit.record(actor="x", verb="v", target="t", at=timezone.now(), partner_id=partners.redis.id)

    with database.psql("owner") as owner, pytest.raises(psycopg.errors.RaiseException):
        owner.execute("update tenants_auditentry set actor = 'nobody'")
