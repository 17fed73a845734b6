"""Every form that changes what somebody else may have changed meanwhile says so, and waits."""

import pytest

from billing.models import PlanAssignment, PlanVersion
from cache_api.models import Customer, HookEndpoint
from tenants import schema
from tenants.accounts.models import User
from tests.portal.stale import TOLD, opened, overtaken
from tests.portal.views.cast import REDIS, person, signed_in, text

PLAN = {"name": "Growth", "fee": "49", "included": "50", "overage": "3", "served": "0",
        "policy": "soft", "lookups": ""}  # fmt: skip


@pytest.fixture
def owner(empty_portal):
    return signed_in(REDIS, "owner")


def test_quotas_endpoints_and_roles(owner, empty_portal):
    """The third time is the first change again: it is so already, and nothing is told."""
    partner = empty_portal.redis
    analyst = person(partner, "analyst")
    hook = {"url": "https://example.com/hooks", "label": "one", "types": ["key.created"]}
    assert owner.post("/manage/webhooks/new/", hook).status_code == 200
    with schema.in_partner(partner):
        customer, endpoint = Customer.objects.get(), HookEndpoint.objects.get()
    quota, edit = (f"/manage/customers/{customer.id}/quota/",
                   f"/manage/webhooks/{endpoint.id}/edit/")  # fmt: skip
    role = f"/manage/team/{analyst.pk}/"

    assert overtaken(owner, quota, quota, {"day": "10"}, {"day": "20"})
    assert overtaken(owner, edit, "", {**hook, "label": "two"}, {**hook, "label": "three"})
    assert overtaken(owner, role, f"{role}role/", {"role": "support"}, {"role": "developer"})

    with schema.in_partner(partner):
        assert Customer.objects.get().quota == {"day": 10, "hard": False}
        assert HookEndpoint.objects.get().label == "two"
        assert User.objects.get(pk=analyst.pk).role == "support"


def test_a_plans_draft_is_saved_published_and_thrown_away_as_it_was_seen(owner):
    page = owner.post("/manage/plans/new/", PLAN)["Location"]
    seen = opened(owner, page, f"{page}publish/")

    assert overtaken(owner, page, page, {**PLAN, "fee": "59"}, {**PLAN, "fee": "69"})
    for verb in ("publish", "discard"):
        late = owner.post(f"{page}{verb}/", {"starts": "2026-11", "seen": seen}, follow=True)
        assert TOLD in text(late) and "$59.00" in text(late)
    now = opened(owner, page, f"{page}publish/")
    assert "Published." in text(
        owner.post(f"{page}publish/", {"starts": "2026-11", "seen": now}, follow=True)
    )
    assert TOLD in text(owner.post(page, {**PLAN, "fee": "79", "seen": now}, follow=True))


def test_a_customer_is_moved_from_where_it_was_seen(owner, empty_portal):
    """Twice from one opened page; without the mark it is a program's, and is done as it says."""
    plans = [owner.post("/manage/plans/new/", {**PLAN, "name": name})["Location"]
             for name in ("Growth", "Large")]  # fmt: skip
    for page in plans:
        seen = opened(owner, page, f"{page}publish/")
        owner.post(f"{page}publish/", {"starts": "2026-11", "seen": seen})
    with schema.in_partner(empty_portal.redis):
        customer = Customer.objects.get()
        growth, large = (str(one.pk) for one in PlanVersion.objects.order_by("prices__card__name"))
    page = f"/manage/customers/{customer.id}/plan/"
    first, second = ({"version": one, "starts": "2026-11"} for one in (growth, large))

    assert overtaken(owner, f"{page}?version={growth}&starts=2026-11", page, first, second)
    assert owner.post(page, second).status_code == 302
    with schema.in_partner(empty_portal.redis):
        held = PlanAssignment.objects.order_by("assigned_at", "id")
        assert [str(one.version_id) for one in held] == [growth, large]


def test_it_is_told_in_the_readers_language(owner, empty_portal):
    with schema.in_partner(empty_portal.redis):
        customer = Customer.objects.get()
    quota = f"/manage/customers/{customer.id}/quota/"
    seen = opened(owner, quota)
    owner.post(quota, {"day": "10", "seen": seen})

    late = owner.post(quota, {"day": "20", "seen": seen}, headers={"accept-language": "de"})

    assert "Jemand anderes hat dies inzwischen geändert" in text(late)
