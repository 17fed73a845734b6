"""From what happens to what receivers are told: once written down, at least once sent.

Two partners; the worker is the settlement login, the acts are the web's, real receivers listen.
"""

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings
from django.core import mail
from standardwebhooks import Webhook

from cache_api.actions.customers import add_customer, set_suspended
from cache_api.actions.hooks import deliver, endpoints, events
from cache_api.gateways.receivers import post_all
from cache_api.models import Customer, HookDelivery, HookEndpoint, HookEvent
from cache_api.rules.hooks import catalogue, schedule
from portal import tasks
from portal.queries.facts import PAPERS, VERBS, facts_since
from tenants import schema
from tenants.actions import incidents, keys
from tenants.rules.ids import uuid7
from tenants.rules.status import COMPONENTS
from tests.conftest import two_partners
from tests.portal.views import cast
from tests.receiver import receiver

NOW = datetime(2026, 10, 5, 14, 20, tzinfo=UTC)
ALL = sorted(catalogue.CATALOGUE)
WHO = "owner@example.com"


@pytest.fixture
def there():
    with receiver() as one:
        yield one


def customers_and_owners(_database):
    """Two partners, each with customers acme and zeta and an owner."""
    for partner in two_partners():
        cast.person(partner, "owner")
        with schema.in_partner(partner):
            for name in ("acme", "zeta"):
                add_customer(partner_id=partner.pk, external_id=name, name=name.title(), plan="",
                             actor=WHO, now=NOW)  # fmt: skip


@pytest.fixture
def world(database, partners):
    """The same, connected as the worker."""
    database.fill(customers_and_owners)
    database.login("settle")
    return partners


def customer_id(name):
    return Customer.objects.get(external_id=name).id


def endpoint(partner, url, customer=None, types=None):
    """An endpoint and its secret; in the partner's schema."""
    mine = catalogue.PARTNER if customer is None else catalogue.CUSTOMER
    return endpoints.add_endpoint(
        partner_id=partner.pk, customer=customer and customer_id(customer), url=url, label="",
        types=types or [one.name for one in catalogue.offered(mine)], loopback=True,
        kek=settings.KEK, actor=WHO, now=NOW,
    )  # fmt: skip


def act(database, partner, do, **more):
    """One act of the web, as the partner's own role; then the worker goes on."""
    database.login("web")
    with schema.in_partner(partner):
        done = do(partner_id=partner.pk, actor=WHO, now=NOW, **more)
    database.login("settle")
    return done


def look(partner, now=NOW):
    """The worker turns facts into events."""
    with schema.in_partner(partner):
        since = events.unread_since(now)
        found = facts_since(partner.pk, since) if since else []
        return events.keep_events(facts=found, now=now)


def send(partner, now=NOW, **more):
    with schema.in_partner(partner):
        return deliver.deliver_due(kek=settings.KEK, loopback=True, now=now, **more)


def types_of(there, path):
    return [json.loads(body)["type"] for where, _, body in there.got if where == path]


def test_an_act_is_told_to_whom_it_concerns_and_nobody_else(database, world, there):
    redis, pinecone = world
    with schema.in_partner(redis):
        _, secret = endpoint(redis, there.url("/redis"))
        endpoint(redis, there.url("/acme"), "acme")
        endpoint(redis, there.url("/zeta"), "zeta")
        endpoint(redis, there.url("/picky"), types=["payout.paid"])
    with schema.in_partner(pinecone):
        endpoint(pinecone, there.url("/pinecone"))

    made, text = act(database, redis, keys.create_key, livemode=False, customer_external_id="acme")
    act(database, redis, keys.revoke_key, key_id=made.id)
    with schema.in_partner(redis):
        who = customer_id("acme")
    act(database, redis, set_suspended, customer_id=who, suspended=True, reason="unpaid")

    assert (look(redis), look(redis), look(pinecone)) == (3, 0, 0)
    assert (send(redis), send(redis), send(pinecone)) == (5, 0, 0)
    told = {path: types_of(there, path) for path in
            ("/redis", "/acme", "/zeta", "/picky", "/pinecone")}  # fmt: skip
    assert sorted(told.pop("/redis")) == ["customer.suspended", "key.created", "key.revoked"]
    assert sorted(told.pop("/acme")) == ["key.created", "key.revoked"]
    assert told == {"/zeta": [], "/picky": [], "/pinecone": []}
    assert text not in str(there.got)
    _, headers, body = next(
        one for one in there.got if one[0] == "/redis" and "key.revoked" in one[2]
    )
    assert headers["webhook-signature"] == Webhook(secret).sign(headers["webhook-id"], NOW, body)


def test_what_happened_before_an_endpoint_is_not_told_to_it(database, world, there):
    act(database, world.redis, keys.create_key, livemode=False)
    with schema.in_partner(world.redis):
        endpoint(world.redis, there.url())

    assert look(world.redis) == 0 and send(world.redis) == 0


def test_an_act_that_is_rolled_back_is_never_told(database, world, there):
    with schema.in_partner(world.redis):
        endpoint(world.redis, there.url())
    act(database, world.redis, keys.create_key, livemode=False)

    with pytest.raises(keys.KeyRefused):
        act(database, world.redis, keys.rotate_key, key_id="nothing", overlap=timedelta(0))

    assert look(world.redis) == 1


def test_a_worker_that_dies_after_sending_sends_again_under_the_same_id(database, world, there):
    with schema.in_partner(world.redis):
        endpoint(world.redis, there.url())
    act(database, world.redis, keys.create_key, livemode=False)
    look(world.redis)

    def killed(posts):
        post_all(posts)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        send(world.redis, send=killed)
    assert send(world.redis, NOW + timedelta(seconds=30)) == 0  # leased
    assert send(world.redis, NOW + timedelta(seconds=61)) == 1

    first, second = there.got
    assert first[1]["webhook-id"] == second[1]["webhook-id"] and first[2] == second[2]
    with schema.in_partner(world.redis):
        assert HookDelivery.objects.get().state == "delivered"


def test_ten_tries_a_warning_and_the_end(database, world, there):
    there.says["/hook"] = (500, {}, b"broken")
    with schema.in_partner(world.redis):
        endpoint(world.redis, there.url())
    act(database, world.redis, keys.create_key, livemode=False)
    look(world.redis)

    at, notices, tries = NOW, [], 0
    for wait in schedule.WAITS:
        at += wait
        assert send(world.redis, at - timedelta(seconds=1)) == 0 or not wait
        tries += send(world.redis, at)
        with schema.in_partner(world.redis):
            row = HookEndpoint.objects.get()
            notices.append(row.notice)
            HookEndpoint.objects.update(notice="")

    assert tries in (9, 10) and len(there.got) == 10
    assert len({headers["webhook-id"] for _, headers, _ in there.got}) == 1
    assert [one for one in notices if one] == ["failing", "disabled"]
    assert row.disabled_at == at and row.disabled_reason == "it failed for days"
    with schema.in_partner(world.redis):
        kept = HookDelivery.objects.get()
        assert (kept.state, kept.tries, len(kept.attempts)) == ("failed", 10, 10)
        assert kept.attempts[0]["status"] == 500 and kept.attempts[0]["answer"] == "broken"


def test_a_success_in_between_keeps_an_endpoint(database, world, there):
    there.says["/hook"] = (500, {}, b"")
    with schema.in_partner(world.redis):
        row, _ = endpoint(world.redis, there.url())
    act(database, world.redis, keys.create_key, livemode=False)
    look(world.redis)
    send(world.redis)
    del there.says["/hook"]

    send(world.redis, NOW + timedelta(hours=1))

    with schema.in_partner(world.redis):
        row.refresh_from_db()
    assert (row.failing_since, row.disabled_at) == (None, None)


def test_gone_disables_at_once_and_people_are_told_by_mail(database, world, there):
    there.says["/hook"] = (410, {}, b"")
    with schema.in_partner(world.redis):
        endpoint(world.redis, there.url())
        row = HookEndpoint.objects.get()
    act(database, world.redis, keys.create_key, livemode=False)
    act(database, world.redis, keys.create_key, livemode=False)
    look(world.redis)
    send(world.redis, most=1)

    assert (tasks.mail_notices(), tasks.mail_notices()) == (1, 0)

    assert [one.to for one in mail.outbox] == [["owner@example.com"], ["owner@redis.example"]]
    letter = mail.outbox[0]
    assert "disabled" in letter.subject
    assert "410 Gone" in letter.body and f"/manage/webhooks/{row.id}/" in letter.body
    assert "Redis Edge Cache" in letter.body
    assert send(world.redis, NOW + timedelta(days=1)) == 0 and len(there.got) == 1
    with schema.in_partner(world.redis):
        assert {one.state for one in HookDelivery.objects.all()} == {"failed"}
        with pytest.raises(endpoints.HookRefused, match="enable it first"):
            events.replay(endpoint=HookEndpoint.objects.get(), start=NOW, end=NOW, now=NOW)


def test_replays_send_the_same_ids_and_what_was_missed(database, world, there):
    with schema.in_partner(world.redis):
        row, _ = endpoint(world.redis, there.url())
        endpoint(world.redis, there.url("/other"))
    act(database, world.redis, keys.create_key, livemode=False)
    look(world.redis)
    send(world.redis)
    more = {"customer": None, "endpoint_id": row.id}
    act(database, world.redis, endpoints.set_enabled, enabled=False, **more)
    act(database, world.redis, keys.create_key, livemode=False)
    look(world.redis)
    act(database, world.redis, endpoints.set_enabled, enabled=True, **more)
    there.got.clear()
    send(world.redis)
    assert types_of(there, "/hook") == []

    with schema.in_partner(world.redis):
        row.refresh_from_db()
        hour = timedelta(hours=1)
        assert events.replay(endpoint=row, start=NOW + hour, end=NOW + 2 * hour, now=NOW) == 0
        assert events.replay(endpoint=row, start=NOW - hour, end=NOW + hour, now=NOW) == 2
    send(world.redis)

    with schema.in_partner(world.redis):
        ids = {f"evt_{one.id.hex}" for one in HookEvent.objects.all()}
    again = [headers["webhook-id"] for path, headers, _ in there.got if path == "/hook"]
    assert set(again) == ids and len(again) == 2


def test_a_rolled_secret_signs_beside_the_old_one_until_its_end(database, world, there):
    with schema.in_partner(world.redis):
        row, old = endpoint(world.redis, there.url())
    roll = {"customer": None, "endpoint_id": row.id, "overlap": timedelta(hours=1),
            "kek": settings.KEK}  # fmt: skip
    new = act(database, world.redis, endpoints.roll_secret, **roll)
    with pytest.raises(endpoints.HookRefused, match="rolled already"):
        act(database, world.redis, endpoints.roll_secret, **roll)
    with schema.in_partner(world.redis):
        row.refresh_from_db()
        for at in (NOW, NOW + timedelta(hours=1)):
            events.send_test(endpoint=row, now=at)
    for at in (NOW, NOW + timedelta(hours=1)):
        send(world.redis, at)

    (_, first, text), (_, second, later) = there.got
    signed = {name: Webhook(key) for name, key in (("old", old), ("new", new))}
    assert first["webhook-signature"].split() == [
        signed[name].sign(first["webhook-id"], NOW, text) for name in ("new", "old")
    ]
    assert second["webhook-signature"] == signed["new"].sign(
        second["webhook-id"], NOW + timedelta(hours=1), later
    )
    with schema.in_partner(world.redis):
        kept = bytes(HookEndpoint.objects.get().secret)
    assert new.removeprefix("whsec_") not in kept.decode("latin-1")


def test_what_is_old_is_forgotten_and_not_found_again(database, world, there):
    with schema.in_partner(world.redis):
        endpoint(world.redis, there.url())
    act(database, world.redis, keys.create_key, livemode=False)
    look(world.redis)
    later = datetime.now(UTC) + timedelta(days=31)

    with schema.in_partner(world.redis):
        assert events.forget(now=datetime.now(UTC)) == 0
        assert events.forget(now=later) == 2

    assert look(world.redis, later) == 0


def test_settled_months_are_told(database, partners, there):
    with schema.in_partner(partners.redis):
        Customer.objects.create(external_id="acme", created_at=NOW)
        endpoint(partners.redis, there.url("/redis"))
        endpoint(partners.redis, there.url("/acme"), "acme")
        Customer.objects.all().delete()
    cast.settled(partners)
    with schema.in_partner(partners.redis):
        HookEndpoint.objects.exclude(customer_id=None).update(customer_id=customer_id("acme"))
    database.login("settle")

    look(partners.redis)
    send(partners.redis)

    told = sorted(types_of(there, "/redis"))
    assert told.count("invoice.issued") == 2 and told.count("statement.issued") == 1
    assert told.count("customer.created") == 2
    assert types_of(there, "/acme") == ["invoice.issued"]
    body = next(body for path, _, body in there.got if path == "/acme")
    assert json.loads(body)["data"] | {"document_id": "", "number": "", "due_date": ""} == {
        "document_id": "", "number": "", "customer": "acme", "period": "2026-09",
        "currency": "USD", "total_minor": json.loads(body)["data"]["total_minor"], "due_date": "",
    }  # fmt: skip


def test_an_incident_is_told_to_those_whom_it_concerns(database, world, there):
    for partner in world:
        with schema.in_partner(partner):
            endpoint(partner, there.url(f"/{partner.slug}"))
    first = {"title": "Slow", "component": COMPONENTS[0], "impact": "degraded", "actor": WHO}
    database.login("web")
    with schema.in_console():
        for slugs in ([], ["pinecone"]):
            incidents.open_incident(incident_id=uuid7(), text="We look.", slugs=slugs, now=NOW,
                                    **first)  # fmt: skip
    database.login("settle")

    assert [look(partner) for partner in world] == [1, 2]
    assert [send(partner) for partner in world] == [1, 2]
    told = [json.loads(body)["data"] for path, _, body in there.got if path == "/redis-labs"]
    assert [(one["title"], one["state"], one["text"]) for one in told] == [
        ("Slow", "investigating", "We look.")
    ]


def test_the_sweep_finds_everybody_and_queues_once_each(database, world, there, monkeypatch):
    queued = []
    monkeypatch.setattr(tasks.current_app, "send_task",
                        lambda name, **more: queued.append(more["kwargs"]))  # fmt: skip
    for partner in world:
        with schema.in_partner(partner):
            endpoint(partner, there.url(f"/{partner.slug}"))
    act(database, world.redis, keys.create_key, livemode=False)

    assert tasks.sweep_hooks() == 1
    assert queued == [{"partner_id": str(world.redis.pk)}]
    assert tasks.run_hooks(**queued[0]) == 1
    assert types_of(there, "/redis-labs") == ["key.created"] and tasks.sweep_hooks() == 0


def test_every_event_of_the_catalogue_has_a_source():
    made = {name for name, _, _ in VERBS.values()} | set(PAPERS.values())
    made |= {"payout.paid", "dispute.answered", "alert.fired", "incident.updated"}

    assert made == set(catalogue.CATALOGUE)
