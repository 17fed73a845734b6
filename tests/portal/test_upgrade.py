"""An update of an installation with data, and the way back: nothing in it changes.

The release before is what the migrations say once the newest of an app are taken back: PREVIOUS
names the last one that it had. A new release moves them.
"""

import io

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from cache_api.actions.record_events import record_events
from cache_api.models import Customer
from cache_api.reconcile import CHECKS
from tenants import schema
from tenants.accounts.models import SignIn, User
from tenants.models import Partner
from tests.cache_api.cast import NOW, event
from tests.plugin import ROOT

PREVIOUS = {
    "billing": "0023_running_months",
    "tenants": "0012_operations",
    "accounts": "0006_single_sign_on",
}
NEW_TABLES = {
    "accounts_signin",
    "tenants_senderaddress",
    "tenants_legaltext",
    "tenants_bouncedaddress",
    "tenants_mailtext",
    "tenants_retention",
}

NEW_COLUMNS = {
    "accounts_user": ["time_zone"],
    "accounts_connection": ["customer_id"],
    "accounts_breakglass": ["customer_id"],
    "billing_ratecardversion": ["unchecked"],
}


def release_before(folder):
    """A checkout that has today's migrations up to PREVIOUS, as far as anybody looks into it."""
    (folder / "manage.py").touch()
    for storey in ("tenants", "cache_api", "billing", "portal"):
        for here in (ROOT / storey).rglob("migrations/0*.py"):
            place = here.relative_to(ROOT)
            if here.stem <= PREVIOUS.get(place.parent.parent.name, "9"):
                (folder / place.parent).mkdir(parents=True, exist_ok=True)
                (folder / place).touch()
    return folder


def said(*words):
    out = io.StringIO()
    call_command("migrate_back", *map(str, words), stdout=out)
    return out.getvalue()


def partners():
    return list(Partner.objects.order_by("slug").values_list("schema_name", flat=True))


def everything(database):
    """Every row of every table that both releases have, in columns that both have."""
    with database.psql() as boss:
        names = boss.execute(
            "select schemaname, tablename from pg_tables"
            " where (schemaname = 'public' or schemaname like 'p\\_%')"
            " and tablename <> 'django_migrations' order by 1, 2"
        ).fetchall()
        return {
            (place, table): boss.execute(
                f'select (to_jsonb(t) - %s::text[])::text from "{place}"."{table}" t order by 1',
                [NEW_COLUMNS.get(table, [])],
            ).fetchall()
            for place, table in names
            if table not in NEW_TABLES
        }


def applied():
    """What each schema says it has, of the apps that move."""
    found = {}
    for place in ("public", *partners()):
        with connection.cursor() as cursor:
            cursor.execute(f'select app, name from "{place}".django_migrations')
            found[place] = {row for row in cursor.fetchall() if row[0] in PREVIOUS}
    return found


@pytest.fixture
def filled(database, partners):
    """The newest release with people, customers and usage of two partners."""
    for partner in partners:
        with schema.in_partner(partner):
            User.objects.create_user("ada@example.com", "a long password", role="owner")
            Customer.objects.create(external_id="acme", name="Acme", created_at=NOW)
    record_events(events=[event(partner) for partner in partners], source="test", now=NOW)
    return database


def test_back_to_the_release_before_and_forward_again_with_data(filled, tmp_path):
    before, newest = everything(filled), applied()
    for app, name in PREVIOUS.items():
        assert (app, name) in MigrationLoader(None).graph.nodes
    checkout = release_before(tmp_path)

    told = said(checkout, "--check")
    assert told.splitlines() == [f"{app}: back to {PREVIOUS[app]}" for app in sorted(PREVIOUS)]
    assert applied() == newest
    for _ in range(2):  # broken off and run again
        *moved, done = said(checkout).removeprefix(told).splitlines()
        assert {*map(str.strip, moved)} == {"public", *partners()} and done == "done in 3 schemas"

    assert applied() != newest and everything(filled) == before
    late = event(Partner.objects.get(slug="pinecone"))
    assert record_events(events=[late], source="before", now=NOW).inserted == 1
    old = everything(filled)
    call_command("migrate_schemas", shared=True, verbosity=0)
    call_command("migrate_partners")

    assert applied() == newest and everything(filled) == old
    call_command("migrate_partners")  # again: nothing is left to do
    assert applied() == newest
    # The new tables have their rights too, and the books hold.
    filled.login("web")
    for partner in Partner.objects.all():
        with schema.in_partner(partner):
            SignIn.objects.create(at=NOW, ok=True, how="password")
            assert User.objects.get(email="ada@example.com").check_password("a long password")
    filled.login("settle")
    assert [check.name for check in CHECKS if check.run()] == []


def test_what_is_no_earlier_release_is_refused_and_ours_needs_nothing(database, tmp_path):
    with pytest.raises(CommandError, match="no checkout"):
        said(tmp_path)
    assert said(ROOT) == "nothing to take back: it has the same migrations\n"
    later = release_before(tmp_path) / "billing/migrations/0999_later.py"
    later.touch()
    with pytest.raises(CommandError, match="no earlier release: billing has 0999_later there"):
        said(tmp_path)
