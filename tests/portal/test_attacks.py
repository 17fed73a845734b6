"""What somebody who has read the code would try on the portal: none of it works.

One database for all: each test has people and addresses of its own.
"""

import itertools
import re
import threading
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from urllib.parse import quote, urlsplit

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.utils import encrypt
from django.conf import settings
from django.core import mail
from django.db import connection
from django.test import Client, override_settings
from django.urls import get_resolver
from django.urls.resolvers import URLResolver

from billing.actions.payout_details import ask_payout_details, decide_payout_details
from billing.models import PayoutDetails
from billing.rules.errors import SamePerson, WrongState
from cache_api.actions import alerts
from cache_api.actions.hooks import endpoints
from cache_api.models import Alert, HookEndpoint
from tenants import resolve, schema
from tenants.accounts.models import Connection, Identity, Invitation, User
from tenants.accounts.second_factor import factors
from tenants.actions import domains, invitations, keys
from tenants.actions import sso as actions
from tenants.actions.people import Circle, PersonRefused
from tenants.models import ApiKey, DomainClaim
from tenants.rules import roles
from tests.conftest import fresh_database, two_partners
from tests.portal.console import cast as console
from tests.portal.views import cast
from tests.portal.views.cast import NOW, REDIS, signed_in, text
from tests.portal.views.conftest import first_day
from tests.portal.views.test_second_factor import code, set_up

PASSWORD = "four random english words"
AWAY = ("https://evil.example/", "//evil.example/", "///evil.example", "/\\evil.example",
        "\\\\evil.example", "https:evil.example", "https:///evil.example", "/%09/evil.example",
        "/\t/evil.example", "javascript:alert(1)", "http://cache.redis.localhost@evil.example/",
        "https://cache.redis.localhost.evil.example/", "//evil.example\\@cache.redis.localhost",
        "/\r\nLocation: https://evil.example")  # fmt: skip


@pytest.fixture(scope="module")
def world(django_db_blocker):
    """Two partners on their first day, with staff whose password is known; Django is the web."""
    resolve.forget()
    quick = override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"])
    with (
        quick, fresh_database(django_db_blocker) as database, time_machine.travel(NOW, tick=False)
    ):  # fmt: skip
        database.fill(first_day)
        partners = two_partners()
        for partner in partners:
            for role in ("admin", "developer", "finance", "analyst"):
                cast.person(partner, role)
            with schema.in_partner(partner):
                for row in User.objects.exclude(email__contains="owner@redis.example"):
                    row.set_password(PASSWORD)
                    row.save()
        console.people()
        database.login("web")
        yield partners
    resolve.forget()


@pytest.fixture
def letters(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    mail.outbox = []
    return mail.outbox


def sign_in(role, ip, **more):
    client = Client(HTTP_HOST=REDIS, REMOTE_ADDR=ip)
    given = {"login": f"{role}@example.com", "password": PASSWORD, **more}
    return client, client.post("/accounts/login/", given)


def person(partner, role):
    with schema.in_partner(partner):
        return User.objects.get(email=f"{role}@example.com")


# --- redirects, links, forms ---


def test_no_door_leads_to_another_site(world, settings):
    """Each door that takes an address to go on to, by field and by query."""
    settings.ACCOUNT_RATE_LIMITS = False
    client, _ = sign_in("analyst", "203.0.113.1")
    doors = [("/accounts/language/", {"language": "en"}, there) for there in AWAY]
    doors += [("/accounts/reauthenticate/", {"password": PASSWORD}, there) for there in AWAY[::3]]
    for door, given, there in doors:
        query = {"QUERY_STRING": f"next={quote(there)}", "HTTP_REFERER": "https://evil.example/"}
        said = client.post(door, {**given, "next": there}, **query)["Location"]
        parts = urlsplit(said)
        assert (parts.netloc or REDIS) == REDIS and parts.scheme in ("", "http"), said
        assert not re.match(r"[/\\]{2}|[/\\]\s", said), (door, there, said)
    out = client.post("/accounts/logout/", {"next": "//evil.example"})
    assert out["Location"] == "/accounts/login/"


def test_the_link_of_a_reset_is_the_hosts_own_whatever_is_sent_with_it(world, letters):
    lies = ("X_FORWARDED_HOST", "X_ORIGINAL_HOST", "X_HOST", "X_FORWARDED_SERVER", "FORWARDED")
    client = Client(HTTP_HOST=REDIS, REMOTE_ADDR="203.0.113.2", HTTP_X_FORWARDED_PORT="6666",
                    **{f"HTTP_{name}": "host=evil.example" for name in lies})  # fmt: skip
    client.post("/accounts/password/reset/", {"email": "finance@example.com"})
    for host in (f"{REDIS}:80@evil.example", f"{REDIS}:evil", f"{REDIS}/evil.example"):
        bad = client.post("/accounts/password/reset/", {"email": "finance@example.com"},
                          HTTP_HOST=host)  # fmt: skip
        assert bad.status_code == 421 and b"evil" not in bad.content

    (letter,) = letters
    assert {urlsplit(one).netloc for one in re.findall(r"https?://\S+", letter.body)} == {REDIS}


@pytest.mark.parametrize("typed", [
    "ﬁnance@example.com", "f\u0131nance@example.com", "finance@example.com\r\nBcc: x@evil.example",
    "finance@example.com,x@evil.example", "finance@\u212aexample.com", "\u212afinance@example.com",
    "finance@example.com@evil.example", "FINANCE@EXAMPLE.COM ", "finance@ex\u0430mple.com",
])  # fmt: skip
def test_a_reset_goes_to_the_address_that_is_kept_or_to_nobody(world, letters, typed):
    Client(HTTP_HOST=REDIS, REMOTE_ADDR="203.0.113.3").post(
        "/accounts/password/reset/", {"email": typed}
    )

    # An address that has no account is told just that: both ways take as long.
    assert all(len(one.recipients()) == 1 for one in letters)
    opens = [one.to for one in letters if "/reset/key/" in one.body]
    assert opens in ([], [["finance@example.com"]])


def views(resolver, before=""):
    for one in resolver.url_patterns:
        if isinstance(one, URLResolver):
            yield from views(one, before + str(one.pattern))
        else:
            yield before + str(one.pattern), one.callback


FREE = {"portal.urls.partner": {"sso/<uuid:connection_id>/acs/"},
        "portal.urls.console": {"stripe/webhook/"}}  # fmt: skip


@pytest.mark.parametrize("urls", FREE)
def test_every_form_of_every_package_wants_its_token(urls):
    """Not by our own decorators alone: a package's view could take forms without one, too."""
    free = {path for path, view in views(get_resolver(urls)) if getattr(view, "csrf_exempt", False)}
    pages = {path for path in free if not path.startswith(("api/", "v1/"))}

    assert pages == FREE[urls]


def test_nobody_is_signed_in_or_out_by_another_sites_form(world):
    """Login CSRF: a stranger's account, opened in somebody's browser, would be typed into."""
    client = Client(HTTP_HOST=REDIS, enforce_csrf_checks=True, REMOTE_ADDR="203.0.113.4")
    given = {"login": "analyst@example.com", "password": PASSWORD}
    paths = ("/accounts/login/", "/accounts/logout/", "/accounts/login/code/", "/sso/find/",
             "/accounts/password/reset/", "/sso/recovery/", "/accounts/language/")  # fmt: skip
    for path in paths:
        for headers in ({}, {"HTTP_ORIGIN": "https://evil.example"}, {"HTTP_ORIGIN": "null"}):
            assert client.post(path, given, **headers).status_code == 403, path
    page = client.get("/accounts/login/").content.decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)[1]
    evil = client.post("/accounts/login/", {**given, "csrfmiddlewaretoken": token},
                       HTTP_ORIGIN="http://cache.pinecone.localhost")  # fmt: skip
    own = client.post("/accounts/login/", {**given, "csrfmiddlewaretoken": token})
    assert (evil.status_code, own.status_code) == (403, 302)


def test_a_form_of_any_size_is_refused_unread(world):
    """Before anybody is asked who they are: Django would write its files to disk, all of them."""
    for client in (Client(HTTP_HOST=REDIS), signed_in(REDIS, "admin")):
        answer = client.generic("POST", "/accounts/login/", b"", CONTENT_LENGTH=str(12 * 2**20),
                                CONTENT_TYPE="multipart/form-data; boundary=x")  # fmt: skip
        assert answer.status_code == 413 and "11 MB" in text(answer)
        assert "Redis Edge Cache" in text(answer)
    fits = Client(HTTP_HOST=REDIS).post("/accounts/login/", {"login": "x" * 10**7})
    assert fits.status_code == 200


def test_fields_that_a_form_does_not_have_change_nothing(world, letters):
    """Mass assignment: what a form does not ask for, nobody gives oneself by it."""
    client, who = signed_in(REDIS, "analyst"), person(world.redis, "analyst")
    more = {"role": "owner", "email": "x@evil.example", "is_active": "", "customer_id": who.pk,
            "id": who.pk, "password": "x" * 12, "last_login": ""}  # fmt: skip
    client.post("/accounts/profile/", {"name": "Ana", "language": "", "theme": "", **more})
    after = person(world.redis, "analyst")
    assert after.name == "Ana"
    kept = ("role", "email", "is_active", "customer_id", "password")
    assert [getattr(after, one) for one in kept] == [getattr(who, one) for one in kept]

    signed_in(REDIS, "admin").post(
        "/manage/team/invite/", {"email": "mass@example.com", "role": "analyst"}
    )
    link = re.search(r"/accounts/invitation/[\w-]+/", letters[0].body)[0]
    Client(HTTP_HOST=REDIS).post(link, {"name": "M", **more, "password": PASSWORD})
    made = person(world.redis, "mass")
    assert (made.role, made.customer_id) == ("analyst", None)


# --- guessing ---


def test_a_code_of_an_app_is_good_once_and_guessing_it_is_stopped(world):
    client, _ = sign_in("developer", "203.0.113.5")
    secret, _ = set_up(client)
    with time_machine.travel(NOW + timedelta(minutes=2), tick=False):
        now = code_at(secret, NOW + timedelta(minutes=2))
        first, _ = sign_in("developer", "203.0.113.6")
        first.post("/accounts/2fa/authenticate/", {"code": now})
        again, _ = sign_in("developer", "203.0.113.7")
        again.post("/accounts/2fa/authenticate/", {"code": now})
        assert (first.get("/manage/").status_code, again.get("/manage/").status_code) == (200, 302)
    later = NOW + timedelta(minutes=20)
    with time_machine.travel(later, tick=False):
        for number in range(6):  # of several sessions and places: the limit is the person's
            guesser, _ = sign_in("developer", f"203.0.113.{20 + number}")
            guesser.post("/accounts/2fa/authenticate/", {"code": f"{number:06d}"})
        guesser.post("/accounts/2fa/authenticate/", {"code": code_at(secret, later)})
        assert guesser.get("/manage/").status_code == 302


def test_a_new_password_ends_every_other_session(world):
    """ASVS 7.4.3: whoever was in by the old one is out."""
    (here, _), (there, _) = sign_in("finance", "203.0.113.30"), sign_in("finance", "203.0.113.31")
    given = {"oldpassword": PASSWORD, "password1": "four other english words",
             "password2": "four other english words"}  # fmt: skip

    here.post("/accounts/password/change/", given)

    assert (here.get("/manage/").status_code, there.get("/manage/").status_code) == (200, 302)


@pytest.mark.parametrize("page", [
    "totp/activate/", "totp/deactivate/", "recovery-codes/", "recovery-codes/generate/",
    "recovery-codes/download/", "webauthn/add/",
])  # fmt: skip
def test_a_session_alone_changes_and_shows_no_factor(world, page):
    """ASVS 7.5.1: whoever finds a browser signed in can not make it their own."""
    with schema.in_partner(world.redis):
        owner = User.objects.get(email="owner@example.com")
        if "totp/a" not in page and not factors(owner).exists():
            secret = {"secret": encrypt("A" * 32)}
            Authenticator.objects.create(user=owner, type="totp", data=secret)
            RecoveryCodes.activate(owner)
    client = signed_in(REDIS, "owner")
    for answer in (client.get(f"/accounts/2fa/{page}"), client.post(f"/accounts/2fa/{page}")):
        assert answer.status_code in (302, 405)
        assert answer.get("Location", "/accounts/reauthenticate/").startswith(
            "/accounts/reauthenticate/"
        )


def code_at(secret, when):
    """`code` is of NOW."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.portal.views.test_second_factor.NOW", when)
        return code(secret)


def test_nobody_is_mailed_again_and_again_by_inviting_and_withdrawing(world, monkeypatch):
    circle = Circle(roles.Audience.PARTNER, world.redis.pk)
    with schema.in_partner(world.redis):
        by = User.objects.get(email="admin@example.com")
        given = {"circle": circle, "name": "", "role": "analyst", "by": by}
        row, _ = invitations.invite(email="bombed@example.com", now=NOW, **given)
        invitations.withdraw(circle=circle, invitation_id=row.pk, by=by, now=NOW)

        with pytest.raises(PersonRefused, match="less than a minute"):
            invitations.invite(email="bombed@example.com", now=NOW, **given)
        made, known = invitations.invite_many(
            circle=circle, emails=["bombed@example.com"], role="analyst", by=by, now=NOW
        )
        assert (made, known) == ([], ["bombed@example.com"])
        monkeypatch.setattr(invitations, "MOST_A_DAY", Invitation.objects.count())
        with pytest.raises(PersonRefused, match="in a day"):
            invitations.invite(email="more@example.com", now=NOW, **given)
        tomorrow = NOW + timedelta(days=1, seconds=1)
        assert invitations.invite(email="more@example.com", now=tomorrow, **given)


# --- at the same moment ---


def _key(partner):
    keys.create_key(partner_id=partner.pk, livemode=True, actor="x", now=NOW)


def _rotated(partner):
    row = ApiKey.objects.filter(expires_at=None, revoked_at=None, label="").first()
    keys.rotate_key(partner_id=partner.pk, key_id=row.pk, overlap=timedelta(days=7), actor="x",
                    now=NOW)  # fmt: skip


def _hook(partner):
    endpoints.add_endpoint(
        partner_id=partner.pk, customer=None, url="https://hooks.example.com/", label="",
        types=["key.created"], loopback=False, kek=settings.KEK, actor="x", now=NOW,
    )  # fmt: skip


def _alert(partner):
    alerts.add_alert(partner_id=partner.pk, owner=None, kind="hit_rate", name="low",
                     limit=Decimal(10), customer=None, by_mail=False, actor="x",
                     now=NOW)  # fmt: skip


def _claim(partner):
    domains.claim_host(partner_id=partner.pk, text=f"a{next(_numbers)}.racing.dev", actor="x",
                       now=NOW)  # fmt: skip


_numbers = itertools.count()
RACES = {
    "key": (_key, keys, "MOST_KEYS", keys.KeyRefused, ApiKey),
    "endpoint": (_hook, endpoints, "MOST_ENDPOINTS", endpoints.HookRefused, HookEndpoint),
    "alert": (_alert, alerts, "MOST_ALERTS", alerts.BadAlert, Alert),
    "claim": (_claim, domains, "MOST_OPEN", domains.DomainRefused, DomainClaim),
}


def eight_at_once(partner, do, refused):
    """How many of eight that begin together were not refused; in the partner's scope."""
    done, gate = [], threading.Barrier(8)

    def work():
        with schema.in_partner(partner):
            gate.wait()
            with suppress(refused):
                done.append(do(partner))
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(done)


@pytest.mark.parametrize("name", RACES)
def test_eight_at_once_make_no_more_than_there_may_be(world, monkeypatch, name):
    make, module, bound, refused, model = RACES[name]
    with schema.in_partner(world.pinecone):
        before = model.objects.count()
    monkeypatch.setattr(module, bound, before + 3)

    assert eight_at_once(world.pinecone, make, refused) == 3
    with schema.in_partner(world.pinecone):
        assert model.objects.count() == before + 3


def test_one_change_of_where_money_goes_waits_and_is_decided_once(world):
    def ask(partner):
        return ask_payout_details(partner_id=partner.pk, kind="bank", holder="Pinecone", bic="",
                                  account="DE89370400440532013000", kek=settings.KEK, actor="a@x",
                                  now=NOW)  # fmt: skip

    def decide(partner):
        return decide_payout_details(details_id=asked.pk, partner_id=partner.pk, approve=True,
                                     actor=f"{next(_numbers)}@x", now=NOW)  # fmt: skip

    assert eight_at_once(world.pinecone, ask, WrongState) == 1
    with schema.in_partner(world.pinecone):
        asked = PayoutDetails.objects.get()
        with pytest.raises(SamePerson):
            decide_payout_details(details_id=asked.pk, partner_id=world.pinecone.pk, approve=True,
                                  actor="A@X", now=NOW)  # fmt: skip
    assert eight_at_once(world.pinecone, decide, WrongState) == 1


def test_keys_do_not_multiply_by_rotating_them(world, monkeypatch):
    """Each rotation leaves one more that works; they are bounded as new ones are."""
    partner = world.redis
    with schema.in_partner(partner):
        _key(partner)
        monkeypatch.setattr(keys, "MOST_ROTATING", ApiKey.objects.count() + 2)
        _rotated(partner)
        _rotated(partner)
        with pytest.raises(keys.KeyRefused, match="revoke some"):
            _rotated(partner)
        row = ApiKey.objects.filter(expires_at=None, revoked_at=None).first()
        keys.rotate_key(partner_id=partner.pk, key_id=row.pk, overlap=timedelta(0), actor="x",
                        now=NOW)  # fmt: skip


# --- single sign-on ---

OLD = {"issuer": "https://idp.example", "url": "https://idp.example/sso", "certs": ["old"]}
# who changes it, to what: which of owner and analyst stay bound
CHANGES = [
    ("admin", OLD | {"certs": ["mine"]}, {"analyst"}),
    ("admin", OLD | {"certs": ["old", "mine"]}, {"analyst"}),
    ("admin", OLD | {"url": "https://evil.example/sso"}, {"analyst"}),
    ("admin", OLD, {"owner", "analyst"}), ("admin", None, {"owner", "analyst"}),
    ("owner", OLD | {"certs": ["new"]}, {"owner", "analyst"}),
    ("admin", OLD | {"issuer": "https://evil.example"}, set()),
    ("owner", OLD | {"issuer": "https://new.example"}, set()),
]  # fmt: skip


@pytest.mark.parametrize(("who", "idp", "left"), CHANGES)
def test_who_gives_a_provider_new_keys_speaks_for_no_owner(world, who, idp, left):
    """A provider's name stays when its keys change: whoever has the new ones could sign in as
    everybody who is bound, and owners are not an admin's to speak for."""
    circle = Circle(roles.Audience.PARTNER, world.redis.pk)
    trust = actions.Trust(domains=["example.com"], trusts_email=True, opens_accounts=False,
                          default_role="analyst")  # fmt: skip
    with schema.in_partner(world.redis):
        row = Connection.objects.create(
            kind=Connection.SAML, name="House", base="http://x", idp=OLD, created_at=NOW,
            created_by="x", tested_at=NOW, on_at=NOW, **actions._columns(trust),
        )  # fmt: skip
        for role in ("owner", "analyst"):
            person = User.objects.get(email=f"{role}@example.com")
            Identity.objects.create(connection=row, subject=role, user=person, bound_at=NOW)

        actions.change_connection(
            circle=circle, connection_id=row.pk, seen=str(row.seen), name="House", idp=idp,
            client_id="", secret="", trust=trust, kek=b"",
            by=User.objects.get(email=f"{who}@example.com"), now=NOW,
        )  # fmt: skip

        assert set(row.identities.values_list("subject", flat=True)) == left
        row.refresh_from_db()
        assert (row.on_at is None) == (idp not in (None, OLD))
        row.delete()
