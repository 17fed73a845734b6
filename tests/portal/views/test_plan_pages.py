"""Plans as partners and customers see them; two partners, one database for the module."""

import pytest
from django.core import mail

from billing.models import Plan, PlanAssignment
from cache_api.models import Customer
from tenants import schema
from tenants.accounts.models import User
from tenants.models import AuditEntry
from tests.portal.views import cast
from tests.portal.views.cast import PINECONE, REDIS, signed_in, text

GROWTH = {"name": "Growth", "fee": "49", "included": "50", "overage": "3", "served": "0.02",
          "policy": "soft", "lookups": ""}  # fmt: skip
HARD = {**GROWTH, "fee": "59", "policy": "hard", "lookups": "2000"}


def acme(partner):
    with schema.in_partner(partner):
        return Customer.objects.get(external_id="acme")


@pytest.fixture
def offered(long_portal):
    """Redis has published Growth from October on: (partners, page of the plan, its version)."""
    partners, _database = long_portal
    owner = signed_in(REDIS, "owner")
    page = owner.post("/manage/plans/new/", GROWTH)["Location"]
    assert owner.post(f"{page}publish/", {"starts": "2026-10"}).status_code == 302
    with schema.in_partner(partners.redis):
        version = Plan.objects.get().versions.get()
    return partners, page, version


def test_a_plan_from_template_to_invoice_estimate(offered, long_portal):
    """acme had 100 hits in October by the 5th 14:20, 50 included: 49 + 50 × 0.003 = 49.15.
    At that pace 674 by the end (100 × 744 h / 110⅓ h, rounded down): 49 + 624 × 0.003 = 50.87."""
    (partners, _page, version), (_partners, database) = offered, long_portal
    owner, row = signed_in(REDIS, "owner"), acme(partners.redis)
    at = f"/manage/customers/{row.id}/plan/"

    empty = text(signed_in(PINECONE, "owner").get("/manage/plans/"))
    dry = text(owner.get(at, {"version": str(version.pk), "starts": "2026-10"}))
    with schema.in_partner(partners.redis):
        assert not PlanAssignment.objects.exists()
    done = text(owner.post(at, {"version": str(version.pk), "starts": "2026-10"}, follow=True))
    assert "being worked out at 14:20 UTC" in text(signed_in(REDIS, "customer_owner").get("/plan/"))
    database.login("settle")
    cast.estimate(partners)
    database.login("web")
    listed, mine = (
        text(owner.get("/manage/plans/")),
        text(signed_in(REDIS, "customer_owner").get("/plan/")),
    )

    assert "No plan yet" in empty and all(name in empty for name in ("Pay as you go", "Fixed"))
    assert "The whole of October 2026, from its first day on, is billed by Growth v1" in dry
    assert "$49.00 a month" in dry and "$3.00 for 1,000 beyond them" in dry
    assert "Growth v1 since" in done
    assert "v1 since" in listed and "$3.00" in listed
    assert "Cost so far est. $49.15" in mine and "100" in mine and "0 left" in mine
    assert "674 requests at the pace so far" in mine and "$50.87" in mine
    assert "200.0 % of 50 this month" in text(signed_in(REDIS, "customer_owner").get("/"))
    assert "You are on no plan" in text(signed_in(PINECONE, "customer_owner").get("/plan/"))


def test_a_new_version_leaves_customers_and_a_hard_one_sets_the_quota(offered):
    partners, page, version = offered
    owner, row = signed_in(REDIS, "owner"), acme(partners.redis)
    at = f"/manage/customers/{row.id}/plan/"
    owner.post(at, {"version": str(version.pk), "starts": "2026-10"})

    bad = text(owner.post(page, {**HARD, "lookups": ""}))
    seen = owner.get(page).context["seen"]
    saved = text(owner.post(page, {**HARD, "seen": seen}, follow=True))
    stale = text(owner.post(page, {**HARD, "fee": "60", "seen": seen}))
    unread = text(owner.post(f"{page}publish/", {"starts": "2026-11", "seen": seen}))
    mark = owner.get(page).context["seen"]
    owner.post(f"{page}publish/", {"starts": "2026-11", "seen": mark})
    shown = text(owner.get(page))
    with schema.in_partner(partners.redis):
        second = Plan.objects.get().versions.get(prices__number=2)
    refused = text(owner.post(at, {"version": str(second.pk), "starts": "2026-10"}))
    planned = text(owner.post(at, {"version": str(second.pk), "starts": "2026-11"}, follow=True))

    told = "Somebody else changed this meanwhile"
    assert told in stale and told in unread and "$59.00 a month" in unread
    assert "Say from how many lookups on" in bad and "The draft is saved" in saved
    assert "From 2,000 lookups a month on, requests are answered as misses" in shown
    assert "v1 in force" in shown and "cannot be joined on 2026-10-01" in refused
    assert "Growth v1 since" in planned and "Growth v2 from" in planned
    assert acme(partners.redis).quota is None  # it follows when November begins


def test_a_customer_asks_for_more_and_the_owners_alone_are_told(offered):
    partners, _page, _version = offered
    mail.outbox = []
    client = signed_in(REDIS, "customer_owner")

    pages = [text(client.post("/plan/ask/", {"wish": "twice as much"}, follow=True))
             for _ in range(4)]  # fmt: skip

    assert "Asked." in pages[0] and "You asked three times today" in pages[3]
    with schema.in_partner(partners.redis):
        owners = set(User.objects.filter(role="owner").values_list("email", flat=True))
    assert {one.to[0] for one in mail.outbox} == owners
    assert len(mail.outbox) == 3 * len(owners)
    assert "twice as much" in mail.outbox[0].body
    with schema.in_partner(partners.redis):
        entry = AuditEntry.objects.filter(verb="plan.asked").first()
    assert (entry.actor, entry.target) == ("customer_owner@example.com", "acme")
    with schema.in_partner(partners.pinecone):
        assert not AuditEntry.objects.filter(verb="plan.asked").exists()


def test_another_partners_plan_is_not_there_and_nonsense_is_told(offered):
    partners, page, version = offered
    stranger, owner = signed_in(PINECONE, "owner"), signed_in(REDIS, "owner")
    theirs = acme(partners.pinecone)

    for path in (page, f"{page}publish/", f"{page}discard/"):
        assert stranger.post(path, HARD).status_code == 404
    assert stranger.get(page).status_code == 404
    moved = stranger.post(f"/manage/customers/{theirs.id}/plan/",
                          {"version": str(version.pk), "starts": "2026-10"})  # fmt: skip
    assert moved.status_code == 200 and "Select a valid choice" in text(moved)
    assert "already" in text(owner.post("/manage/plans/new/", {**GROWTH, "name": "growth"}))
    for wrong in ({"fee": "-1"}, {"overage": "x"}, {"included": "1.5"}, {"fee": "1.005"}):
        answer = owner.post("/manage/plans/new/", {**GROWTH, "name": "Other", **wrong})
        assert answer.status_code == 200 and answer.context["form"].errors
