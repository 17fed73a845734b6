"""Support: what something is and whose; a look at a partner's portal, and what the partner sees."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.test import Client

from billing.models import Agreement
from cache_api.metering.models import UsageEvent
from cache_api.models import Customer
from portal.queries.search import email_hash
from tenants import schema
from tenants.accounts.models import User
from tenants.actions.keys import create_key
from tenants.models import AuditEntry, SupportLook
from tests.portal.console import cast
from tests.portal.console.cast import signed_in
from tests.portal.views.cast import NOW, PINECONE, REDIS, person, text
from tests.portal.views.cast import signed_in as partner_signed_in

PASSWORD = "an evening walk 7"
ME = cast.email_of("support_agent")


@pytest.fixture
def support(console):
    """A support agent with a password, and owners at both partners."""
    with schema.in_console():
        user = User.objects.get(email=ME)
        user.set_password(PASSWORD)
        user.save()
    for partner in console:
        person(partner, "owner")
    return signed_in("support_agent")


def begin(client, slug="redis-labs", **more):
    form = {"slug": slug, "reason": "ticket 4711", "password": PASSWORD, **more}
    return client.post("/support/look/", form)


def link(answer):
    """The path of the link that opens the portal."""
    return re.search(r'href="https?://[^/"]+(/accounts/look/[^"]+)"', answer.content.decode())[1]


def test_everything_is_found_by_what_people_know_it_by(support, console):
    _, pinecone = console
    with schema.in_partner(pinecone):
        key, secret = create_key(partner_id=pinecone.pk, livemode=True, actor="x", now=NOW)
        customer = Customer.objects.get(external_id="acme")
        owner = User.objects.get(email="owner@pinecone.example")
    with schema.in_console():
        agreement = Agreement.objects.get(partner_id=pinecone.pk)
        event = UsageEvent.objects.filter(partner_id=pinecone.pk).first()
    for asked, kind in (
        ("pinecone", "Partner"), (str(pinecone.pk), "Partner"), (PINECONE, "Host"),
        (key.pk[:8], "API key"), (f"acp_live_{key.pk}…", "API key"), (secret, "API key"),
        (str(customer.pk), "Customer"), (owner.email, "Person"),
        (email_hash(owner.email), "Person"), (agreement.code, "Agreement"),
        (str(event.pk), "Usage event"),
    ):  # fmt: skip
        page = text(support.get("/support/", {"q": asked}, follow=True))
        found = page.partition("Found")[2].partition("Looking now")[0]
        assert kind in found and "Pinecone" in found and "Redis" not in found, asked
    assert support.get("/support/", {"q": secret})["Location"] == f"/support/?q={key.pk}"
    assert owner.email not in text(support.get("/support/", {"q": email_hash(owner.email)}))
    both = text(support.get("/support/", {"q": "acme"}))
    assert "Pinecone" in both and "Redis Labs" in both
    for nothing in ("no such thing", "a\0b", "a" * 300, "'; drop table --", "%", "acp_live_"):
        assert "Nothing goes by this" in text(support.get("/support/", {"q": nothing}))


def test_a_look_shows_the_portal_changes_nothing_and_is_read_by_the_partner(support, console):
    redis_labs, pinecone = console
    assert "not your password" in text(begin(support, password="guess"))
    assert "required" in text(begin(support, reason=" "))
    path = link(begin(support))
    assert Client(HTTP_HOST=PINECONE).get(path).status_code == 403  # another portal's
    browser = Client(HTTP_HOST=REDIS)

    assert browser.get(path)["Location"] == "/manage/"
    assert Client(HTTP_HOST=REDIS).get(path).status_code == 403  # it opens once

    page = browser.get("/manage/")
    assert page.status_code == 200 and "no-store" in page["Cache-Control"]
    assert "you see the portal of Redis Labs" in text(page)
    for part in ("keys", "customers", "usage", "team", "payouts", "audit", "webhooks", "brand"):
        assert browser.get(f"/manage/{part}/").status_code == 200, part
    assert browser.post("/manage/keys/new/", {"label": "x", "mode": "live"}).status_code == 403
    for url in ("/manage/audit/csv", "/accounts/security/", "/", "/usage/"):
        assert browser.get(url).status_code == 403, url
    assert Client(HTTP_HOST=PINECONE).get("/manage/").status_code == 302

    owner, other = partner_signed_in(REDIS, "owner"), partner_signed_in(PINECONE, "owner")
    log = text(owner.get("/manage/audit/"))
    assert ME in log and "Look of support: begun" in log and "page looked at" in log
    assert ME not in text(other.get("/manage/audit/"))
    with schema.in_partner(redis_labs):
        started = AuditEntry.objects.get(verb="look.started")
        pages = AuditEntry.objects.filter(verb="look.page").count()
        row = SupportLook.objects.get()
    assert started.data["reason"] == "ticket 4711" and pages == row.pages > 8
    with schema.in_partner(pinecone):
        assert not SupportLook.objects.exists()


def test_a_look_ends_by_hand_by_the_console_by_time_and_by_the_next(support):
    browser = Client(HTTP_HOST=REDIS)
    browser.get(link(begin(support)))
    shown = text(support.get("/support/"))
    assert "ticket 4711" in shown and "Looking now" in shown
    with schema.in_console():
        row = SupportLook.objects.get()
    support.post(f"/support/looks/{row.pk}/end/")
    assert "This look is over" in text(browser.get("/manage/"))
    assert browser.get("/manage/").status_code == 302  # nobody is signed in

    browser.get(link(begin(support)))
    assert browser.post("/accounts/look/end/")["Location"] == "/"
    assert browser.get("/manage/").status_code == 302

    browser.get(link(begin(support)))
    with time_machine.travel(NOW + timedelta(minutes=30), tick=False):
        assert browser.get("/manage/").status_code in (302, 403)
    late = link(begin(support))
    begin(support, slug="pinecone")
    assert browser.get(late).status_code == 403  # it was replaced
    with schema.in_console():
        ends = list(SupportLook.objects.values_list("ended_how", flat=True))
    assert sorted(ends) == ["", "ended", "ended", "replaced", "replaced"]


def test_a_ticket_grows_old_and_a_signed_in_person_is_not_mixed_with_a_look(support):
    path = link(begin(support))
    with time_machine.travel(NOW + timedelta(minutes=1), tick=False):
        assert "opens nothing" in text(Client(HTTP_HOST=REDIS).get(path))
    browser = partner_signed_in(REDIS, "owner")
    browser.get(link(begin(support)))

    assert "you see the portal" in text(browser.get("/manage/"))
    assert browser.post("/manage/keys/new/", {"label": "x", "mode": "live"}).status_code == 403
