"""Single sign-on of a partner's customers: each connection is one customer's and opens no more."""

import uuid

import pytest
from allauth.mfa.models import Authenticator
from django.core import mail
from django.test import Client
from lxml import etree

from cache_api.models import Customer
from tenants import schema
from tenants.accounts.models import Connection, User
from tenants.actions.invitations import invite
from tenants.actions.people import Circle
from tenants.models import AuditEntry
from tenants.rules.roles import Audience
from tests.billing.people import utc
from tests.portal.views.cast import NOW, REDIS, signed_in, text
from tests.portal.views.test_sso import (
    PASSWORD,
    added,
    factor,
    id_of,
    login,
    oidc_form,
    ready,
    redis,  # noqa: F401
    sign_in,
    told_by_mail,
    try_it,
    world,  # noqa: F401
)

PAGES = "/sso/connections/"
OTHER = uuid.UUID(int=7)
SETTINGS = {"name": "Acme ID", "default_role": "customer_viewer", "opens_accounts": "on",
            "role_map": "eng = customer_developer"}  # fmt: skip
WHO = {"who": "customer_owner", "before": PAGES}


@pytest.fixture
def house(redis):  # noqa: F811
    """The partner, its provider; two customers: one with an owner and a developer, one other."""
    partner, idp = redis
    with schema.in_partner(partner):
        acme = User.objects.get(email="customer_owner@example.com").customer_id
        User.objects.exclude(customer_id=None).exclude(email__startswith="customer_owner").delete()
        for customer, name in ((acme, "house-acme"), (OTHER, "house-zeta")):
            Customer.objects.get_or_create(
                pk=customer, defaults={"external_id": name, "created_at": NOW}
            )
        for email, role, customer in (
            ("developer@acme.example", "customer_developer", acme),
            ("owner@zeta.example", "customer_owner", OTHER),
            ("support@zeta.example", "customer_viewer", OTHER),
        ):
            User.objects.create_user(email, PASSWORD, role=role, customer_id=customer)
        owner = User.objects.get(email="customer_owner@example.com")
        Authenticator.objects.filter(user=owner).delete()  # of tests of the same database
        owner.set_password(PASSWORD)
        owner.save()
    return partner, idp, acme


def test_a_customers_connection_from_the_form_to_a_colleagues_first_login(house):
    partner, idp, acme = house
    owner, page = ready(idp, user="buyer", **WHO, **SETTINGS)

    shown = text(owner.get(page))
    assert page == f"{PAGES}{id_of(page)}/" and f"http://{REDIS}/sso/{id_of(page)}/" in shown
    assert "analyst@" not in shown and "zeta.example" not in shown  # who gets in: its people alone
    start = text(Client(HTTP_HOST=REDIS).get("/accounts/login/"))
    assert "Continue with Acme ID" not in start and "your company's provider" in start.replace(
        "&#x27;", "'"
    )
    found = Client(HTTP_HOST=REDIS).post("/sso/find/?next=/usage/", {"email": "x@EXAMPLE.com"})
    assert "Continue with Acme ID" in text(found)
    assert f"/sso/{id_of(page)}/?next=%2Fusage%2F" in found.content.decode()
    nothing = Client(HTTP_HOST=REDIS).post("/sso/find/", {"email": "x@zeta.example"})
    assert "No provider is connected" in text(nothing)

    new, answer = login(idp, page, "newcomer", query="?next=/usage/")
    assert answer["Location"] == "/usage/" and new.get("/keys/").status_code == 200
    assert new.get("/sso/").status_code == 403 and new.get("/manage/").status_code == 403
    with schema.in_partner(partner):
        made = User.objects.get(email="newcomer@example.com")
        assert (made.role, made.customer_id) == ("customer_developer", acme)
        joined = AuditEntry.objects.get(verb="person.joined", target=made.email)
        assert joined.data["customer_id"] == str(acme)
    assert "connected with Acme ID" in text(new.get("/accounts/security/"))
    assert told_by_mail() == ["customer_owner@example.com"]


def test_a_customers_saml_from_metadata_to_a_colleagues_login_and_nobody_elses(house):
    partner, idp, acme = house
    saml = {name: value for name, value in SETTINGS.items() if name != "name"}
    owner, page = ready(idp, kind="saml", user="buyer", **WHO, **saml)

    shown = text(owner.get(page))
    ours = Client(HTTP_HOST=REDIS).get(f"/sso/{id_of(page)}/metadata/")
    assert page == f"{PAGES}{id_of(page)}/" and "Certificate until" in shown
    assert etree.fromstring(ours.content).get("entityID") in shown
    new, answer = login(idp, page, "newcomer", kind="saml", query="?next=/usage/")
    assert answer["Location"] == "/usage/" and new.get("/keys/").status_code == 200
    assert new.get("/manage/").status_code == 403
    with schema.in_partner(partner):
        made = User.objects.get(email="newcomer@example.com")
        assert (made.role, made.customer_id) == ("customer_developer", acme)

    _, staff = login(idp, page, "analyst", kind="saml")
    assert staff.status_code == 403 and "of another company" in text(staff)
    zeta = sign_in("owner@zeta.example")
    assert zeta.get(page).status_code == 404 and "SAML house" not in text(zeta.get("/sso/"))
    code = factor(partner, "customer_owner@example.com")
    accepted = {"password": PASSWORD, "accepted": "on"}
    assert code and "Enforced" in text(owner.post(f"{page}enforce/", accepted, follow=True))
    refused = Client(HTTP_HOST=REDIS).post(
        "/accounts/login/", {"login": "developer@acme.example", "password": PASSWORD}, follow=True
    )
    assert "Your company signs in with SAML house" in text(refused)
    _, again = login(idp, page, "newcomer", kind="saml")
    assert again["Location"] == "/"


def test_it_lets_in_nobody_of_another_circle_and_nobody_else_reaches_it(house):
    partner, idp, _acme = house
    _owner, page = ready(idp, user="buyer", **WHO, **SETTINGS)

    _, staff = login(idp, page, "analyst")
    assert staff.status_code == 403 and "of another company" in text(staff)
    with schema.in_partner(partner):
        theirs = Circle(Audience.CUSTOMER, partner.id, OTHER)
        by = User.objects.get(email="owner@zeta.example")
        invite(circle=theirs, email="late@example.com", name="", role="customer_viewer", by=by,
               now=utc("2099-01-01T00:00"))  # fmt: skip
    _, invited = login(idp, page, "late")
    assert "invited as an owner or by another company" in text(invited)
    with schema.in_partner(partner):
        assert not User.objects.filter(email="late@example.com").exists()

    zeta = sign_in("owner@zeta.example")
    assert zeta.get("/sso/").status_code == 200 and "Acme ID" not in text(zeta.get("/sso/"))
    chief = signed_in(REDIS, "owner")
    doors = [(zeta, page), (chief, f"/manage/sso/{id_of(page)}/")]
    assert [one.get(path).status_code for one, path in doors] == [404, 404]
    for one, path in doors:
        for verb in ("test", "off", "delete"):
            answer = one.post(f"{path}{verb}/", {"password": PASSWORD})
            assert answer.status_code == 404, (path, verb)
    for one in (zeta, chief):
        assert one.post(f"/accounts/sso/{id_of(page)}/bind/").status_code == 404
    assert chief.get("/sso/").status_code == 403 and "Acme ID" not in text(
        chief.get("/manage/sso/")
    )
    with schema.in_partner(partner):
        assert Connection.objects.get().state == "on"


@pytest.mark.parametrize(("more", "said"), [
    ({"domains": "zeta.example"}, "Nobody of yours has an address at zeta.example"),
    ({"domains": "victim.example"}, "Nobody of yours has an address at victim.example"),
    ({"role_map": "eng = admin"}, "no role that you can give"),
    ({"role_map": "eng = customer_owner"}, "no role that you can give"),
    ({"default_role": "analyst"}, "Select a valid choice"),
])  # fmt: skip
def test_what_a_customer_may_not_set(house, more, said):
    partner, idp, _acme = house
    form = oidc_form(idp, **{**SETTINGS, **more})
    answer = signed_in(REDIS, "customer_owner").post(f"{PAGES}new/oidc/", form)

    assert answer.status_code == 200 and said in text(answer)
    with schema.in_partner(partner):
        assert not Connection.objects.exists()


def test_enforced_for_one_customer_binds_its_people_alone(house):
    partner, idp, _acme = house
    owner, page = ready(idp, user="buyer", **WHO, **SETTINGS)
    accepted = {"password": PASSWORD, "accepted": "on"}
    factor(partner, "owner@example.com")  # the staff's factor is no way back for a customer
    assert "Break-glass would open for nobody" in text(
        owner.post(f"{page}enforce/", accepted, follow=True)
    )
    code = factor(partner, "customer_owner@example.com")
    factor(partner, "owner@zeta.example")
    assert "Enforced" in text(owner.post(f"{page}enforce/", accepted, follow=True))
    mail.outbox.clear()

    refused = Client(HTTP_HOST=REDIS).post(
        "/accounts/login/", {"login": "developer@acme.example", "password": PASSWORD}, follow=True
    )
    assert "Your company signs in with Acme ID" in text(refused)
    assert sign_in("support@zeta.example").get("/usage/").status_code == 200
    assert sign_in("admin@example.com").get("/manage/").status_code == 200
    _, answer = login(idp, page, "newcomer")
    assert answer["Location"] == "/"

    recovery = {"email": "owner@zeta.example", "password": PASSWORD, "code": code}
    browser = Client(HTTP_HOST=REDIS)
    assert "No owner with a second factor" in text(browser.post("/sso/recovery/", recovery))
    recovery["email"] = "customer_owner@example.com"
    assert browser.post("/sso/recovery/", recovery).status_code == 302
    assert browser.get("/sso/").status_code == 200 and "Break-glass" in text(browser.get("/sso/"))
    assert told_by_mail() == ["customer_owner@example.com"]
    letter = mail.outbox[0].body
    assert f"http://{REDIS}/sso/\n" in letter and "<" not in letter
    assert "Break-glass" not in text(sign_in("owner@zeta.example").get("/sso/"))


def test_the_partner_lets_a_locked_out_customers_passwords_work_again(house):
    partner, _idp, _acme = house
    with schema.in_partner(partner):
        acme = Customer.objects.create(external_id="acme", name="Acme", created_at=NOW)
        User.objects.create_user("o@acme.example", PASSWORD, role="customer_owner",
                                 customer_id=acme.id)  # fmt: skip
        Connection.objects.create(
            kind="saml", name="Acme ID", base=f"http://{REDIS}", idp={}, created_at=NOW,
            default_role="customer_viewer", created_by="x", tested_at=NOW, on_at=NOW,
            enforced_at=NOW, customer_id=acme.id,
        )  # fmt: skip
    assert sign_in("o@acme.example").get("/usage/").status_code == 302
    people, relax = (f"/manage/customers/{acme.id}/{end}/" for end in ("people", "sso/relax"))
    chief = signed_in(REDIS, "owner")
    assert "sign in with Acme ID alone" in text(chief.get(people))
    assert "not your password" in text(chief.post(relax, {"password": "x"}, follow=True))
    assert sign_in("o@acme.example").get("/usage/").status_code == 302

    done = text(chief.post(relax, {"password": PASSWORD}, follow=True))

    assert "Passwords work again" in done and "Acme ID alone" not in done
    assert sign_in("o@acme.example").get("/usage/").status_code == 200
    assert told_by_mail() == ["o@acme.example"]
    with schema.in_partner(partner):
        [row] = AuditEntry.objects.filter(verb="sso.relaxed", data__customer_id=str(acme.id))
        assert row.actor == "owner@example.com"
        User.objects.filter(customer_id=acme.id).delete()


def test_a_connection_goes_with_its_customer(house):
    from tenants.actions.leave import erase_people_of

    partner, idp, acme = house
    owner, page = added(idp, **WHO, **SETTINGS)
    try_it(owner, page, idp, "buyer")
    with schema.in_partner(partner):
        before = User.objects.get(email="customer_owner@example.com")
        erase_people_of(acme)
        assert not Connection.objects.exists()
        before.save()  # the module's other tests go on with her
