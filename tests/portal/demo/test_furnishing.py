"""The demo's pages are not empty: pipeline, plans, keys, hosts, an address, webhooks. Twice."""

import pytest
from django.test import Client

from billing.models import Plan
from cache_api.models import HookDelivery, HookEndpoint
from portal.demo import furnishing, outside
from portal.demo.cast import CAST
from portal.demo.steps import Calendar
from tenants import resolve, schema
from tenants.accounts.models import User
from tenants.models import ApiKey, DomainClaim, Incident, Prospect, SenderAddress
from tests.billing import world
from tests.billing.people import utc
from tests.portal.views.cast import person, signed_in

NOW = utc("2026-10-05T14:20")
PAGES = {
    "domains/": ("Live", "Waits for DNS", "Not checked yet"), "webhooks/": ("On-call bridge", ),
    "email/": (outside.ADDRESS,), "plans/": ("Growth", "Fixed budget"),
}  # fmt: skip


def counts(partner):
    with schema.in_partner(partner):
        own = [HookEndpoint.objects.count(), HookDelivery.objects.count()]
    models = (Prospect, Incident, Plan, DomainClaim, SenderAddress, ApiKey)
    return own + [model.objects.count() for model in models]


@pytest.fixture
def furnished(database, partners, settings):
    """Redis Labs as the demo has it, furnished twice."""
    redis, _pinecone = partners
    resolve.forget()
    cast = next(one for one in CAST if one.slug == redis.slug)
    for one in cast.customers[:3]:
        world.customer(redis, one.external_id, name=one.name)
    User.objects.create_user(furnishing.OWNER, None, role="superadmin")
    person(redis, "owner")
    found = []
    for _ in range(2):
        calendar = Calendar.at(NOW)
        furnishing.furnish(partners={redis.slug: redis}, calendar=calendar)
        outside.answer(partners={redis.slug: redis}, calendar=calendar, kek=settings.KEK)
        found.append(counts(redis))
    database.login("web")
    return redis, found


def test_a_second_load_adds_nothing_and_no_page_is_empty(furnished):
    redis, (first, second) = furnished
    assert first == second
    endpoints, deliveries, prospects, incidents, plans, claims, senders, keys = first
    assert (endpoints, prospects, incidents, plans, claims, senders) == (3, 7, 1, 3, 4, 1)
    assert keys == 6 and deliveries > 5
    with schema.in_partner(redis):
        states = dict(HookEndpoint.objects.values_list("label", "failing_since"))
        assert not states["Billing system"] and states["On-call bridge (fails)"]
        assert set(HookDelivery.objects.values_list("state", flat=True)) >= {"delivered", "pending"}
    owner: Client = signed_in("cache.redis.localhost", "owner")
    for path, wanted in PAGES.items():
        page = owner.get(f"/manage/{path}").content.decode()
        assert [word for word in wanted if word not in page] == [], path
