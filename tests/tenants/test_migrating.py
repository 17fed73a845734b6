"""migrate_partners: a schema that fails holds up no other, and says so; looking changes nothing."""

import io

from django.core.management import CommandError, call_command

LAST = ("0006_notices", "0007_unused", "0008_months")  # of cache_api; they make these:
TABLES = ("hookdelivery", "hookevent", "hookendpoint", "alertfiring", "alert", "customermonth")


def forget(boss, partner, *, tables):
    """As if the newest migrations had not been applied there, or without being written down."""
    name = partner.schema_name
    if tables:
        drop(boss, partner)
    boss.execute(f'DELETE FROM "{name}".django_migrations WHERE app = %s AND name = ANY(%s)',
                 ["cache_api", list(LAST)])  # fmt: skip


def drop(boss, partner):
    for table in TABLES:
        boss.execute(f'DROP TABLE "{partner.schema_name}".cache_api_{table}')


def has_table(boss, partner):
    found = boss.execute("SELECT to_regclass(%s)", [f'"{partner.schema_name}".cache_api_alert'])
    return found.fetchone()[0] is not None


def run(*arguments):
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command("migrate_partners", *arguments, stdout=out, stderr=err)
    except CommandError as error:
        return out.getvalue() + err.getvalue(), str(error)
    return out.getvalue(), ""


def test_one_that_fails_holds_up_no_other_and_is_done_once_it_is_mended(database, partners):
    pinecone, redis = partners.pinecone, partners.redis
    with database.psql() as boss:
        forget(boss, pinecone, tables=False)  # they are there: making them again must fail
        forget(boss, redis, tables=True)
        assert run("--check") == (
            "pinecone: behind\nredis-labs: behind\n2 behind, 0 current\n", "run migrate_partners",
        )  # fmt: skip
        assert not has_table(boss, redis)

        told, refused = run()

        assert 'pinecone: FAILED: relation "cache_api_' in told and "already exists" in told
        assert "redis-labs: migrated\n1 migrated, 0 current" in told
        assert refused == "1 failed, run it again once mended: pinecone"
        assert has_table(boss, redis)
        drop(boss, pinecone)
        assert run() == ("pinecone: migrated\n1 migrated, 1 current\n", "")
        assert run() == ("0 migrated, 2 current\n", "")
        rights = boss.execute("SELECT has_table_privilege(%s, %s, 'insert')", [
            pinecone.schema_name, f'"{pinecone.schema_name}".cache_api_alert',
        ])  # fmt: skip
        assert rights.fetchone() == (True,)
