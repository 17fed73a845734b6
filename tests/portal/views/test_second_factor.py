"""The second factor: set up, asked for at sign-in, needed where the installation says so."""

import base64
import hashlib
import hmac
import re
import struct

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client

from tenants import schema
from tenants.accounts.models import SignIn, User
from tests.portal.views import cast
from tests.portal.views.cast import NOW, PINECONE, REDIS, signed_in, text

PASSWORD = "four random english words"


def code(secret):
    """The time-based code of RFC 6238 at NOW, by our own hands."""
    counter = struct.pack(">Q", int(NOW.timestamp()) // 30)
    digest = hmac.new(base64.b32decode(secret), counter, hashlib.sha1).digest()
    at = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[at : at + 4])[0] & 0x7FFFFFFF) % 10**6:06d}"


@pytest.fixture
def portal_with_passwords(empty_portal):
    for partner in empty_portal:
        with schema.in_partner(partner):
            for row in User.objects.exclude(email="owner@redis.example"):
                row.set_password(PASSWORD)
                row.save()
    return empty_portal


def sign_in(host=REDIS, email="owner@example.com"):
    client = Client(HTTP_HOST=host)
    return client, client.post(
        "/accounts/login/", {"login": email, "password": PASSWORD}, follow=True
    )


def confirm(client):
    """What changes the protection asks for the password once more."""
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})


def set_up(client):
    confirm(client)
    page = client.get("/accounts/2fa/totp/activate/", follow=True)
    secret = re.search(r'id="authenticator_secret"[^>]*value="([A-Z2-7]{32})"',
                       page.content.decode())[1]  # fmt: skip
    done = client.post("/accounts/2fa/totp/activate/", {"code": code(secret)}, follow=True)
    return secret, done


def test_a_code_is_asked_for_and_recovery_codes_work_once(portal_with_passwords, settings):
    client, _ = sign_in()

    secret, done = set_up(client)

    codes = re.findall(r"(?:>|^)(\d{8})$", done.content.decode(), re.M)
    assert len(codes) == 10 and "Recovery codes" in text(done)
    with schema.in_partner(portal_with_passwords.redis):
        kept = Authenticator.objects.get(type="totp").data["secret"]
    assert secret not in kept and kept.startswith("gAAAA")
    other, asked = sign_in()
    assert "Your code" in text(asked) and other.get("/manage/").status_code == 302
    wrong = other.post("/accounts/2fa/authenticate/", {"code": "000000"})
    assert "Incorrect code" in text(wrong)
    other.post("/accounts/2fa/authenticate/", {"code": codes[0]})
    assert other.get("/manage/").status_code == 200
    with schema.in_partner(portal_with_passwords.redis):
        assert SignIn.objects.order_by("id").last().how == "password_code"
    third, _ = sign_in()
    third.post("/accounts/2fa/authenticate/", {"code": codes[0]})
    assert third.get("/manage/").status_code == 302
    assert sign_in(PINECONE)[0].get("/manage/").status_code == 200


def test_owners_need_one_where_the_installation_asks(portal_with_passwords, settings):
    settings.REQUIRE_MFA = True
    owner, page = sign_in()
    carl, _ = sign_in(email="customer_owner@example.com")

    assert "Set up an app" in text(page) and "Add a passkey" in text(page)
    assert owner.get("/manage/keys/")["Location"] == "/accounts/2fa/"
    assert carl.get("/").status_code == 200
    set_up(owner)
    assert owner.get("/manage/keys/").status_code == 200
    refused = owner.post("/accounts/2fa/totp/deactivate/", follow=True)
    with schema.in_partner(portal_with_passwords.redis):
        assert Authenticator.objects.filter(type="totp").count() == 1
    assert "You cannot deactivate" in text(refused)


def test_an_owner_takes_a_lost_factor_away_and_an_admin_cannot_take_an_owners(
    portal_with_passwords,
):
    carl, _ = sign_in(email="customer_owner@example.com")
    set_up(carl)
    owner, admin = signed_in(REDIS, "owner"), signed_in(REDIS, person_of(portal_with_passwords))
    with schema.in_partner(portal_with_passwords.redis):
        lost = User.objects.get(email="customer_owner@example.com")
        boss = User.objects.get(email="owner@example.com")
        Authenticator.objects.create(user=boss, type="totp", data={})
    people = f"/manage/customers/{lost.customer_id}/people/"

    refused = text(admin.post(f"/manage/team/{boss.id}/factor/", follow=True))
    done = text(owner.post(f"{people}{lost.id}/factor/", follow=True))

    assert "You may not give or take the role owner" in refused
    assert "taken away; all sessions have ended" in done
    assert carl.get("/").status_code == 302
    with schema.in_partner(portal_with_passwords.redis):
        assert list(Authenticator.objects.values_list("user__email", flat=True)) == [boss.email]
    again, _ = sign_in(email="customer_owner@example.com")
    assert again.get("/").status_code == 200


def person_of(partners, role="admin"):
    """One more person at Redis Labs; the role, by which `signed_in` finds them."""
    cast.person(partners.redis, role)
    return role


def test_pages_about_the_account_hold_no_inline_style_or_script(portal_with_passwords):
    client, _ = sign_in()
    seen = [client.get("/accounts/2fa/totp/activate/", follow=True)]
    confirm(client)
    pages = ["/accounts/security/", "/accounts/2fa/", "/accounts/2fa/totp/activate/",
             "/accounts/2fa/webauthn/", "/accounts/2fa/webauthn/add/"]  # fmt: skip
    seen += [client.get(path) for path in pages]
    set_up(client)
    pages = ["/accounts/2fa/recovery-codes/", "/accounts/2fa/recovery-codes/generate/",
             "/accounts/2fa/totp/deactivate/", "/accounts/security/"]  # fmt: skip
    seen += [client.get(path) for path in pages] + [sign_in()[1]]

    for answer in seen:
        html = answer.content.decode()
        assert answer.status_code == 200 and "Redis Edge Cache" in html
        assert " style=" not in html and "<style" not in html
        # Data of a script is not run, and the policy allows it.
        assert not re.search(r"<script(?![^>]*\s(?:src=|type=\"application/json\"))", html)


def test_the_banner_of_the_demo_says_that_no_factor_is_asked_for(portal_with_passwords, settings):
    client = signed_in(REDIS, "owner")

    assert "asks for no second factor" in text(client.get("/manage/"))
    settings.REQUIRE_MFA = True
    assert "asks for no second factor" not in text(client.get("/accounts/security/"))


@pytest.mark.parametrize("there", ["https://evil.example/", "//evil.example/", "/\\evil.example",
                                   "javascript:x", "http:evil.example"])  # fmt: skip
def test_a_sign_in_leads_nowhere_else(portal_with_passwords, there):
    client = Client(HTTP_HOST=REDIS)
    given = {"login": "owner@example.com", "password": PASSWORD, "next": there}
    assert client.post("/accounts/login/", given)["Location"] == "/manage/"
