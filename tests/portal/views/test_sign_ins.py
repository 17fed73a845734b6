"""Tries to sign in are written down for their person; guessing is slowed; sessions end."""

from datetime import timedelta

import psycopg
import pytest
import time_machine
from django.contrib.auth.hashers import get_hasher
from django.test import Client

from tenants import resolve, schema
from tenants.accounts.models import SignIn, User
from tenants.accounts.sign_ins import forget_sign_ins
from tests.conftest import fresh_database, two_partners
from tests.portal.console import cast as console
from tests.portal.views import cast
from tests.portal.views.cast import NOW, PINECONE, REDIS, signed_in, text
from tests.portal.views.conftest import first_day

PASSWORD = "four random english words"
PAGE = "/accounts/security/"


@pytest.fixture(scope="module")
def world(django_db_blocker):
    resolve.forget()
    with fresh_database(django_db_blocker) as database, time_machine.travel(NOW, tick=False):
        database.fill(first_day)
        partners = two_partners()
        for partner in partners:
            for role in ("admin", "developer", "finance", "brand_editor", "support", "analyst"):
                cast.person(partner, role)
        console.people()
        for where in (*partners, None):
            with schema.in_partner(where) if where else schema.in_public():
                for row in User.objects.exclude(email="owner@redis.example"):
                    row.set_password(PASSWORD)
                    row.save()
        database.login("web")
        yield database, partners
    resolve.forget()


def sign_in(email, password=PASSWORD, host=REDIS, ip="203.0.113.7"):
    client = Client(HTTP_HOST=host, REMOTE_ADDR=ip, HTTP_USER_AGENT="Firefox/140 <b>")
    return client, client.post("/accounts/login/", {"login": email, "password": password})


def rows(partner):
    with schema.in_partner(partner):
        return list(SignIn.objects.order_by("at", "id").values_list("ok", "how", "person_id"))


def test_one_sees_ones_own_sign_ins_and_what_was_tried(world):
    _, (redis, pinecone) = world
    for password in ("guess", PASSWORD):
        client, answer = sign_in("admin@example.com", password)
    assert answer.status_code == 302
    sign_in("nobody@example.com", "guess")

    page = client.get(PAGE)

    said = text(page)
    assert "refused" in said and "signed in" in said and "203.0.113.7" in said
    assert "Firefox/140 <b>" not in page.content.decode()
    with schema.in_partner(redis):
        me = User.objects.get(email="admin@example.com").pk
    assert rows(redis) == [
        (False, "password", me), (True, "password", me), (False, "password", None),
    ]  # fmt: skip
    # The same address at the other partner is somebody else, and somebody else's page is empty.
    assert rows(pinecone) == []
    for other in (signed_in(PINECONE, "admin"), signed_in(REDIS, "developer")):
        assert "203.0.113.7" not in text(other.get(PAGE)) and "None since" in text(other.get(PAGE))


@pytest.mark.parametrize(
    ("proxies", "ip"), [(0, "127.0.0.1"), (1, "203.0.113.21"), (2, "198.51.100.4")]
)
def test_the_address_is_the_one_that_our_own_proxy_saw(world, settings, proxies, ip):
    """Whatever a visitor wrote into the header before it came to us stands further left."""
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = proxies
    client = Client(HTTP_HOST=PINECONE, HTTP_X_FORWARDED_FOR="10.0.0.1, 198.51.100.4, 203.0.113.21")
    client.post("/accounts/login/", {"login": f"hop{proxies}@example.com", "password": "guess"})

    with schema.in_partner(world[1].pinecone):
        assert SignIn.objects.latest("at", "id").ip == ip


def test_the_console_writes_them_down_too(world):
    sign_in(console.email_of("auditor"), "guess", console.HOST, ip="203.0.113.8")

    with schema.in_console():
        found = list(SignIn.objects.values_list("ok", "ip"))
    assert found == [(False, "203.0.113.8")]


def test_nobody_changes_a_row_and_old_ones_go(world):
    database, (redis, _) = world
    with database.psql("web") as connection:
        connection.execute(f'set role "{redis.schema_name}"')
        connection.execute(f'set search_path to "{redis.schema_name}"')
        for statement in ("update accounts_signin set ok = true", "delete from accounts_signin"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)
    database.login("settle")
    with schema.in_partner(redis):
        before = SignIn.objects.count()
        assert forget_sign_ins(now=NOW + timedelta(days=89)) == 0
        assert forget_sign_ins(now=NOW + timedelta(days=91)) == before
        assert forget_sign_ins(now=NOW + timedelta(days=91)) == 0
    database.login("web")


def test_guessing_is_stopped_even_for_the_right_word_and_for_nobody_else(world):
    for _ in range(5):
        assert sign_in("finance@example.com", "guess", ip="203.0.113.9")[1].status_code == 200

    refused = sign_in("finance@example.com", ip="203.0.113.9")[1]

    assert refused.status_code != 302
    assert sign_in("brand_editor@example.com", ip="203.0.113.10")[1].status_code == 302
    assert sign_in("finance@example.com", host=PINECONE, ip="203.0.113.11")[1].status_code == 302


def test_the_login_hashes_as_often_for_a_stranger_as_for_somebody(world, monkeypatch):
    """What takes time is the hashing: how long the answer takes tells nobody who is known here."""
    _, (redis, _) = world
    with schema.in_partner(redis):
        User.objects.create_user("invited@example.com", None, role="analyst")
        out = User.objects.create_user("out@example.com", PASSWORD, role="analyst")
        User.objects.filter(pk=out.pk).update(is_active=False)
    hasher, done = type(get_hasher()), []
    for name in ("encode", "verify"):
        real = getattr(hasher, name)
        monkeypatch.setattr(hasher, name, lambda *a, real=real, **more: (
            done.append(1), real(*a, **more))[1])  # fmt: skip

    hashed = {}
    for name, password in (("admin", PASSWORD), ("admin", "guess"), ("nobody", "guess"),
                           ("invited", "guess"), ("out", PASSWORD), ("out", "guess")):  # fmt: skip
        done.clear()
        sign_in(f"{name}@example.com", password, ip=f"203.0.113.{50 + len(hashed)}")
        hashed[name, password] = len(done)
    assert set(hashed.values()) == {1}, hashed


def test_a_sign_in_gets_a_session_of_its_own(world):
    client = Client(HTTP_HOST=REDIS, REMOTE_ADDR="203.0.113.12")
    planted = "a" * 32
    client.cookies["sid"] = planted

    answer = client.post("/accounts/login/", {"login": "support@example.com",
                                              "password": PASSWORD})  # fmt: skip

    assert answer.status_code == 302 and client.cookies["sid"].value not in ("", planted)


@pytest.mark.parametrize("by_itself", [False, True])
def test_a_session_that_nobody_uses_ends(world, settings, by_itself):
    """What an open page asks for by itself is no use of it."""
    client, _ = sign_in("analyst@example.com", ip="203.0.113.13")
    headers = {"HTTP_HX_REQUEST": "true"} if by_itself else {}
    statuses = []
    for minutes in (10, 100, 190):
        with time_machine.travel(NOW + timedelta(minutes=minutes), tick=False):
            statuses.append(client.get("/manage/", **headers).status_code)
    assert statuses == [200, 200, 302 if by_itself else 200]


def test_a_session_ends_after_half_a_day_of_use(world):
    client, _ = sign_in("owner@example.com", ip="203.0.113.14")
    statuses = []
    for hours in range(13):
        with time_machine.travel(NOW + timedelta(hours=hours), tick=False):
            statuses.append(client.get("/manage/").status_code)
    assert statuses == [200] * 12 + [302]
