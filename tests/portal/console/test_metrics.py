"""Prometheus on this machine reads what the operations page knows; nobody else does."""

import re
from pathlib import Path

import pytest
import yaml
from django.db import OperationalError
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from cache_api.gateways.region_states import ProcessState, RegionState
from cache_api.rules import tally
from portal import metrics
from portal.gateways.broker import Queue
from portal.queries import operations
from portal.rules.alarms import Seen, alarms
from portal.runbook import anchors
from tests.portal.views.cast import REDIS

DOCS = Path(__file__).resolve().parents[3] / "docs"
PATH = "/internal/metrics"
RULES = yaml.safe_load((DOCS / "deploy" / "alerts.yml").read_text())["groups"][0]["rules"]
# Ten hits of at most 64 µs, one beyond every bound; two semantic hits that a guard refused.
TALLY = tally.read({
    b"answers:hit:": b"11", b"answers:miss:guarded": b"2",
    b"took:hit:0": b"10", b"took:hit:47": b"1", b"took_us:hit": b"3000500",
})  # fmt: skip
EDGE = ProcessState("0123456789abcdef", "edge", 70, {"unmetered": 4}, ("cache",))
DOWN = RegionState("eu", False, False, False, processes=1, filled=0.25, living=(EDGE,),
                   tally=TALLY)  # fmt: skip


@pytest.fixture
def quiet(monkeypatch):
    monkeypatch.setattr(operations, "regions_now", lambda: (DOWN,))
    monkeypatch.setattr(operations.broker, "queue", lambda _: Queue(True))
    monkeypatch.setattr(operations, "FRESH_S", 0.0)
    monkeypatch.setattr(operations, "PARTNERS_FRESH_S", 0.0)


def read(text):
    """Name and labels → value, as Prometheus reads it."""
    return {
        (one.name, *sorted(one.labels.items())): one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
    }


def names(found):
    return {name for name, *_ in found}


def raised(found):
    """Alarm → its runbook."""
    told = [dict(labels) for name, *labels in found if name == "agentcache_alarm"]
    return {one["alarm"]: one["runbook"] for one in told}


def scraped():
    answer = Client(HTTP_HOST="127.0.0.1:8000").get(PATH)
    assert answer.status_code == 200
    return read(answer.content.decode())


def test_loopback_reads_figures_of_every_process_and_alarms_with_their_runbook(shared_world, quiet):
    found = scraped()

    eu, edge = ("region", "eu"), (("door", "edge"), ("process", "01234567"), ("region", "eu"))
    assert found[("agentcache_region_up", eu)] == 0 and found[("agentcache_postgres_up",)] == 1
    assert found[("agentcache_breaches",)] == 0 and found[("agentcache_broker_up",)] == 1
    assert found[("agentcache_dead_letters",)] == 0
    assert found[("agentcache_events_filled", eu)] == 0.25
    assert found[("agentcache_answers_total", ("outcome", "miss"), ("reason", "guarded"), eu)] == 2
    took = {labels[0][1]: value for name, *labels in found
            if name == "agentcache_latency_seconds_bucket"
            for value in [found[(name, *labels)]]}  # fmt: skip
    assert (took["6.4e-05"], took["+Inf"]) == (10, 11)
    assert found[("agentcache_latency_seconds_sum", ("outcome", "hit"), eu)] == 3.0005
    assert found[("agentcache_process_spool_bytes", *edge)] == 70
    assert found[("agentcache_counted_total", *edge, ("what", "unmetered"))] == 4
    assert found[("agentcache_lane_down", edge[0], ("lane", "cache"), *edge[1:])] == 1
    assert raised(found)["region_down"] == "docs/operating.md#regions"


def test_without_postgres_servers_tell_and_that_is_an_alarm(shared_world, quiet, monkeypatch):
    whole = names(scraped())

    def away(now):
        raise OperationalError("server closed the connection")

    monkeypatch.setattr(metrics, "operations", away)
    found = scraped()

    assert found[("agentcache_postgres_up",)] == 0
    assert set(raised(found)) == {"postgres_down", "region_down"}
    assert {one.partition("agentcache_")[2] for one in whole - names(found)} == {
        "recorder_silent_seconds", "dead_letters", "breaches", "jobs_failed", "openings",
        *({"requests_today"} if "agentcache_requests_today" in whole else ()),
    }  # fmt: skip


@pytest.mark.parametrize("asked", [
    {"HTTP_HOST": REDIS}, {"HTTP_HOST": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "203.0.113.9"},
    {"HTTP_HOST": "127.0.0.1", "REMOTE_ADDR": "203.0.113.9"},
])  # fmt: skip
def test_whoever_else_asks_learns_nothing(shared_world, quiet, asked):
    answer = Client(**asked).get(PATH)
    assert answer.status_code in (302, 404, 421) and b"agentcache_" not in answer.content


def test_rules_and_manual_name_what_is_exported_and_parts_that_are_there(shared_world, quiet):
    exported = names(scraped()) | {"agentcache_requests_today"}  # nothing came today
    families = {name.removesuffix("_bucket").removesuffix("_count").removesuffix("_sum")
                for name in exported}  # fmt: skip
    asked = set(re.findall(r"agentcache_\w+", " ".join(rule["expr"] for rule in RULES)))
    manual = (DOCS / "operating.md").read_text()
    table = manual[manual.index("| metric (`agentcache_…`) |") :].partition("\n\n")[0]
    cells = re.findall(r"^\| ([^|]*) \|", table, re.MULTILINE)[1:]
    told = {f"agentcache_{name}" for cell in cells for name in re.findall(r"`(\w+)", cell)}
    mentioned = set(re.findall(r"agentcache_[a-z_]+[a-z]", manual))

    assert asked and asked <= exported
    assert told - {"agentcache_reason"} == families
    assert {one.removesuffix("_total") for one in mentioned} <= {
        one.removesuffix("_total") for one in exported | families
    }
    levels = set(re.findall(r'level="(\w+)"', " ".join(rule["expr"] for rule in RULES)))
    assert levels == {one.level for one in alarms(Seen(regions_down=("eu",), late_s=99, mails=1))}
    pages = {rule["annotations"]["runbook"] for rule in RULES} - {"{{ $labels.runbook }}"}
    assert {page.partition("#")[2] for page in pages} <= anchors()
    alone = {rule["alert"] for rule in RULES} - {"AgentCache", "AgentCacheSoon"}
    assert alone and all(f"| `{name}` |" in manual for name in alone)
