"""Operations and switches on the console: what is found, what a person can do, whom it hits."""

import json
from datetime import timedelta

import pytest
import redis

from billing.actions.payouts import require_not_held
from billing.rules.errors import WrongState
from cache_api.gateways.region_states import RegionState
from cache_api.models import HookEndpoint
from portal.celery import app
from portal.gateways.broker import QUEUE, Queue, queue
from portal.queries import operations
from portal.tasks import run_hooks
from tenants import schema, switches
from tenants.accounts.models import User
from tenants.actions.switches import end_switch, set_switch
from tenants.models import AuditEntry, DomainClaim, FailedJob, Switch
from tenants.rules import switches as rules
from tenants.rules.switches import BadSwitch
from tests.conftest import own_valkey
from tests.portal.console import cast
from tests.portal.console.cast import signed_in
from tests.portal.views.cast import NOW, PINECONE, REDIS, person, text
from tests.portal.views.cast import signed_in as partner_signed_in

PASSWORD = "an evening walk 7"
ME = "sre@agentcache.example"
WELL = RegionState("eu", True, True, True, processes=1)


@pytest.fixture(autouse=True)
def _quiet(monkeypatch):
    """One region that is well, an empty queue; nothing is kept of another test."""
    monkeypatch.setattr(operations, "regions_now", lambda: (WELL,))
    monkeypatch.setattr(operations.broker, "queue", lambda _: Queue(True))
    monkeypatch.setattr(operations, "FRESH_S", -1.0)
    monkeypatch.setattr(operations, "PARTNERS_FRESH_S", 0.0)


@pytest.fixture
def broker_url(shared_world, settings, monkeypatch):
    """A queue that nobody else fills or empties: other workers' tests share the run's broker."""
    url = settings.BROKER_URL = own_valkey("BROKER_URL")
    monkeypatch.setenv("CELERY_BROKER_URL", url)
    monkeypatch.setattr(app, "_pool", None)
    monkeypatch.setattr(app.amqp, "_producer_pool", None)
    return url


def set_one(kind, partner=None, region="", until=None):
    with schema.in_console():
        return set_switch(kind=kind, partner_id=partner and partner.pk, region=region, until=until,
                          reason="we look into it", actor=ME, now=NOW)  # fmt: skip


def end_all():
    with schema.in_console():
        for row in switches.switches_on(NOW):
            end_switch(switch_id=row.pk, actor=ME, now=NOW)


def test_all_clear_then_what_is_wrong_with_its_runbook(readable, monkeypatch):
    sre = signed_in("sre")
    assert "All clear" in text(sre.get("/ops/"))
    assert "Runbook" in text(sre.get("/ops/runbook/"))

    down = RegionState("us", False, False, True, processes=1, waiting=7, oldest_ms=90_000)
    monkeypatch.setattr(operations, "regions_now", lambda: (WELL, down))
    monkeypatch.setattr(operations.broker, "queue", lambda _: Queue(False))
    page = sre.get("/ops/")

    shown = text(page)
    assert "Not serving: us" in shown and "Usage waits 90 s" in shown and "broker" in shown
    assert "/ops/runbook/#regions" in page.content.decode()
    set_one(rules.REGION_DRAINED, region="us")
    assert "Not serving" not in text(sre.get("/ops/"))  # it is meant to be down
    end_all()


def test_trouble_of_partners_is_found_wherever_it_lies(readable):
    _, pinecone = readable
    sre = signed_in("sre")
    with schema.in_partner(pinecone):
        hook = HookEndpoint.objects.create(
            url="https://down.example/hook", types=["key.created"], secret=b"x", created_by="x",
            created_at=NOW, failing_since=NOW - timedelta(hours=2),
        )  # fmt: skip
        DomainClaim.objects.create(
            partner_id=pinecone.pk, host="cache.shop.com", target="t.example", token="x",
            created_by="x", created_at=NOW,
        )  # fmt: skip
    try:
        shown = text(sre.get("/ops/webhooks/"))
        assert "https://down.example/hook" in shown and "Pinecone" in shown
        assert "Redis Labs" not in shown
        assert "cache.shop.com" not in text(sre.get("/ops/domains/"))  # not served yet
        assert "Webhooks that fail: 1" in text(sre.get("/ops/"))
    finally:
        with schema.in_partner(pinecone):
            hook.delete()
    for part in ("mail", "domains", "webhooks", "jobs"):
        assert "All clear" in text(sre.get(f"/ops/{part}/"))


def test_a_job_that_failed_is_shown_until_it_succeeds(console, database, broker_url):
    redis_labs, _ = console
    database.login("settle")
    for _ in range(2):
        run_hooks.apply(kwargs={}, throw=False)
    row = FailedJob.objects.get()
    assert (row.task, row.failures, row.partner_id) == ("portal.run_hooks", 2, None)
    assert row.error.startswith("MissingPartner: ")
    run_hooks.apply(kwargs={"partner_id": str(redis_labs.pk)})  # another job: this one still failed
    assert FailedJob.objects.count() == 1
    database.login("web")
    sre = signed_in("sre")
    assert "portal.run_hooks" in text(sre.get("/ops/jobs/"))

    assert "Queued again" in text(sre.post(f"/ops/jobs/{row.pk}/retry/", follow=True))

    told = queue(broker_url)
    assert (told.is_up, told.waiting, told.oldest_task) == (True, 1, "portal.run_hooks")
    message = json.loads(redis.Redis.from_url(broker_url).lindex(QUEUE, 0))
    assert message["headers"]["task"] == row.task and told.oldest_at == NOW
    with schema.in_console():
        assert AuditEntry.objects.filter(verb="job.queued_again", actor=ME).count() == 1
    sre.post(f"/ops/jobs/{row.pk}/aside/")
    assert "All clear" in text(sre.get("/ops/jobs/"))
    assert queue("redis://127.0.0.1:1/0") == Queue(False)


def test_a_success_clears_the_failure(console, database):
    redis_labs, _ = console
    given = {"partner_id": str(redis_labs.pk)}
    database.login("settle")
    FailedJob.objects.create(task="portal.run_hooks", kwargs=given, error="x", first_at=NOW,
                             last_at=NOW)  # fmt: skip

    run_hooks.apply(kwargs=given)

    assert not FailedJob.objects.exists()


def test_a_switch_needs_the_permission_and_the_password_and_is_in_the_audit_logs(console):
    redis_labs, pinecone = console
    with schema.in_console():
        for one in ("sre", "support_agent"):
            user = User.objects.get(email=cast.email_of(one))
            user.set_password(PASSWORD)
            user.save()
    form = {"kind": "read_only", "whom": f"partner:{redis_labs.pk}", "reason": "moving house",
            "hours": "4"}  # fmt: skip

    sre = signed_in("sre")
    assert "not your password" in text(sre.post("/ops/switches/", form | {"password": "guess"}))
    support = signed_in("support_agent")
    support.post("/ops/switches/", form | {"password": PASSWORD})
    assert (
        support.post("/ops/switches/00000000-0000-0000-0000-000000000000/end/").status_code == 403
    )
    with schema.in_console():
        assert not Switch.objects.exists()
    bad = form | {"password": PASSWORD, "whom": "*"}
    assert "Name the partner" in text(sre.post("/ops/switches/", bad))

    assert sre.post("/ops/switches/", form | {"password": PASSWORD}).status_code == 302
    assert sre.post("/ops/switches/", form | {"password": PASSWORD}).status_code == 302  # again
    shown = text(sre.get("/ops/switches/"))
    assert "moving house" in shown and "Redis Labs" in shown
    with schema.in_console():
        row = Switch.objects.get()
    assert row.until == NOW + timedelta(hours=4)
    for partner, seen in ((redis_labs, 1), (pinecone, 0)):
        with schema.in_partner(partner):
            assert AuditEntry.objects.filter(verb="switch.set").count() == seen
            assert Switch.objects.count() == seen
    sre.post(f"/ops/switches/{row.pk}/end/")
    sre.post(f"/ops/switches/{row.pk}/end/")
    with schema.in_console():
        assert AuditEntry.objects.filter(verb="switch.ended", partner_id=redis_labs.pk).count() == 1
    assert "Nothing is turned off" in text(sre.get("/ops/switches/"))


def test_a_read_only_partner_is_read_and_not_changed_and_the_other_is_changed(console):
    redis_labs, _ = console
    for partner in console:
        person(partner, "owner")
    set_one(rules.READ_ONLY, redis_labs)
    mine, theirs = partner_signed_in(REDIS, "owner"), partner_signed_in(PINECONE, "owner")
    key = {"label": "one", "mode": "live"}

    refused = mine.post("/manage/keys/new/", key)

    assert refused.status_code == 503 and "we look into it" in text(refused)
    assert mine.get("/manage/keys/").status_code == 200
    assert theirs.post("/manage/keys/new/", key).status_code == 200
    end_all()
    assert mine.post("/manage/keys/new/", key).status_code == 200


def test_held_payouts_of_whom_it_is_meant_and_until_their_time(readable):
    redis_labs, pinecone = readable
    with schema.in_console():
        require_not_held(redis_labs.pk, NOW)
    set_one(rules.PAYOUTS_HELD, redis_labs, until=NOW + timedelta(hours=1))
    with schema.in_console():
        require_not_held(pinecone.pk, NOW)
        with pytest.raises(WrongState, match="we look into it"):
            require_not_held(redis_labs.pk, NOW)
        require_not_held(redis_labs.pk, NOW + timedelta(hours=1))
    set_one(rules.PAYOUTS_HELD)
    with schema.in_console():
        for partner in readable:
            with pytest.raises(WrongState):
                require_not_held(partner.pk, NOW)
    end_all()


def test_one_whose_time_is_over_makes_room_for_the_next(readable):
    redis_labs, _ = readable
    first = set_one(rules.SEMANTIC_OFF, redis_labs, until=NOW + timedelta(hours=1))
    later = NOW + timedelta(hours=2)
    with schema.in_console():
        assert switches.hot_switches(NOW) == [("semantic_off", redis_labs.pk, "")]
        assert switches.hot_switches(later) == []
        second = set_switch(kind=rules.SEMANTIC_OFF, partner_id=redis_labs.pk, region="",
                            until=None, reason="again", actor=ME, now=later)  # fmt: skip
        first.refresh_from_db()
        assert (first.ended_at, first.ended_by) == (first.until, "time") and second.pk != first.pk
        with pytest.raises(BadSwitch):
            set_switch(kind=rules.READ_ONLY, partner_id=None, region="", reason="x", until=None,
                       actor=ME, now=NOW)  # fmt: skip
    end_all()
