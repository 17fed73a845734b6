"""The first wall: a host names one owner; sessions and unknown names stay outside."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tenants import resolve, schema
from tenants.accounts.models import User
from tests.conftest import two_partners

REDIS, PINECONE = "cache.redis.localhost", "cache.pinecone.localhost"


def ada_twice(_database):
    """One person of the same e-mail at both partners."""
    for partner in two_partners():
        with schema.in_partner(partner):
            User.objects.create_user("ada@example.com", f"secret-{partner.slug}", role="admin")


@pytest.fixture
def web(database):
    """The same, for the web login."""
    database.fill(ada_twice)
    database.login("web")
    resolve.forget()
    yield database
    resolve.forget()


def log_in(host, password):
    client = Client(HTTP_HOST=host)
    answer = client.post("/accounts/login/", {"login": "ada@example.com", "password": password})
    return client, answer


def signed_in(client, host):
    """Whether the login page sends this client on, as it does with people who are signed in."""
    return client.get("/accounts/login/", HTTP_HOST=host).status_code == 302


@pytest.mark.parametrize("host", ["unknown.example", "127.0.0.1", "", "agentcache.localhost"])
def test_an_unknown_host_gets_421_and_no_partners_name(web, host):
    answer = Client(HTTP_HOST=host).get("/accounts/login/")

    assert answer.status_code == 421
    assert b"Redis" not in answer.content


def test_a_forwarded_host_is_ignored(web):
    answer = Client(HTTP_HOST="unknown.example").get("/", HTTP_X_FORWARDED_HOST=REDIS)

    assert answer.status_code == 421


@pytest.mark.parametrize("host", [REDIS, REDIS.upper(), f"{REDIS}.", f"{REDIS}:8000"])
def test_spellings_of_one_host_show_one_brand(web, host):
    answer = Client(HTTP_HOST=host).get("/accounts/login/")

    assert answer.status_code == 200
    assert b"Redis Edge Cache" in answer.content
    assert b"Pinecone" not in answer.content


def test_a_warm_host_costs_no_query(web):
    resolve.resolve_host(REDIS)

    with CaptureQueriesContext(connection) as seen:
        resolve.resolve_host(REDIS)

    assert len(seen) == 0


def test_one_email_at_two_partners_is_two_people(web):
    _, right = log_in(REDIS, "secret-redis-labs")
    _, wrong = log_in(PINECONE, "secret-redis-labs")

    assert (right.status_code, right["Location"]) == (302, "/manage/")
    assert wrong.status_code == 200


def test_a_session_is_worth_nothing_on_the_other_host(web):
    client, _ = log_in(REDIS, "secret-redis-labs")

    assert signed_in(client, REDIS)
    client.cookies["sid"]["domain"] = ""
    assert not signed_in(client, PINECONE)


def test_a_session_row_copied_to_the_other_schema_is_refused(web, partners):
    """The first wall alone: even with the row in the other schema, the session is not accepted."""
    from django.contrib.sessions.models import Session

    client, _ = log_in(REDIS, "secret-redis-labs")
    key = client.cookies["sid"].value
    web.login("owner")
    with schema.in_partner(partners.redis):
        row = Session.objects.get(pk=key)
        person = User.objects.get(email="ada@example.com")
    with schema.in_partner(partners.pinecone):
        # As rows: another test may have loaded the log of the admin, which has no table to clear.
        there = User.objects.filter(email="ada@example.com")
        there._raw_delete(there.db)
        Session.objects.create(session_key=key, session_data=row.session_data,
                               expire_date=row.expire_date)  # fmt: skip
        User.objects.bulk_create([person])
    web.login("web")

    answer = client.get("/accounts/login/", HTTP_HOST=PINECONE)

    assert answer.status_code == 404
    assert not signed_in(client, PINECONE)


def test_nobody_can_sign_up(web):
    answer = Client(HTTP_HOST=REDIS).get("/accounts/signup/")

    assert b'name="password1"' not in answer.content


def test_login_offers_no_way_to_learn_which_emails_exist(web):
    client = Client(HTTP_HOST=REDIS)
    known = client.post("/accounts/password/reset/", {"email": "ada@example.com"})
    unknown = client.post("/accounts/password/reset/", {"email": "nobody@example.com"})

    assert (known.status_code, known["Location"]) == (unknown.status_code, unknown["Location"])
