"""The second wall: schema and role change together, are proved, and fail closed."""

import threading

import pytest
from django.db import DatabaseError, connection, transaction

from tenants import schema
from tenants.accounts.models import User
from tenants.db.base import Scope, SwitchInsideTransaction, WrongScope


def whoami() -> tuple[str, str]:
    with connection.cursor() as cursor:
        cursor.execute("select current_schema(), current_user")
        return cursor.fetchone()


def test_web_login_becomes_the_partner_and_returns(database, partners):
    database.login("web")

    with schema.in_partner(partners.redis):
        inside = whoami()

    assert inside == (partners.redis.schema_name, partners.redis.schema_name)
    assert whoami() == ("public", "ac_web")


def test_a_workers_login_takes_the_schema_but_keeps_its_own_rights(database, partners):
    database.login("recorder")

    with schema.in_partner(partners.redis):
        assert whoami() == (partners.redis.schema_name, "ac_recorder")


def test_a_missing_schema_raises_instead_of_falling_through_to_public(database, partners):
    database.login("web")
    gone = Scope("p_00000000000000000000000000000000", partners.redis.schema_name)

    with pytest.raises(WrongScope), schema.entered(gone):
        whoami()

    assert whoami() == ("public", "ac_web")


def test_another_partners_schema_under_ones_own_role_is_refused(database, partners):
    database.login("web")
    mixed = Scope(partners.pinecone.schema_name, partners.redis.schema_name)

    with pytest.raises(WrongScope), schema.entered(mixed):
        User.objects.count()


def test_a_role_the_login_may_not_take_raises_and_the_connection_starts_anew(database, partners):
    database.login("recorder")
    stolen = Scope(partners.redis.schema_name, partners.redis.schema_name)

    with pytest.raises(DatabaseError), schema.entered(stolen):
        whoami()

    assert whoami() == ("public", "ac_recorder")


def test_switching_partner_inside_a_transaction_is_refused(database, partners):
    database.login("web")

    with schema.in_partner(partners.redis), transaction.atomic():
        whoami()
        with pytest.raises(SwitchInsideTransaction), schema.in_partner(partners.pinecone):
            pass


def test_a_rolled_back_transaction_keeps_the_partner(database, partners):
    database.login("web")

    with schema.in_partner(partners.redis):
        with transaction.atomic():
            whoami()
            transaction.set_rollback(True)
        assert whoami()[1] == partners.redis.schema_name


def test_an_aborted_transaction_only_rolls_back(database, partners):
    database.login("web")

    with schema.in_partner(partners.redis):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("select 1/0")
        assert whoami()[1] == partners.redis.schema_name


def test_two_threads_never_exchange_their_partner(database, partners):
    database.login("web")
    settings, seen = dict(connection.settings_dict), {}
    barrier = threading.Barrier(2)

    def work(partner):
        connection.settings_dict.update(settings)
        for _ in range(20):
            with schema.in_partner(partner):
                barrier.wait(5)
                seen.setdefault(partner.slug, set()).add(whoami())
        connection.close()

    threads = [threading.Thread(target=work, args=[partner]) for partner in partners]
    [thread.start() for thread in threads]
    [thread.join(30) for thread in threads]

    assert seen == {
        partner.slug: {(partner.schema_name, partner.schema_name)} for partner in partners
    }
