"""The settlement column of what is down or slow: late, never wrong, never half (docs/operating.md).

Real servers: Valkeys of the test's own that are killed or stopped, a real proxy that cuts the wire
to PostgreSQL, a backend that is stopped, a file system that is full.
"""

import base64
import itertools
import json
import os
import signal
import threading
from contextlib import contextmanager, suppress
from datetime import timedelta

import pytest
import redis
from celery import Celery
from django.db import DatabaseError, connection
from django.utils import timezone

from billing import tasks
from billing.actions.deliver import deliver_documents
from billing.actions.errors import AlreadySettled
from billing.actions.open_runs import settle_period
from billing.actions.render_document import render_document
from billing.actions.review import approve_period
from billing.actions.settle import issue_approved, settle_run, sweep_runs
from billing.models import Document, DocumentEvent, RenderedFile, SettlementRun
from portal.celery import app as portal_app
from portal.servers import identity, leash, ports
from tenants import tasking
from tests import faults
from tests.billing.people import APPROVER, PREPARER
from tests.billing.world import NOW, SEPTEMBER, breaches, documents, review, settle
from tests.cache_api.valkeys import Valkeys
from tests.faults import Wire

TROUBLES = {"down": signal.SIGKILL, "slow": signal.SIGSTOP}
TOTALS = ([10_001, 140, 3_042], [100, 20])


def require_settled(world) -> None:
    """The month came out as it does without trouble, once, and every equation holds."""
    assert set(SettlementRun.objects.values_list("state", flat=True)) == {"issued"}
    found = tuple([minor for _, _, minor in documents(partner)] for partner in world)
    assert found == TOTALS
    assert breaches() == []


@pytest.fixture
def own(tmp_path):
    pair = Valkeys(tmp_path / "servers")
    yield pair
    for server in (pair.cache, pair.events):
        if server.child.alive:
            os.kill(server.child.pid, signal.SIGCONT)
    pair.stop()


# --- the cache Valkey: unaffected ---


@pytest.mark.parametrize("trouble", TROUBLES)
def test_without_the_cache_a_month_is_settled_as_ever(own, world, settings, trouble):
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": own.cache.url()}}
    os.kill(own.cache.child.pid, TROUBLES[trouble])

    settle()

    require_settled(world)


# --- the events Valkey: refuses to close while anything may be spooled ---


@pytest.mark.parametrize("trouble", TROUBLES)
def test_no_month_is_closed_while_the_events_store_is_silent(own, world, monkeypatch, trouble):
    monkeypatch.setenv("EVENTS_URL", own.events.url())
    os.kill(own.events.child.pid, TROUBLES[trouble])

    for run in review().values():
        assert run.state == "parked" and "does not answer" in run.reason
        assert "waive_intake 2026-09" in run.reason
    assert Document.objects.count() == 0

    revive(own.events)
    settle()
    require_settled(world)


def test_no_month_is_closed_while_an_edge_says_that_it_holds_usage_back(own, world, monkeypatch):
    monkeypatch.setenv("EVENTS_URL", own.events.url())
    told = {"boot_id": "0" * 31 + "1", "last_seq": 3, "spool_bytes": 70,
            "seen_at_ms": 1_790_000_000_000}  # fmt: skip
    client = redis.Redis.from_url(own.events.url())
    client.hset("usage:heartbeats", told["boot_id"], json.dumps(told))

    assert {run.state for run in review().values()} == {"parked"}
    assert all("(70 bytes)" in run.reason for run in SettlementRun.objects.all())

    client.hset("usage:heartbeats", told["boot_id"], json.dumps({**told, "spool_bytes": 0}))
    settle()
    require_settled(world)


def revive(server) -> None:
    if server.child.alive:
        os.kill(server.child.pid, signal.SIGCONT)
    else:
        server.child.kill()
        server.restart()


# --- PostgreSQL: pauses, resumes ---


@pytest.fixture
def wire(world):
    """This test's connection goes through it; `world` is there already."""
    found = Wire(int(connection.settings_dict["PORT"]))
    connection.close()
    connection.settings_dict["PORT"] = str(found.proxy.port)
    yield found
    connection.close()
    connection.settings_dict["PORT"] = str(found.proxy.target)
    found.stop()


def broken_at_every_statement(wire, work, how) -> int:
    """Do `work` again and again; the n-th try loses the wire at its n-th statement. How many."""
    for turn in itertools.count(1):
        left = [turn]

        def cut(execute, sql, params, many, context, left=left):
            left[0] -= 1
            if left[0] == 0 and how == "refuse":
                wire.set(mode="refuse")
            answer = execute(sql, params, many, context)
            if left[0] == 0 and how == "truncate":  # the next one is done, but its answer is lost
                wire.set(mode="truncate", after_bytes=0)
            return answer

        try:
            with connection.execute_wrapper(cut):
                work()
            return turn - 1
        except DatabaseError:
            assert left[0] <= 0 and turn < 200
        finally:
            connection.close()  # as Celery does between tasks
            wire.set(mode="pass")
    raise AssertionError


@pytest.mark.parametrize("how", ["refuse", "truncate"])
def test_a_month_goes_on_wherever_postgres_went_away(world, wire, how):
    opened = settle_period(period=SEPTEMBER, actor=PREPARER, now=NOW).runs

    def work_off(step):
        for run in opened:
            step(run_id=run.id, partner_id=run.partner_id, now=NOW)

    breaks = broken_at_every_statement(wire, lambda: work_off(settle_run), how)
    states = set(SettlementRun.objects.values_list("state", "attempt"))
    assert breaks > 10 and states == {("in_review", 1)}
    approve_period(period=SEPTEMBER, actor=APPROVER, now=NOW)
    breaks = broken_at_every_statement(wire, lambda: work_off(issue_approved), how)
    assert breaks > 10
    require_settled(world)


def test_a_slow_and_a_stopped_postgres_only_take_time(world, wire):
    wire.set(delay_ms=3)
    stopped = []

    def stop_for_a_moment(execute, sql, params, many, context):
        if "billing_runinput" in sql and not stopped:
            pid = connection.connection.info.backend_pid
            os.kill(pid, signal.SIGSTOP)
            threading.Timer(0.5, os.kill, (pid, signal.SIGCONT)).start()
            stopped.append(pid)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(stop_for_a_moment):
        settle()

    assert stopped
    require_settled(world)


# --- Celery and its broker: late, not wrong ---


@contextmanager
def broker(url: str):
    """Celery publishes there, with the portal's own settings."""
    mine = Celery("late", broker=url, set_as_current=True)
    mine.conf.broker_transport_options = portal_app.conf.broker_transport_options
    try:
        yield
    finally:
        mine.close()
        portal_app.set_current()


def queued(url: str) -> list[tuple[str, dict]]:
    """What lies in the broker: (task, keyword arguments)."""
    raw = [json.loads(one) for one in redis.Redis.from_url(url).lrange("celery", 0, -1)]
    return [
        (one["headers"]["task"], json.loads(base64.b64decode(one["body"]))[1]) for one in raw
    ]  # fmt: skip


@pytest.mark.parametrize("trouble", TROUBLES)
def test_what_no_broker_took_is_queued_later_and_done_once(
    own, world, caplog, monkeypatch, trouble
):
    url = own.events.url(1)
    with broker(url):
        os.kill(own.events.child.pid, TROUBLES[trouble])
        settle_period(period=SEPTEMBER, actor=PREPARER, now=NOW)
        told = [one for one in caplog.messages if "could not publish" in one]
        assert len(told) == 1  # and for the second agreement nobody waits for the broker
        assert set(SettlementRun.objects.values_list("state", flat=True)) == {"open"}
        revive(own.events)
        redis.Redis.from_url(url).delete("celery")
        monkeypatch.setattr(tasking, "_away_until", {})  # ten seconds later

        assert sweep_runs(now=NOW + timedelta(minutes=6)) == 2
        assert sweep_runs(now=NOW + timedelta(minutes=7)) == 2  # twice in the queue does no harm
        for name, given in queued(url):
            assert name == "billing.settle_agreement"
            tasks.settle_agreement(**given)

        later = timezone.now() + timedelta(minutes=6)
        approve_period(period=SEPTEMBER, actor=APPROVER, now=NOW)
        redis.Redis.from_url(url).delete("celery")
        assert sweep_runs(now=later) == 2
        for name, given in queued(url) * 2:
            assert name == "billing.issue_run"
            tasks.issue_run(**given)
    require_settled(world)


# --- a full disk: pauses ---

WRITTEN = ("billing_runinput", "billing_ratedline", "billing_draftdocument", "billing_document",
           "billing_journalline", "billing_renderedfile")  # fmt: skip


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 256 kB for the cluster's user."""
    owner = leash.NOBODY if identity.choose() == "drop" else 0
    with faults.small_disk(tmp_path / "disk", "256k", owner) as folder:
        yield folder


@pytest.mark.parametrize("table", WRITTEN)
def test_a_full_disk_stops_a_step_whole_and_it_goes_on_with_room(
    database, world, small_disk, table
):
    connection.close()
    with faults.table_on(database, table, small_disk):
        faults.fill(small_disk / "filler")
        with pytest.raises(DatabaseError, match="No space left on device"):
            to_paper()
        connection.close()
        full = Document.objects.count(), RenderedFile.objects.count()
        assert full in ((0, 0), (5, 0))  # a step is done whole or not at all

        (small_disk / "filler").unlink()
        to_paper()
        connection.close()
    assert RenderedFile.objects.count() == 1
    require_settled(world)


def to_paper() -> None:
    """From wherever the month is to its first PDF."""
    if not SettlementRun.objects.filter(state="approved").exists():
        with suppress(AlreadySettled):
            review()
            approve_period(period=SEPTEMBER, actor=APPROVER, now=NOW)
    for run in SettlementRun.objects.all():
        issue_approved(run_id=run.id, partner_id=run.partner_id, now=NOW)
    render_document(document_id=Document.objects.earliest("number").id, now=NOW)


# --- the mail server: documents stand, mail is tried again ---


@pytest.mark.parametrize("trouble", ["refuse", "silent"])
def test_a_mail_server_that_is_down_or_silent_holds_nothing_up(september, settings, trouble):
    port = ports.pick()
    wire = Wire(port)  # nobody listens behind it
    wire.set(mode=trouble)
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", wire.proxy.port
    settings.EMAIL_TIMEOUT = 0.5
    try:
        assert deliver_documents(now=NOW) == 0
    finally:
        wire.stop()

    assert DocumentEvent.objects.filter(kind="undelivered").exists()
    require_settled(september)
