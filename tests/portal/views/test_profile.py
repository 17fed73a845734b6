"""A person's own choices follow them to every device; the mails they do without stay away."""

from decimal import Decimal

import pytest
from django.core import mail
from django.test import Client

from billing.models import Document
from billing.queries.mailing import mailboxes
from cache_api.models import Alert, AlertFiring
from portal import notices
from tenants import schema
from tenants.accounts.models import SignIn, User
from tests.billing.people import utc
from tests.portal.views.cast import PINECONE, REDIS, signed_in, text

PAGE = "/accounts/profile/"
ALL = {"name": "Ada", "language": "", "theme": "", "mails": ["documents", "alerts", "webhooks",
                                                             "domains"]}  # fmt: skip


def person(partner, role):
    with schema.in_partner(partner):
        return User.objects.get(email=f"{role}@example.com")


def paper(partner, kind="payout_statement", customer=""):
    with schema.in_partner(partner):
        return Document.objects.get(kind=kind, customer_external_id=customer)


def test_a_language_holds_on_every_device_of_that_person_alone(portal):
    first = signed_in(REDIS, "analyst")
    assert first.post(PAGE, {"name": "Ana", "language": "de", "theme": "dark"}).status_code == 302

    second = signed_in(REDIS, "analyst").get("/manage/").content.decode()
    said = text(first.get(PAGE))
    assert '<html lang="de" data-theme-default="dark"' in second and "Profil und Mails" in said
    assert "Gespeichert." in said  # the answer to the form is in the new language already
    for host, role in ((REDIS, "owner"), (PINECONE, "analyst")):
        assert '<html lang="en">' in signed_in(host, role).get("/manage/").content.decode()


def test_the_switch_in_the_menu_is_remembered_with_the_person(portal):
    client = signed_in(REDIS, "developer")
    for language in ("de", "xx"):  # what is not offered changes nothing
        client.post("/accounts/language/", {"language": language, "next": "/manage/"})

    assert person(portal.redis, "developer").language == "de"
    assert person(portal.pinecone, "developer").language == ""
    assert '<html lang="de"' in signed_in(REDIS, "developer").get("/manage/").content.decode()


def test_only_mails_of_ones_role_are_offered_and_kept(portal):
    owner, analyst = signed_in(REDIS, "owner"), signed_in(PINECONE, "analyst")

    assert owner.get(PAGE).content.decode().count('type="checkbox"') == 4
    assert "None by your role" in text(analyst.get(PAGE))
    analyst.post(PAGE, {"name": "", "language": "", "theme": ""})
    assert person(portal.pinecone, "analyst").muted == []
    bad = owner.post(PAGE, {**ALL, "mails": ["weather"], "theme": "neon"})
    assert bad.status_code == 200 and person(portal.redis, "owner").muted == []


def test_a_paper_goes_to_those_who_want_it_and_to_all_if_nobody_does(portal):
    statement, others = paper(portal.redis), paper(portal.pinecone)
    both = mailboxes(statement, "")
    assert {"finance@example.com", "owner@example.com"} < set(both)  # and the first owner

    finance = signed_in(REDIS, "finance")
    finance.post(PAGE, {**ALL, "mails": ["alerts"]})
    assert mailboxes(statement, "") == [one for one in both if not one.startswith("finance")]
    assert mailboxes(statement, "a@b.example") == ["a@b.example"]
    assert "finance@example.com" in mailboxes(others, "")

    with schema.in_partner(portal.redis):
        User.objects.filter(role__in=["owner", "finance"]).update(muted=["documents"])
    assert mailboxes(statement, "") == both
    assert mailboxes(paper(portal.redis, "customer_invoice", "acme"), "") == [
        "customer_billing@example.com", "customer_owner@example.com",
    ]  # fmt: skip


@pytest.mark.parametrize("muted", [False, True])
def test_an_alert_is_mailed_to_those_who_want_it(portal, muted):
    signed_in(REDIS, "customer_owner").post(PAGE, {**ALL, "mails": [] if muted else ["alerts"]})
    who = person(portal.redis, "customer_owner")
    alert = Alert(owner_id=who.customer_id, kind="quota", name="Quota", limit=Decimal(80))
    row = AlertFiring(alert=alert, step="80", value="81", period="October")

    with schema.in_partner(portal.redis):
        told = told_about(notices.house_of(portal.redis.id), row)

    assert ("customer_owner@example.com" in told) is not muted
    assert {"customer_billing@example.com", "customer_developer@example.com"} <= set(told)


def told_about(house, row):
    mail.outbox.clear()
    notices.told_about_firing(house, row)
    told = [one.to[0] for one in mail.outbox]
    mail.outbox.clear()
    return told


def test_nobody_adds_an_address_and_what_was_seen_is_not_kept(portal):
    """Who holds a session for a minute must not leave an address to reset the password by."""
    client = signed_in(REDIS, "analyst")
    for path in ("/accounts/email/", "/accounts/confirm-email/", "/accounts/confirm-email/abc/"):
        assert client.get(path).status_code == 404
        given = {"action_add": "", "email": "else@where.example"}
        assert client.post(path, given).status_code == 404
    assert mail.outbox == []
    assert client.get("/manage/")["Cache-Control"] == "private, no-store"
    assert "Cache-Control" not in Client().get("/brand/mail/none.png", HTTP_HOST=REDIS).headers
    assert client.trace("/accounts/security/").status_code == 405


def test_a_time_zone_stands_beside_utc_for_that_person_alone(portal):
    client = signed_in(REDIS, "finance")
    asked = {"name": "", "language": "", "time_zone": "Asia/Kolkata", "theme": ""}
    assert client.post(PAGE, asked).status_code == 302

    log = "/accounts/security/"
    with schema.in_partner(portal.redis):
        me = User.objects.get(email="finance@example.com").pk
        SignIn.objects.create(person_id=me, at=utc("2026-10-04T20:00"), ok=True, how="password")
    page = text(client.get(log))
    assert "4 Oct 2026, 20:00 UTC (5 Oct, 01:30 IST)" in page
    assert "IST" not in text(signed_in(REDIS, "owner").get(log))
    for wrong in ("Mars/Olympus", "../etc/passwd", "UTC0"):
        assert "Select a valid choice" in text(client.post(PAGE, {**asked, "time_zone": wrong}))
    client.post(PAGE, {**asked, "time_zone": ""})
    assert "IST" not in text(client.get(log))
