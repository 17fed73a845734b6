"""The second wall: schema and role change together, are proved, and fail closed."""

import random
import threading
from contextlib import suppress

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from cache_api.models import Customer
from portal import env
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


THREADS, ROUNDS = 50, 8
SEEN = ("select current_schema, current_user, (select array_agg(slug order by slug) from"
        " tenants_partner),"
        " (select array_agg(external_id) from cache_api_customer)")  # fmt: skip


def _reads(partner):
    return None


def _rolls_back(partner):
    with suppress(LookupError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("select 1")
        raise LookupError


def _fails(partner):
    with suppress(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("select 1/0")


def _times_out(partner):
    with suppress(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("set local statement_timeout = 5; select pg_sleep(5)")


def _is_cancelled(partner):
    with suppress(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("select pg_cancel_backend(pg_backend_pid()), pg_sleep(5)")


def _waits_too_long(partner):
    with suppress(DatabaseError), schema.impatient(0.02), connection.cursor() as cursor:
        cursor.execute("select pg_sleep(1)")
    connection.close()  # as Django does with a connection that broke


def _is_cut_off(partner):
    with suppress(DatabaseError), connection.cursor() as cursor:
        cursor.execute("select pg_terminate_backend(pg_backend_pid())")
    connection.close()  # as Django does with a connection that broke


def test_fifty_threads_alternate_partners_through_every_mishap(database, partners):
    """Whatever ended the last statement, the next one sees its own partner and nothing else.

    Each thread keeps its connection for all of it, as a thread of the web process or a worker's
    process does for ten minutes; half of them are pages, half jobs.
    """
    for partner in partners:
        with schema.in_partner(partner):
            Customer.objects.create(external_id=partner.slug, created_at=timezone.now())
    slugs, wrong, done, links = sorted(partner.slug for partner in partners), [], [], []
    mishaps = (_reads, _rolls_back, _fails, _times_out, _is_cancelled, _waits_too_long,
               _is_cut_off)  # fmt: skip
    logins = {login: env.database(database.url(login)) for login in ("web", "settle")}

    def work(number):
        login = ("web", "settle")[number % 2]
        connection.settings_dict = {**connection.settings_dict, **logins[login]}
        chance = random.Random(number)
        for _ in range(ROUNDS):
            partner, mishap = chance.choice([*partners]), chance.choice(mishaps)
            with schema.in_partner(partner):
                mishap(partner)
            with schema.in_partner(partner), connection.cursor() as cursor:
                cursor.execute(SEEN)
                found = cursor.fetchone()
            name = partner.schema_name
            # A page is the partner's role, a job keeps its own, which settles both.
            role, seen = {"web": (name, [partner.slug]), "settle": ("ac_settle", slugs)}[login]
            if found != (name, role, seen, [partner.slug]):
                wrong.append((login, mishap.__name__, found))
            done.append((login, mishap.__name__))
            links.append((number, connection.connection))
        connection.close()

    threads = [threading.Thread(target=work, args=[number]) for number in range(THREADS)]
    [thread.start() for thread in threads]
    [thread.join(60) for thread in threads]

    assert wrong == []
    assert len(done) == THREADS * ROUNDS
    assert set(done) == {(login, one.__name__) for one in mishaps for login in logins}
    assert THREADS <= len(set(links)) < len(done)  # they went on with the connection they had
