"""A code by mail opens an account: once, in the browser that asked, no wider than a password."""

import re
from datetime import timedelta
from itertools import count

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.utils import encrypt
from django.conf import settings
from django.core import mail
from django.test import Client, override_settings
from django.utils import timezone

from tenants import resolve, schema
from tenants.accounts.models import Connection, SignIn, User
from tests.conftest import fresh_database, two_partners
from tests.portal.views.cast import NOW, PINECONE, REDIS, text
from tests.portal.views.conftest import first_day

ASK, CONFIRM = "/accounts/login/code/", "/accounts/login/code/confirm/"
OWNER, BUYER = "owner@example.com", "customer_owner@example.com"
CODE = re.compile(r"^([A-Z]{4}-[A-Z]{4})$", re.M)
MEMORY = "django.core.mail.backends.locmem.EmailBackend"


@pytest.fixture(scope="module")
def world(django_db_blocker):
    resolve.forget()
    with (
        override_settings(EMAIL_BACKEND=MEMORY),
        fresh_database(django_db_blocker) as database,
        time_machine.travel(NOW, tick=False),
    ):
        database.fill(first_day)
        database.login("web")
        yield two_partners()
    resolve.forget()


later = count(1)


@pytest.fixture
def partner(world):
    """Redis Labs, an hour after the test before: tries are counted by the minute."""
    mail.outbox = []
    with time_machine.travel(NOW + timedelta(hours=next(later)), tick=False):
        with schema.in_partner(world.redis):
            Connection.objects.all().delete()
            Authenticator.objects.all().delete()
        yield world.redis


def asked(email=OWNER, host=REDIS, query=""):
    """A browser that asked for a code: (client, the page after it)."""
    client = Client(HTTP_HOST=host)
    return client, client.post(ASK + query, {"email": email}, follow=True)


def code():
    return CODE.search(mail.outbox[-1].body)[1]


def tries(partner):
    with schema.in_partner(partner):
        return list(SignIn.objects.order_by("id").values_list("ok", "how"))


def test_a_code_opens_the_account_once_in_the_browser_that_asked(partner):
    before = len(tries(partner))
    client, page = asked()
    letter = mail.outbox[0]

    assert "Your code" in text(page) and letter.to == [OWNER]
    assert (
        letter.subject.startswith("Redis Edge Cache: ") and "Redis Edge Cache" in letter.from_email
    )
    assert "AgentCache" not in letter.body
    thief = Client(HTTP_HOST=REDIS)
    assert thief.post(CONFIRM, {"code": code()}).status_code == 302  # begun by nobody: to the form
    assert thief.get("/manage/").status_code == 302
    wrong = client.post(CONFIRM, {"code": "BBBB-BBBB"})
    assert wrong.status_code == 200 and client.get("/manage/").status_code == 302
    done = client.post(CONFIRM, {"code": code().lower().replace("-", " ")})
    assert done["Location"] == "/manage/" and client.get("/manage/").status_code == 200
    assert tries(partner)[before:] == [(False, "mail"), (True, "mail")]
    assert client.post(CONFIRM, {"code": code()}).status_code == 302
    buyer, _ = asked(BUYER)
    assert buyer.post(CONFIRM, {"code": code()})["Location"] == "/"


def test_three_wrong_tries_end_a_code_and_so_do_ten_minutes(partner):
    client, _ = asked()
    right = code()
    for _ in range(3):
        client.post(CONFIRM, {"code": "BBBB-BBBB"})
    assert client.post(CONFIRM, {"code": right}).status_code == 302
    assert client.get("/manage/").status_code == 302
    late, _ = asked()
    with time_machine.travel(timezone.now() + timedelta(minutes=11), tick=False):
        assert late.post(CONFIRM, {"code": code()}).status_code == 302
        assert late.get("/manage/").status_code == 302


def test_nobody_learns_who_has_an_account(partner):
    _, known = asked()
    _, unknown = asked("nobody@example.com")
    with schema.in_partner(partner):
        User.objects.filter(email=BUYER).update(is_active=False)
    _, out = asked(BUYER)
    with schema.in_partner(partner):
        User.objects.filter(email=BUYER).update(is_active=True)

    pages = [text(one).replace(email, "X") for one, email in
             ((known, OWNER), (unknown, "nobody@example.com"), (out, BUYER))]  # fmt: skip
    assert pages[0] == pages[1] == pages[2] and "If X has an account here" in pages[0]
    assert CODE.search(mail.outbox[0].body)
    assert [bool(CODE.search(one.body)) for one in mail.outbox[1:]] == [False, False]
    assert "No account here has this address" in mail.outbox[1].body


@pytest.mark.parametrize("path", [ASK, "/accounts/password/reset/"])
def test_while_no_mail_server_answers_the_form_says_so_whoever_asks(partner, path):
    """A page, in the partner's brand; asked again later it works."""
    nobody = {"EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend", "EMAIL_PORT": 1,
              "EMAIL_HOST": "127.0.0.1"}  # fmt: skip
    with override_settings(**nobody):
        pages = [Client(HTTP_HOST=REDIS).post(path, {"email": one}, follow=True)
                 for one in (OWNER, "nobody@example.com")]  # fmt: skip

    for page in pages:
        assert page.status_code == 200 and page.redirect_chain == [(path, 302)]
        assert "The mail was not taken." in text(page) and "Redis Edge Cache" in text(page)
    assert mail.outbox == []
    Client(HTTP_HOST=REDIS).post(path, {"email": OWNER})
    assert mail.outbox[0].to == [OWNER]


def test_a_code_of_one_partner_opens_nothing_at_another(partner):
    client, _ = asked(host=PINECONE)
    here = Client(HTTP_HOST=REDIS)
    here.cookies = client.cookies
    assert here.post(CONFIRM, {"code": code()}).status_code == 302
    assert here.get("/manage/").status_code == 302


def test_asking_is_slowed_for_an_address_and_for_a_place(partner):
    answers = [text(asked()[1]) for _ in range(4)]
    assert "Your code" in answers[2] and "Your code" not in answers[3]
    assert len(mail.outbox) == 3


def test_a_second_factor_is_asked_for_after_it(partner):
    with schema.in_partner(partner):
        owner = User.objects.get(email=OWNER)
        Authenticator.objects.create(user=owner, type="totp",
                                     data={"secret": encrypt("JBSWY3DPEHPK3PXP")})  # fmt: skip
        spare = RecoveryCodes.activate(owner).get_unused_codes()[0]
    client, _ = asked()
    step = client.post(CONFIRM, {"code": code()})
    assert step["Location"].startswith("/accounts/2fa/authenticate/")
    assert client.get("/manage/").status_code == 302
    done = client.post("/accounts/2fa/authenticate/", {"code": spare})
    assert done["Location"] == "/manage/" and tries(partner)[-1] == (True, "mail_code")


def test_a_new_password_by_a_mailed_link_does_not_pass_by_the_second_factor(partner):
    with schema.in_partner(partner):
        owner = User.objects.get(email=OWNER)
        Authenticator.objects.create(user=owner, type="totp",
                                     data={"secret": encrypt("JBSWY3DPEHPK3PXP")})  # fmt: skip
    client, new = Client(HTTP_HOST=REDIS), "five other random english words"
    client.post("/accounts/password/reset/", {"email": OWNER})
    link = re.search(r"http://[^/]+(/accounts/password/reset/key/\S+)", mail.outbox[-1].body)[1]
    form = client.get(link, follow=True).request["PATH_INFO"]

    done = client.post(form, {"password1": new, "password2": new})

    assert done.status_code == 302 and client.get("/manage/").status_code == 302
    step = client.post("/accounts/login/", {"login": OWNER, "password": new})
    assert step["Location"].startswith("/accounts/2fa/authenticate/")
    assert client.get("/manage/").status_code == 302


def test_enforced_single_sign_on_holds(partner):
    with schema.in_partner(partner):
        Connection.objects.create(
            kind="saml", name="Okta", base=f"http://{REDIS}", idp={}, default_role="analyst",
            created_at=NOW, created_by="x", tested_at=NOW, on_at=NOW, enforced_at=NOW,
        )  # fmt: skip
    client, _ = asked()
    refused = client.post(CONFIRM, {"code": code()}, follow=True)
    assert "Your company signs in with Okta" in text(refused)
    assert client.get("/manage/").status_code == 302
    buyer, _ = asked(BUYER)  # the customers' people are not the partner's staff
    assert buyer.post(CONFIRM, {"code": code()})["Location"] == "/"


@pytest.mark.parametrize("path", ["https://evil.example/", "//evil.example/", "/\\evil.example"])
def test_afterwards_one_stays_on_the_own_host(partner, path):
    client, _ = asked()
    done = client.post(f"{CONFIRM}?next={path}", {"code": code(), "next": path})
    assert done["Location"] == "/manage/"


def test_the_console_has_no_such_way_in(partner):
    client = Client(HTTP_HOST=settings.CONSOLE_HOST)
    assert client.get(ASK).status_code == 404 and client.get(CONFIRM).status_code == 404
    assert "code by mail" not in text(client.get("/accounts/login/"))
    assert "Send me a code by mail" in text(Client(HTTP_HOST=REDIS).get("/accounts/login/"))
