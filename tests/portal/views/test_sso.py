"""Single sign-on against a real OpenID Connect and SAML provider, at two partners."""

import base64
import json
import re
import socket
from urllib.parse import parse_qs, urlsplit

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.utils import encrypt
from django.core import mail
from django.test import Client, override_settings
from lxml import etree

from tenants import resolve, schema
from tenants.accounts.models import BreakGlass, Connection, Identity, SignInAttempt, User
from tenants.models import AuditEntry
from tenants.rules.roles import PERMISSIONS, Audience
from tests.conftest import fresh_database, two_partners
from tests.portal.views import cast
from tests.portal.views.cast import PINECONE, REDIS, signed_in, text
from tests.portal.views.idp import SECRET, provider

PASSWORD = "four random english words"
OWNERS = ["owner@example.com", "owner@redis.example", "second@example.com"]
USERS = {
    "owner": ("owner@example.com", ""),
    "second": ("second@example.com", ""),
    "analyst": ("analyst@example.com", ""),
    "finance": ("finance@example.com", ""),
    "support": ("support@example.com", ""),
    "newcomer": ("newcomer@example.com", "[staff, eng]"),
    "late": ("late@example.com", ""),
    "stranger": ("stranger@elsewhere.example", ""),
    "buyer": ("customer_owner@example.com", ""),
}


@pytest.fixture(scope="module")
def world(django_db_blocker, tmp_path_factory):
    """Two partners with people of every role, and a provider; Django is the web process."""
    resolve.forget()
    # Many logins in a row: hashes that cost nothing, and no limit on tries.
    quick = {"PASSWORD_HASHERS": ["django.contrib.auth.hashers.MD5PasswordHasher"],
             "ACCOUNT_RATE_LIMITS": False,
             "EMAIL_BACKEND": "django.core.mail.backends.locmem.EmailBackend"}  # fmt: skip
    with (
        override_settings(**quick),
        provider(tmp_path_factory.mktemp("idp"), USERS) as idp,
        fresh_database(django_db_blocker) as database,
    ):
        partners = two_partners()
        for partner in partners:
            for role in PERMISSIONS[Audience.PARTNER]:
                cast.person(partner, role)
            cast.person(partner, "customer_owner", partner.id)
            with schema.in_partner(partner):
                User.objects.create_user("second@example.com", None, role="owner")
                for email in ("owner@example.com", "second@example.com", "admin@example.com"):
                    row = User.objects.get(email=email)
                    row.set_password(PASSWORD)
                    row.save()
        database.login("web")
        yield partners, idp
    resolve.forget()


@pytest.fixture
def redis(world):
    """Redis Labs without connections, and its provider."""
    partners, idp = world
    mail.outbox = []
    for partner in partners:
        with schema.in_partner(partner):
            Connection.objects.all().delete()
            User.objects.filter(email__in=["newcomer@example.com", "late@example.com"]).delete()
    return partners.redis, idp


def oidc_form(idp, **more):
    return {"name": "Okta", "issuer": idp.base, "client_id": "portal", "secret": SECRET,
            "domains": "example.com", "trusts_email": "on", "default_role": "analyst",
            "role_map": "eng = developer", "role_claim": "groups", "second_factor": "never",
            "password": PASSWORD, **more}  # fmt: skip


def saml_form(idp, **more):
    form = oidc_form(idp, name="SAML house", metadata_url=idp.metadata, **more)
    return {
        key: value for key, value in form.items() if key not in ("issuer", "client_id", "secret")
    }


def added(idp, host=REDIS, kind="oidc", who="owner", before="/manage/sso/", **more):
    """A connection made by the owner's form: (owner, its page)."""
    owner = signed_in(host, who)
    form = {"oidc": oidc_form, "saml": saml_form}[kind](idp, **more)
    answer = owner.post(f"{before}new/{kind}/", form)
    assert answer.status_code == 302, text(answer)
    return owner, answer["Location"]


def id_of(page):
    return page.rstrip("/").rpartition("/")[2]


def try_it(owner, page, idp, user="owner", kind="oidc"):
    """The editor's own login at the provider, and the page they come back to."""
    going = owner.post(f"{page}test/")
    there = re.search(r'href="(http://127[^"]+)"', going.content.decode())[1].replace("&amp;", "&")
    return came_back(owner, idp, there, user, kind)


def came_back(client, idp, there, user, kind="oidc"):
    if kind == "oidc":
        return client.get(path_of(idp.openid(there, user)))
    acs, form = idp.saml(there, user)
    # The provider's post carries no cookie of ours; the browser then comes back with them.
    posted = Client(HTTP_HOST=client.defaults["HTTP_HOST"]).post(path_of(acs), form)
    return client.get(posted["Location"]) if posted.status_code == 302 else posted


def path_of(url):
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def ready(idp, host=REDIS, kind="oidc", user="owner", **more):
    """A connection that is on: (owner, page)."""
    owner, page = added(idp, host, kind, **more)
    assert try_it(owner, page, idp, user, kind=kind).status_code == 302
    assert "On: it stands" in text(owner.post(f"{page}on/", {"password": PASSWORD}, follow=True))
    return owner, page


def login(idp, page, user, host=REDIS, kind="oidc", query=""):
    """A browser that goes to the provider and back: (client, the answer to the way back)."""
    client = Client(HTTP_HOST=host)
    away = client.get(f"/sso/{id_of(page)}/{query}")
    assert away.status_code == 302, text(away)
    return client, came_back(client, idp, away["Location"], user, kind)


def told_by_mail():
    return sorted(one.to[0] for one in mail.outbox)


def audit(partner):
    with schema.in_partner(partner):
        return list(AuditEntry.objects.filter(verb__startswith="sso.").order_by("id")
                    .values_list("verb", "actor"))  # fmt: skip


def test_a_connection_from_the_form_to_somebodys_first_login(redis):
    partner, idp = redis
    owner, page = added(idp)
    shown = owner.get(page)

    assert f"http://{REDIS}/sso/{id_of(page)}/callback/" in text(shown)
    assert "Not tested yet" in text(shown)
    refused = owner.post(f"{page}on/", {"password": PASSWORD}, follow=True)
    assert "Sign in by it once yourself first" in text(refused)
    early = Client(HTTP_HOST=REDIS).get(f"/sso/{id_of(page)}/")
    assert early.status_code == 403 and "switched off" in text(early)

    back = try_it(owner, page, idp)
    told = text(owner.get(page))
    assert back["Location"] == page and "owner@example.com" in told and "Tested, off" in told
    assert "not your password" in text(owner.post(f"{page}on/", {"password": "x"}, follow=True))
    owner.post(f"{page}on/", {"password": PASSWORD})
    assert "Continue with Okta" in text(Client(HTTP_HOST=REDIS).get("/accounts/login/"))
    assert "Continue with Okta" not in text(Client(HTTP_HOST=PINECONE).get("/accounts/login/"))

    client, answer = login(idp, page, "analyst")
    assert (answer.status_code, answer["Location"]) == (302, "/manage/")
    assert client.get("/manage/").status_code == 200
    assert client.get("/manage/keys/").status_code == 403  # an analyst, as before
    _again, answer = login(idp, page, "analyst", query="?next=/manage/usage/")
    assert answer["Location"] == "/manage/usage/"
    with schema.in_partner(partner):
        assert set(Identity.objects.values_list("user__email", "subject")) == {
            ("owner@example.com", "owner"), ("analyst@example.com", "analyst")
        }  # fmt: skip
    verbs = [verb for verb, _ in audit(partner)]
    assert {"sso.added", "sso.tested", "sso.on", "sso.bound"} <= set(verbs)
    assert told_by_mail() == OWNERS


def test_afterwards_one_stays_on_the_own_host(redis):
    partner, idp = redis
    _owner, page = ready(idp)

    for path in ("https://evil.example/", "//evil.example/", "/\\evil.example", "evil",
                 "javascript:alert(1)"):  # fmt: skip
        away = Client(HTTP_HOST=REDIS).get(f"/sso/{id_of(page)}/", {"next": path})
        assert away["Location"].startswith(idp.base)
    with schema.in_partner(partner):
        assert set(SignInAttempt.objects.values_list("next", flat=True)) == {""}
    _, answer = login(idp, page, "analyst", query="?next=//evil.example/")
    assert answer["Location"] == "/manage/"


def test_who_is_let_in_and_as_what(redis):
    partner, idp = redis
    _owner, page = ready(idp, opens_accounts="on")

    new, answer = login(idp, page, "newcomer")
    assert answer["Location"] == "/manage/"
    assert new.get("/manage/keys/").status_code == 200  # eng = developer
    _, stranger = login(idp, page, "stranger")
    _, buyer = login(idp, page, "buyer")
    _, second = login(idp, page, "second")

    assert "elsewhere.example may not sign in" in text(stranger)
    assert "of another company" in text(buyer)
    assert "bound by its owner alone" in text(second) and "Redis Edge Cache" in text(second)
    with schema.in_partner(partner):
        made = User.objects.get(email="newcomer@example.com")
        assert (made.role, made.has_usable_password()) == ("developer", False)
        assert not User.objects.filter(email__contains="stranger").exists()
    _go_without_password(new)
    second = sign_in("second@example.com")
    going = second.post(f"/accounts/sso/{id_of(page)}/bind/")
    there = re.search(r'href="(http://127[^"]+)"', going.content.decode())[1]
    came_back(second, idp, there.replace("&amp;", "&"), "second")
    assert "Your account is connected with Okta" in text(second.get("/accounts/security/"))
    _, answer = login(idp, page, "second")
    assert answer["Location"] == "/manage/"


def _go_without_password(new):
    """Who came by the provider alone has no password to be asked for."""
    assert "Your account is connected with Okta" in text(new.get("/accounts/security/"))


def sign_in(email, host=REDIS):
    client = Client(HTTP_HOST=host)
    client.post("/accounts/login/", {"login": email, "password": PASSWORD})
    return client


def test_without_an_account_and_without_the_providers_word_nobody_gets_in(redis):
    _partner, idp = redis
    _owner, page = ready(idp, trusts_email="")

    _, unknown = login(idp, page, "late")

    assert unknown.status_code == 403
    assert "late@example.com has no account here" in text(unknown) or (
        "is verified" in text(unknown)
    )


def test_an_answer_counts_once_in_the_browser_that_asked(redis):
    partner, idp = redis
    _owner, page = ready(idp)
    client, other = Client(HTTP_HOST=REDIS), Client(HTTP_HOST=REDIS)
    back = path_of(idp.openid(client.get(f"/sso/{id_of(page)}/")["Location"], "analyst"))

    stolen = other.get(back)
    late = client.get(back)  # answered by the thief's browser, in vain for both
    _, good = login(idp, page, "analyst")
    unasked = client.get(f"/sso/{id_of(page)}/callback/?state=nobodys&code=x")

    assert "in another browser" in text(stolen) and other.get("/manage/").status_code == 302
    assert "was used already" in text(late) and good.status_code == 302
    assert "belongs to no sign-in" in text(unasked)
    assert [verb for verb, _ in audit(partner)].count("sso.refused") >= 1


def test_one_partners_connection_opens_nothing_at_another(redis):
    partner, idp = redis
    _owner, page = ready(idp)
    _their_owner, theirs = ready(idp, PINECONE)

    for path in ("", "callback/?state=x&code=y", "metadata/", "finish/"):
        assert Client(HTTP_HOST=REDIS).get(f"/sso/{id_of(theirs)}/{path}").status_code == 404
    client = Client(HTTP_HOST=PINECONE)
    away = client.get(f"/sso/{id_of(theirs)}/")["Location"]
    back = path_of(idp.openid(away, "finance")).replace(id_of(theirs), id_of(page))
    crossed = Client(HTTP_HOST=REDIS)
    crossed.cookies = client.cookies

    assert "belongs to no sign-in" in text(crossed.get(back))
    there, answer = login(idp, theirs, "support", PINECONE)
    assert answer["Location"] == "/manage/"
    here = Client(HTTP_HOST=REDIS)
    here.cookies = there.cookies
    assert here.get("/manage/").status_code in (302, 404)
    with schema.in_partner(partner):
        assert not Identity.objects.filter(user__email="support@example.com").exists()
    assert signed_in(REDIS, "owner").get(theirs).status_code == 404


def test_saml_from_metadata_to_login(redis):
    _partner, idp = redis
    owner, page = ready(idp, kind="saml", opens_accounts="on")
    shown = text(owner.get(page))

    ours = Client(HTTP_HOST=REDIS).get(f"/sso/{id_of(page)}/metadata/")
    assert etree.fromstring(ours.content).get("entityID") in shown
    assert f"/sso/{id_of(page)}/acs/" in shown and "Certificate until" in shown
    client, answer = login(idp, page, "newcomer", kind="saml")
    assert answer["Location"] == "/manage/" and client.get("/manage/keys/").status_code == 200


def test_saml_answers_that_are_refused(redis):
    _partner, idp = redis
    _owner, page = ready(idp, kind="saml")
    client = Client(HTTP_HOST=REDIS)

    def fresh():
        acs, form = idp.saml(client.get(f"/sso/{id_of(page)}/")["Location"], "analyst")
        return path_of(acs), form

    acs, form = fresh()
    posted = Client(HTTP_HOST=REDIS).post(acs, form)
    replay = Client(HTTP_HOST=REDIS).post(acs, form)
    thief = Client(HTTP_HOST=REDIS).get(posted["Location"])
    assert "was used already" in text(replay) and "in another browser" in text(thief)
    assert client.get(posted["Location"])["Location"] == "/manage/"
    assert client.get(posted["Location"]).status_code == 403

    acs, form = fresh()
    answer = etree.fromstring(base64.b64decode(form["SAMLResponse"]))
    [signature] = answer.iter("{*}Signature")
    signature.getparent().remove(signature)
    form["SAMLResponse"] = base64.b64encode(etree.tostring(answer)).decode()
    assert "is not signed" in text(Client(HTTP_HOST=REDIS).post(acs, form))

    _their_owner, theirs = ready(idp, PINECONE, kind="saml")
    acs, form = fresh()
    crossed = Client(HTTP_HOST=PINECONE).post(acs.replace(id_of(page), id_of(theirs)), form)
    assert "belongs to no sign-in" in text(crossed)
    assert "no answer of an identity" in text(Client(HTTP_HOST=REDIS).post(acs, {}))


def test_the_secret_is_sealed_and_never_shown_again(redis):
    partner, idp = redis
    owner, page = added(idp)

    with schema.in_partner(partner):
        row = Connection.objects.get()
        kept = bytes(row.secret)
        told = json.dumps([row.data for row in AuditEntry.objects.filter(verb="sso.added")])
    assert SECRET.encode() not in kept and SECRET not in told
    assert SECRET not in owner.get(page).content.decode()
    saved = owner.post(page, oidc_form(idp, secret="", seen=str(row.seen)))
    assert saved.status_code == 302
    assert SECRET not in owner.get(page).content.decode()
    assert try_it(owner, page, idp)["Location"] == page  # the kept secret still opens the door


@pytest.mark.parametrize(("more", "said"), [
    ({"issuer": "https://169.254.169.254"}, "no public host name"),
    ({"issuer": "http://127.0.0.1:80"}, "use a port from 1024 on"),
    ({"secret": "", "client_id": ""}, "This field is required"),
    ({"domains": "gmail.com"}, "Anybody opens a mailbox"),
    ({"role_map": "eng = owner"}, "no role that you can give"),
    ({"default_role": "owner"}, "Select a valid choice"),
    ({"password": "wrong"}, "not your password"),
])  # fmt: skip
def test_settings_that_are_refused(redis, more, said):
    partner, idp = redis
    answer = signed_in(REDIS, "owner").post("/manage/sso/new/oidc/", oidc_form(idp, **more))

    assert answer.status_code == 200 and said in text(answer)
    with schema.in_partner(partner):
        assert not Connection.objects.exists()


def test_a_change_of_whom_to_trust_needs_a_new_test_and_a_stale_form_changes_nothing(redis):
    partner, idp = redis
    owner, page = ready(idp)
    with schema.in_partner(partner):
        seen = str(Connection.objects.get().seen)

    owner.post(page, oidc_form(idp, domains="redis.example", seen=seen))
    stale = owner.post(page, oidc_form(idp, seen=seen))

    assert "Somebody changed this connection" in text(stale)
    with schema.in_partner(partner):
        row = Connection.objects.get()
    assert (row.state, row.domains) == ("draft", ["redis.example"])
    assert "switched off" in text(Client(HTTP_HOST=REDIS).get(f"/sso/{row.pk}/"))


def factor(partner, email):
    """A second factor with recovery codes; one of them."""
    with schema.in_partner(partner):
        person = User.objects.get(email=email)
        Authenticator.objects.filter(user=person).delete()
        Authenticator.objects.create(user=person, type="totp",
                                     data={"secret": encrypt("JBSWY3DPEHPK3PXP")})  # fmt: skip
        return RecoveryCodes.activate(person).get_unused_codes()[0]


def test_whether_the_providers_factor_is_enough(redis, world):
    partner, idp = redis
    _owner, page = ready(idp)
    factor(partner, "finance@example.com")

    asked, answer = login(idp, page, "finance")
    assert answer["Location"] == "/accounts/2fa/authenticate/"
    assert asked.get("/manage/").status_code == 302
    with schema.in_partner(partner):
        Connection.objects.update(second_factor="always")
    enough, answer = login(idp, page, "finance")
    assert answer["Location"] == "/manage/" and enough.get("/manage/").status_code == 200
    with schema.in_partner(partner):
        Authenticator.objects.all().delete()


def test_enforced_sign_on_refuses_passwords_and_break_glass_opens_an_hour(redis):
    partner, idp = redis
    owner, page = ready(idp)
    no_way = owner.post(f"{page}enforce/", {"password": PASSWORD, "accepted": "on"}, follow=True)
    assert "Break-glass would open for nobody" in text(no_way)
    code = factor(partner, "second@example.com")
    unread = owner.post(f"{page}enforce/", {"password": PASSWORD}, follow=True)
    assert "would be locked out" in text(unread)
    done = owner.post(f"{page}enforce/", {"password": PASSWORD, "accepted": "on"}, follow=True)
    assert "Enforced: your team signs in by it alone" in text(done)
    mail.outbox.clear()

    wanted = Client(HTTP_HOST=REDIS)
    refused = wanted.post("/accounts/login/", {"login": "admin@example.com", "password": PASSWORD},
                          follow=True)  # fmt: skip
    assert "Your company signs in with Okta" in text(refused)
    assert wanted.get("/manage/").status_code == 302
    _, answer = login(idp, page, "analyst")
    assert answer["Location"] == "/manage/"
    assert sign_in("admin@example.com", PINECONE).get("/manage/").status_code == 200

    recovery = {"email": "second@example.com", "password": PASSWORD, "code": "00000000"}
    broken = Client(HTTP_HOST=REDIS)
    assert "No owner with a second factor" in text(broken.post("/sso/recovery/", recovery))
    admin = {**recovery, "email": "admin@example.com", "code": factor(partner, "admin@example.com")}
    assert "No owner with a second factor" in text(broken.post("/sso/recovery/", admin))
    opened = broken.post("/sso/recovery/", {**recovery, "code": code})
    assert opened.status_code == 302 and broken.get("/manage/sso/").status_code == 200
    assert told_by_mail() == OWNERS
    assert "second@example.com" in mail.outbox[0].body and "Redis" in mail.outbox[0].subject
    assert ("sso.break_glass", "second@example.com") in audit(partner)

    in_time = sign_in("owner@example.com")
    assert in_time.get("/manage/").status_code == 200
    assert sign_in("admin@example.com").get("/manage/").status_code == 302  # owners alone
    with schema.in_partner(partner):
        session = broken.session
        session["ends_at"] = BreakGlass.objects.get().opened_at.isoformat()
        session.save()
        Authenticator.objects.all().delete()
    assert broken.get("/manage/").status_code == 302
    relaxed = owner.post(f"{page}relax/", {"password": PASSWORD}, follow=True)
    assert "Passwords work again" in text(relaxed)
    assert sign_in("admin@example.com").get("/manage/").status_code == 200


def test_who_may_set_it_up_and_that_changes_are_posts(redis):
    _partner, idp = redis
    owner, page = added(idp)

    for role in ("finance", "developer", "support", "analyst", "brand_editor", "customer_owner"):
        client = signed_in(REDIS, role)
        assert client.get("/manage/sso/").status_code == 403
        assert client.post(f"{page}delete/", {"password": PASSWORD}).status_code == 403
    for verb in ("test", "on", "off", "enforce", "relax", "delete"):
        assert owner.get(f"{page}{verb}/").status_code == 405
    assert owner.post(f"{page}nonsense/").status_code == 404
    gone = owner.post(f"{page}delete/", {"password": PASSWORD}, follow=True)
    assert "Deleted" in text(gone) and "No connection yet" in text(gone)


def test_errors_are_in_german_too(redis):
    _partner, idp = redis
    _owner, page = added(idp)

    answer = Client(HTTP_HOST=REDIS, headers={"accept-language": "de"}).get(f"/sso/{id_of(page)}/")

    assert "Sie sind nicht angemeldet" in text(answer)


def test_denied_at_the_provider(redis):
    _partner, idp = redis
    _owner, page = ready(idp)
    client = Client(HTTP_HOST=REDIS)
    state = parse_qs(urlsplit(client.get(f"/sso/{id_of(page)}/")["Location"]).query)["state"][0]

    answer = client.get(f"/sso/{id_of(page)}/callback/", {"state": state, "error": "access_denied"})

    assert "did not sign you in" in text(answer)


def test_a_provider_that_is_down(redis):
    partner, idp = redis
    _owner, page = ready(idp)
    with socket.socket() as silent, schema.in_partner(partner):
        silent.bind(("127.0.0.1", 0))  # nobody listens: connections are refused
        row = Connection.objects.get()
        row.idp["token_endpoint"] = f"http://127.0.0.1:{silent.getsockname()[1]}/token"
        row.save()
        _, answer = login(idp, page, "analyst")

    assert "cannot be reached" in text(answer) and "Try again in a few minutes" in text(answer)
    assert answer.status_code == 403 and "Redis Edge Cache" in text(answer)
