"""Alerts by page and by the look of the worker: once a period, by mail and webhook, by owner."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core import mail

from cache_api.actions import alerts
from cache_api.actions.hooks import endpoints
from cache_api.models import Alert, AlertFiring, Customer, HookEvent
from portal import tasks
from tenants import schema
from tests.billing import world
from tests.portal.views import cast
from tests.portal.views.cast import PINECONE, REDIS, signed_in, text


def add(client, kind, limit, path="/manage/alerts/", **more):
    given = {"kind": kind, "name": kind, "limit": limit, "by_mail": "on", **more}
    return client.post(f"{path}new/", given, follow=True)


def fired(partner):
    with schema.in_partner(partner):
        rows = AlertFiring.objects.order_by("alert__kind", "step")
        return [(row.alert.kind, row.period, row.step, row.value) for row in rows]


def watch(database):
    database.login("settle")
    try:
        return tasks.watch_alerts()
    finally:
        database.login("web")


def test_three_are_suggested_and_one_click_fills_the_form(empty_portal):
    owner = signed_in(REDIS, "owner")

    page = owner.get("/manage/alerts/")

    assert text(page).count("Set it") == 3
    form = owner.get("/manage/alerts/new/?kind=hit_rate&name=Hit+rate+fell&limit=20")
    assert 'value="20"' in form.content.decode() and "Hit rate fell" in form.content.decode()


def test_a_budget_fires_once_a_step_by_mail_and_webhook(long_portal):
    partners, database = long_portal
    owner, carl = signed_in(REDIS, "owner"), signed_in(REDIS, "customer_owner")
    with schema.in_partner(partners.redis):
        acme = Customer.objects.get(external_id="acme").id
        for who in (None, acme):
            endpoints.add_endpoint(
                partner_id=partners.redis.pk, customer=who, url="https://example.com/", label="",
                types=["alert.fired"], loopback=False, kek=tasks.settings.KEK, actor="x",
                now=cast.NOW,
            )  # fmt: skip
    assert "It is watched" in text(add(carl, "budget", "0.05", "/alerts/"))
    add(owner, "budget", "1000000", customer="acme")

    assert (watch(database), watch(database)) == (1, 0)

    [(kind, period, step, value)] = fired(partners.redis)
    assert (kind, period) == ("budget", "2026-10") and step in ("50 %", "80 %", "100 %", "forecast")
    assert Decimal(value) > 0 and fired(partners.pinecone) == []
    with schema.in_partner(partners.redis):
        event = HookEvent.objects.get()
        [delivery] = event.deliveries.all()
        assert (event.customer, delivery.endpoint.customer_id) == ("acme", acme)
    database.login("settle")
    assert (tasks.mail_notices(), tasks.mail_notices()) == (1, 0)
    database.login("web")
    assert [one.to for one in mail.outbox] == [["customer_owner@example.com"]]
    assert value in mail.outbox[0].body and "/alerts/" in mail.outbox[0].body
    assert value in text(carl.get("/alerts/")) and value not in text(owner.get("/manage/alerts/"))


def test_a_fall_of_the_hit_rate_slow_hits_and_a_quota(long_portal):
    partners, database = long_portal
    owner = signed_in(REDIS, "owner")
    database.login("owner")
    world.record(
        world.hit(partners.redis, "2026-10-05T10:00", "zeta", 900, outcome="miss"),
        world.hit(partners.redis, "2026-10-05T13:10", "zeta", 200, latency_us=9000),
        now=cast.NOW,
    )
    with schema.in_partner(partners.redis):
        Customer.objects.filter(external_id="zeta").update(quota={"month": 1200, "hard": True})
        Customer.objects.filter(external_id="acme").update(quota={"day": 10, "hard": True})
    database.login("web")
    for kind, limit in (("hit_rate", 20), ("latency", 5), ("quota", 80)):
        add(owner, kind, limit)
        add(signed_in(PINECONE, "owner"), kind, limit)

    assert watch(database) == 3

    assert fired(partners.pinecone) == []
    found = fired(partners.redis)
    assert found[0] == ("hit_rate", "2026-10-05", "drop", "18.2 % after 100.0 %")
    assert found[1][:3] == ("latency", "2026-10-05", "p95")
    assert 9.0 <= float(found[1][3].removesuffix(" ms")) <= 13.0
    assert found[2] == ("quota", "2026-10", "zeta: 80 % of the month", "1100 of 1200")
    page = text(owner.get("/manage/alerts/"))
    assert "18.2 % after 100.0 %" in page and "1100 of 1200" in page


def look(partner, database, now=cast.NOW):
    """The worker's look, with a month's money that is all spent."""
    database.login("settle")
    with schema.in_partner(partner):
        found = alerts.watch(spent=lambda customer: (Decimal(1), Decimal("0.5")), now=now)
    database.login("web")
    return found


def test_a_paused_alert_does_not_fire_and_a_removed_one_is_gone(empty_portal, database):
    owner, partner = signed_in(REDIS, "owner"), empty_portal.redis
    add(owner, "budget", "1")
    with schema.in_partner(partner):
        row = Alert.objects.get()

    owner.post(f"/manage/alerts/{row.id}/pause/")
    assert look(partner, database) == 0
    owner.post(f"/manage/alerts/{row.id}/resume/")
    assert look(partner, database) == 1
    owner.post(f"/manage/alerts/{row.id}/remove/")

    assert fired(partner) == []


def test_a_month_later_it_fires_anew(empty_portal, database):
    add(signed_in(REDIS, "owner"), "budget", "1")
    partner = empty_portal.redis

    times = [look(partner, database, cast.NOW + timedelta(days=30 * n)) for n in (0, 0, 1)]

    assert times == [1, 0, 1]
    assert [one[1] for one in fired(partner)] == ["2026-10", "2026-11"]


def test_what_belongs_to_another_does_not_exist(empty_portal):
    owner, carl = signed_in(REDIS, "owner"), signed_in(REDIS, "customer_owner")
    add(signed_in(PINECONE, "owner"), "quota", 80)
    add(carl, "quota", 80, "/alerts/")
    with schema.in_partner(empty_portal.pinecone):
        foreign = Alert.objects.get()
    with schema.in_partner(empty_portal.redis):
        own = Alert.objects.get()

    tried = [owner.post(f"/manage/alerts/{row.id}/{verb}/") for row in (foreign, own)
             for verb in ("pause", "resume", "remove")]  # fmt: skip
    tried += [carl.post(f"/alerts/{foreign.id}/{verb}/") for verb in ("pause", "remove")]

    assert {one.status_code for one in tried} == {404}
    assert "Three to begin with" in text(owner.get("/manage/alerts/"))


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"limit": "0"}, "Use a number from 0.01"), ({"limit": "x"}, "Enter a number"),
        ({"limit": "NaN"}, "Enter a number"), ({"kind": "mood"}, "Select a valid choice"),
        ({"name": ""}, "required"), ({"customer": "nobody"}, "You have no customer with this id"),
    ],
)  # fmt: skip
def test_what_cannot_be_watched_says_why(empty_portal, fields, said):
    given = {"kind": "budget", "limit": "5", **fields}

    answer = add(signed_in(REDIS, "owner"), given.pop("kind"), given.pop("limit"), **given)

    assert said in text(answer)
    with schema.in_partner(empty_portal.redis):
        assert not Alert.objects.exists()
