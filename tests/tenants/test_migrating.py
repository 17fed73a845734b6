"""migrate_partners: a schema that fails holds up no other, and says so; looking changes nothing."""

import io

from django.core.management import CommandError, call_command

LAST = ("accounts", "0007_sign_in")  # makes the table accounts_signin


def forget(boss, partner, *, table):
    """As if the newest migration had not been applied there, or only half."""
    name = partner.schema_name
    if table:
        boss.execute(f'DROP TABLE "{name}".accounts_signin')
    boss.execute(f'DELETE FROM "{name}".django_migrations WHERE (app, name) = (%s, %s)', LAST)


def has_table(boss, partner):
    found = boss.execute("SELECT to_regclass(%s)", [f'"{partner.schema_name}".accounts_signin'])
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
        forget(boss, pinecone, table=False)  # its table is there: making it again must fail
        forget(boss, redis, table=True)
        assert run("--check") == (
            "pinecone: behind\nredis-labs: behind\n2 behind, 0 current\n", "run migrate_partners",
        )  # fmt: skip
        assert not has_table(boss, redis)

        told, refused = run()

        assert "pinecone: FAILED: relation \"accounts_signin\" already exists" in told
        assert "redis-labs: migrated\n1 migrated, 0 current" in told
        assert refused == "1 failed, run it again once mended: pinecone"
        assert has_table(boss, redis)
        boss.execute(f'DROP TABLE "{pinecone.schema_name}".accounts_signin')
        assert run() == ("pinecone: migrated\n1 migrated, 1 current\n", "")
        assert run() == ("0 migrated, 2 current\n", "")
        rights = boss.execute("SELECT has_table_privilege(%s, %s, 'insert')", [
            pinecone.schema_name, f'"{pinecone.schema_name}".accounts_signin',
        ])  # fmt: skip
        assert rights.fetchone() == (True,)
