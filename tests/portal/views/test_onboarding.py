"""A start as facts show it, step by step, at one of two partners; the other's stays where it is."""

import re

from django.test import override_settings

from cache_api.models import Customer
from portal.queries.onboarding import partner_checklist
from tenants import schema
from tenants.actions.branding import publish_brand
from tenants.models import Domain, DomainClaim, Partner
from tests.billing import world
from tests.portal.views import cast
from tests.portal.views.cast import PINECONE, REDIS, signed_in, text


def states(client, path="/manage/"):
    page = client.get(path).content.decode()
    return " ".join(re.findall(r'class="step step--(\w+)"', page))


def rebrand(partner, name):
    row = Partner.objects.get(pk=partner.id)
    publish_brand(partner=row, seed_hex="#1C17FF", product_name=name, legal_name="X",
                  actor="owner@example.com", now=cast.NOW)  # fmt: skip


def test_a_partners_steps_follow_its_facts(empty_portal, database):
    ours, others = signed_in(REDIS, "owner"), signed_in(PINECONE, "owner")
    with schema.in_partner(empty_portal.redis):
        Customer.objects.update(state="unconfirmed")
    # The look and the host of the opening: the host is the partner's own, the look is not.
    assert states(ours) == "now done later later later"

    database.login("owner")
    rebrand(empty_portal.redis, "Redis Overflow")
    with schema.in_partner(empty_portal.redis):
        Customer.objects.update(state="active")
    database.login("web")
    assert states(ours) == "done done done now later"

    assert ours.post("/manage/keys/new/", {"label": "one", "mode": "test"}).status_code == 200
    assert states(ours) == "done done done done now"
    waiting = ours.get("/manage/first-request/")
    assert (waiting.status_code, waiting.headers.get("HX-Refresh")) == (204, None)

    database.login("owner")
    world.record(world.hit(empty_portal.redis, "2026-10-05T14:00", "new", livemode=False),
                 now=cast.NOW)  # fmt: skip
    database.login("web")
    assert ours.get("/manage/first-request/").headers["HX-Refresh"] == "true"
    page = ours.get("/manage/").content.decode()
    assert re.findall(r'class="step step--(\w+)"', page) == []
    assert "Getting started" not in page and "first-request" not in page
    assert "HX-Refresh" not in others.get("/manage/first-request/").headers
    assert states(others) == "now done later later later"


def test_a_host_counts_once_its_certificate_is_there(empty_portal, database):
    database.login("owner")
    host = Domain.objects.get(domain=REDIS)
    claim = DomainClaim.objects.create(
        partner_id=empty_portal.redis.id, host=host.domain, token="t" * 32,
        target="x.edge", created_at=cast.NOW,
        created_by="owner@example.com",
    )  # fmt: skip

    def domain():
        with override_settings(HTTPS=True), schema.in_partner(empty_portal.redis):
            found = partner_checklist(empty_portal.redis.id, "redis-labs")
        return {step.name: step.is_done for step in found.steps}["domain"]

    seen = []
    for fact in ({"routing": "pending"}, {"routing": "verified"}, {"cert": "allowed"},
                 {"cert": "issuing"}, {"cert": "active"}):  # fmt: skip
        DomainClaim.objects.filter(pk=claim.pk).update(**fact)
        seen.append(domain())
    assert seen == [False, False, False, False, True]


def test_a_customers_start_is_its_own(empty_portal, database):
    database.login("owner")
    with schema.in_partner(empty_portal.redis):
        Customer.objects.create(external_id="old", name="Old", created_at=cast.NOW)
    world.record(world.hit(empty_portal.redis, "2026-10-05T14:00", "old"), now=cast.NOW)
    database.login("web")
    client = signed_in(REDIS, "customer_owner")

    assert states(client, "/") == "now later"
    assert "Waiting for the first request" in text(client.get("/"))
    assert client.post("/keys/new/", {"label": "one", "mode": "live"}).status_code == 200
    assert states(client, "/") == "done now"
    assert "HX-Refresh" not in client.get("/first-request/").headers

    database.login("owner")
    world.record(world.hit(empty_portal.redis, "2026-10-05T14:10", "new"), now=cast.NOW)
    database.login("web")
    assert client.get("/first-request/").headers["HX-Refresh"] == "true"
    assert "Getting started" not in text(client.get("/"))
    assert client.get("/manage/first-request/").status_code == 403


def test_whoever_may_not_do_a_step_sees_no_button(portal):
    owner, analyst = (signed_in(REDIS, role).get("/manage/") for role in ("owner", "analyst"))

    link = 'button--primary" href="/manage/brand/"'
    assert link in owner.content.decode() and link not in analyst.content.decode()
    # A partner in business has it folded to a line.
    assert 'id="checklist">' in owner.content.decode()
