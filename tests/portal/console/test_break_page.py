"""The break-it page: only in the demo, only when somebody is sure, and what its counts say."""

import json
import time

import pytest

from portal.demo import breaking, summary
from portal.demo.breaking import Counts
from portal.servers import breakage
from tests.portal.console.cast import signed_in
from tests.portal.views.cast import text

FACTS = {
    "edge": {"url": "http://127.0.0.1:9"}, "console": {"url": "http://x"},
    "partners": [{"slug": "redis-labs", "api_key": "k", "portal_url": "http://x",
                  "customers": [{"external_id": "acme"}]}],
}  # fmt: skip


@pytest.fixture
def demo(readable, settings, tmp_path):
    settings.DEMO, settings.DATA_DIR = True, tmp_path
    summary.path().write_text(json.dumps(FACTS))
    return tmp_path


def test_a_real_install_has_no_such_page(readable, settings):
    settings.DEMO = False
    assert signed_in("sre").get("/tour/break/").status_code == 404
    assert (
        signed_in("sre").post("/tour/break/", {"target": "events", "sure": "yes"}).status_code
        == 404
    )


def test_it_asks_whether_one_is_sure(demo, monkeypatch):
    began = []
    monkeypatch.setattr(breaking, "begin", lambda **given: began.append(given))
    client = signed_in("sre")
    assert "Nothing was broken yet" in text(client.get("/tour/break/"))
    for form in ({}, {"target": "events"}, {"target": "edge", "sure": "yes"}):
        assert client.post("/tour/break/", form).status_code == 400
    assert client.post("/tour/break/", {"target": "events", "sure": "yes"}).status_code == 302
    [given] = began
    assert (given["target"], given["key"], given["customer"]) == ("events", "k", "acme")


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"sent": 5, "answered": 5}, "killed in a moment"),
        ({"sent": 9, "answered": 0, "done_at": 1.0}, "0 answered, 0 recorded: nothing lost"),
        ({"sent": 9, "answered": 9, "done_at": 1.0}, "do not agree"),
        ({"sent": 9, "answered": 9, "done_at": -1.0}, "is being recorded"),
    ],
)
def test_its_verdict(demo, members, said):
    now = time.time()
    done = {"done_at": now} if members.get("done_at") == -1.0 else {}
    breaking._keep(demo, Counts("abc", "redis-labs", "events", now, **{**members, **done}))

    assert said in text(signed_in("sre").get("/tour/break/"))


def test_it_says_when_it_is_dead_and_how_long_it_was(demo):
    now = time.time()
    breaking._keep(demo, Counts("abc", "redis-labs", "events", now, sent=5, answered=5,
                                     slowest_ms=940.0))  # fmt: skip
    told = {"id": "abc", "target": "events", "killed_at": now, "back_at": None}
    breakage.write(demo / "break" / "killed.json", told)
    client = signed_in("sre")
    assert "It is dead" in text(client.get("/tour/break/"))
    breakage.write(demo / "break" / "killed.json", told | {"back_at": now + 2.5})
    page = text(client.get("/tour/break/"))
    assert "It is back" in page and "2.5" in page and "940 ms" in page
