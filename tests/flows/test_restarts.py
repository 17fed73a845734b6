"""Each process is restarted in order while requests, jobs and a settlement are under way.

A restart is what an operator does: the signal, its end, its start. No request fails meanwhile, and
nothing is lost, doubled or left undone. (Edges one by one, and the web process: `test_faults.py`.)
That a process works again is told by its work: rows that come, a job that was queued or done.
"""

import itertools
import json
import uuid
from datetime import UTC, datetime

import pytest
import redis
from celery import Celery

from portal.gateways.broker import QUEUED_AT
from tenants.gateways.served_hosts import JOBS_RUN
from tests import patience
from tests.asking import Load
from tests.billing.people import PREPARER
from tests.flows.harness import Installation, wait_for
from tests.patience import PATIENCE_S

PAUSE_S = 0.1
SETTLE = """
from django.utils import timezone
from billing.actions.open_runs import settle_period
from billing.rules.periods import parse_month
settle_period(period=parse_month("{month}"), actor="{actor}", now=timezone.now())
"""
RUNS = """
SELECT run.state, run.attempt, count(DISTINCT run.id), count(*) FILTER (WHERE said.state = 'rated')
FROM billing_settlementrun run JOIN billing_runevent said ON said.run_id = run.id GROUP BY 1, 2
"""
BEGUN = "SELECT count(*) FROM billing_runevent WHERE state <> 'open'"
OPENING = """
SELECT job.state, partner.state FROM tenants_provisioningjob job
JOIN tenants_partner partner ON partner.id = job.partner_id WHERE partner.slug = 'late-labs'
"""
RECORDED = "SELECT event_id::text, count(*) FROM usage_event WHERE customer = 'acme' GROUP BY 1"


@pytest.fixture(scope="module")
def installation(tmp_path_factory):
    whole = Installation(tmp_path_factory.mktemp("restarts") / "installation")
    whole.folder.mkdir()
    try:
        whole.start()
        [whole.month] = json.loads(whole.python("-m", "bench.soak.world", "1"))
        for name in ("worker", "beat", "provisioner"):
            whole.spawn(name)
        yield whole
    finally:
        whole.stop()


def rows(installation, sql):
    with installation.psql() as database:
        return database.execute(sql).fetchall()


def asking(installation):
    """Both partners' lookups and stores in turn; each is answered, and leaves an event."""
    numbers = itertools.count()

    def one_of(slug):
        def ask():
            key = f"{next(numbers) % 40:064x}"
            for path, more in (("", {}), ("/store", {"response": {"text": slug}})):
                body = {"customer_id": "acme", "cache_key": key, **more}
                status, told = installation.post(slug, f"/api/overflow{path}", body)
                if status == 503 and path and json.loads(told)["retryable"]:
                    continue  # a store while the cache is away: said so, and nothing was stored
                assert status in (200, 201), told
                promised.append(str(uuid.UUID(json.loads(told)["billing"]["event_id"])))
            return status

        return ask

    promised = []
    return promised, Load(*(one_of(slug) for slug in installation.keys), pause_s=PAUSE_S)


class Works:
    """Whether a process does its work, by what it leaves."""

    def __init__(self, installation):
        self.installation = installation
        self.events = redis.Redis.from_url(installation.stack.urls["EVENTS_URL"])
        self.broker = redis.Redis.from_url(installation.stack.urls["BROKER_URL"])

    def recorder(self):
        """Usage that came after its start becomes rows."""
        before = len(rows(self.installation, RECORDED))
        wait_for(lambda: len(rows(self.installation, RECORDED)) > before, "usage becomes rows")

    def beat(self):
        """A job whose turn came after its start lies in the queue. No worker runs meanwhile."""
        since = datetime.now(UTC)
        wait_for(lambda: any(at > since for at in self._queued("portal.sweep_hooks")),
                 "beat queues a job")  # fmt: skip

    def _queued(self, task):
        heads = [json.loads(raw)["headers"] for raw in self.broker.lrange("celery", 0, -1)]
        return [datetime.fromisoformat(head[QUEUED_AT]) for head in heads if head["task"] == task]

    def ask_worker(self):
        """Queue a job that leaves a mark: it reads Postgres and writes to the events Valkey."""
        self.events.delete(JOBS_RUN)
        broker = self.installation.stack.urls["BROKER_URL"]
        with Celery("asking", broker=broker, set_as_current=False) as app:
            app.send_task("tenants.publish_hosts")

    def worker(self):
        """That job was done. Its start is Django's and Celery's, before the first job."""
        done = patience.wait_for(lambda: self.events.exists(JOBS_RUN), 3 * PATIENCE_S)
        assert done, "the worker does no job"


def test_each_process_is_restarted_under_load_and_no_request_fails(installation):
    works = Works(installation)
    promised, load = asking(installation)
    works.ask_worker()
    works.worker()
    with load:
        begin = SETTLE.format(month=installation.month, actor=PREPARER)
        installation.manage("shell", "-v0", "-c", begin, AC_DB_LOGIN="settle")
        wait_for(lambda: rows(installation, BEGUN) > [(0,)], "the settlement is under way")
        ends = {"worker": installation.end("worker")}
        works.ask_worker()  # waits in the queue, behind what is left of the settlement
        ends["beat"] = installation.restart("beat")
        works.beat()
        installation.spawn("worker")
        works.worker()
        for name in ("recorder", "postgres", "events"):
            ends[name] = installation.restart(name)
            works.recorder()
        works.ask_worker()  # both of its servers were away
        works.worker()
        load.more()
        ends["cache"] = installation.restart("cache")
        installation.manage("open_partner", "late-labs", "--name", "Late", "--kind",
                            "general_cache", "--owner", "a@late.example", "--no-wait")  # fmt: skip
        wait_for(lambda: rows(installation, OPENING)[0][0] != "queued", "a partner is being opened")
        ends["provisioner"] = installation.end("provisioner")  # after it
        load.more()

    assert load.failures == []
    assert rows(installation, OPENING) == [("done", "active")]
    assert ends == dict.fromkeys(ends, 0)  # each ended by itself, in good order
    wait_for(lambda: {*promised} <= dict(rows(installation, RECORDED)).keys(), "all is recorded")
    assert sorted(rows(installation, RECORDED)) == [(event, 1) for event in sorted(promised)]
    runs = len(installation.keys)
    wait_for(lambda: rows(installation, RUNS) == [("in_review", 1, runs, runs)], "each run once")
    assert "BREACH" not in installation.manage("reconcile")
