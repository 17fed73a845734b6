"""Prometheus on this machine reads what the operations page knows; nobody else does."""

import re
from pathlib import Path

import pytest
import yaml
from django.test import Client

from cache_api.gateways.region_states import RegionState
from portal.gateways.broker import Queue
from portal.queries import operations
from portal.rules.alarms import Seen, alarms
from portal.runbook import anchors
from tests.portal.views.cast import REDIS

DEPLOY = Path(__file__).resolve().parents[3] / "docs" / "deploy"
PATH = "/internal/metrics"


@pytest.fixture
def quiet(monkeypatch):
    down = RegionState("eu", False, False, False)
    monkeypatch.setattr(operations, "regions_now", lambda: [down])
    monkeypatch.setattr(operations.broker, "queue", lambda _: Queue(True))
    monkeypatch.setattr(operations, "FRESH_S", 0.0)
    monkeypatch.setattr(operations, "PARTNERS_FRESH_S", 0.0)


def read(text):
    return dict(re.findall(r"^(agentcache_\S+(?:\{.*\})?) (\S+)$", text, re.MULTILINE))


def test_loopback_reads_gauges_and_alarms_with_their_runbook(shared_world, quiet):
    answer = Client(HTTP_HOST="127.0.0.1:8000").get(PATH)

    assert answer.status_code == 200
    found = read(answer.content.decode())
    assert found['agentcache_region_up{region="eu"}'] == "0.0"
    assert found["agentcache_breaches"] == "0.0"
    assert found["agentcache_broker_up"] == "1.0" and found["agentcache_dead_letters"] == "0.0"
    raised = [name for name in found if "agentcache_alarm{" in name]
    assert any('alarm="region_down"' in name and "docs/operating.md#regions" in name
               for name in raised)  # fmt: skip


@pytest.mark.parametrize("asked", [
    {"HTTP_HOST": REDIS}, {"HTTP_HOST": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "203.0.113.9"},
    {"HTTP_HOST": "127.0.0.1", "REMOTE_ADDR": "203.0.113.9"},
])  # fmt: skip
def test_whoever_else_asks_learns_nothing(shared_world, quiet, asked):
    answer = Client(**asked).get(PATH)
    assert answer.status_code in (302, 404, 421) and b"agentcache_" not in answer.content


def test_the_rules_page_for_every_level_and_lead_to_parts_of_the_manual():
    rules = yaml.safe_load((DEPLOY / "alerts.yml").read_text())["groups"][0]["rules"]
    levels = set(re.findall(r'level="(\w+)"', " ".join(rule["expr"] for rule in rules)))
    everything = Seen(regions_down=("eu",), late_s=99, spool_bytes=1)
    assert levels == {one.level for one in alarms(everything)}
    pages = {rule["annotations"]["runbook"] for rule in rules} - {"{{ $labels.runbook }}"}
    assert {page.partition("#")[2] for page in pages} <= anchors()
