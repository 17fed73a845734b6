"""The tour: every system has a row, a check that asks what runs, and says what it found."""

import json
import re

import pytest
import requests
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import resolve

from portal.demo.cast import CAST
from portal.demo.tour import answering
from portal.demo.tour.running import Demo, Failed, Row, run_checks
from portal.demo.tour.table import ROWS, SIMULATED
from tests.cache_api.valkeys import Valkeys
from tests.portal.console.cast import HOST, people, signed_in
from tests.portal.views.cast import text

FACTS = {
    "edge": {"url": "http://127.0.0.1:1"},
    "console": {"url": "http://console.agentcache.localhost:1"},
    "partners": [
        {"slug": one.slug, "portal_url": f"http://{one.host}:1", "api_key": "none"} for one in CAST
    ],
}


def test_every_system_of_the_mission_has_a_row_and_a_check_of_its_own():
    assert [row.key for row in ROWS] == [f"S{n}" for n in range(1, 22)]
    assert len({row.check for row in ROWS}) == 21
    assert all(row.name and row.what and row.seen for row in ROWS) and SIMULATED


def test_every_page_it_names_exists():
    hosts = {one.slug for one in CAST}
    for place in [place for row in ROWS for place in row.seen if place.startswith("/")]:
        slug, _slash, path = place.removeprefix("//").partition("/")
        if place.startswith("//"):
            assert slug in hosts and resolve(f"/{path}", "portal.urls.partner"), place
        else:
            assert resolve(place, "portal.urls.console"), place


def wrong(_demo):
    raise Failed("Two is not three.")


def away(_demo):
    raise requests.ConnectionError("nobody there")


def test_a_check_that_fails_ends_nothing_and_says_why():
    checks = (wrong, away, lambda demo: demo.key("nobody"), lambda demo: "Fine.")
    rows = [Row(str(n), "", "", (), check) for n, check in enumerate(checks)]

    found = list(run_checks(rows, FACTS))

    assert [one.ok for one in found] == [False, False, False, True]
    assert [one.said.split(":")[0] for one in found] == [
        "Two is not three.", "ConnectionError", "The demo has no partner nobody", "Fine.",
    ]  # fmt: skip


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """The checks' demo with a real edge, its partners as the edge's tests open them."""
    folder = tmp_path_factory.mktemp("tour")
    pair = Valkeys(folder / "servers")
    cast = pair.cast()
    door = pair.edge(folder / "edge", TIER_URL="off")
    known = {"redis-labs": cast.redis.live, "pinecone": cast.pinecone.live}
    yield Demo({
        "edge": {"url": f"http://127.0.0.1:{door.port}"}, "console": FACTS["console"],
        "partners": [{"slug": slug, "api_key": key, "portal_url": ""}
                     for slug, key in known.items()],
    })  # fmt: skip
    door.stop()
    pair.stop()


@pytest.mark.parametrize("check", [answering.providers, answering.ai_features])
def test_the_checks_hold_against_a_real_edge(demo, check):
    assert "answered" in check(demo)


def test_they_fail_where_the_edge_answers_otherwise(demo):
    forged = Demo({**demo.facts, "partners": [{**demo.facts["partners"][0], "api_key": "acp_no"}]})
    with pytest.raises(Failed, match="answered 401"):
        answering.providers(forged)
    truncated = {**answering.answer(), "choices": []}
    with pytest.raises(Failed, match="answered 422"):
        answering.stored(demo, answering.request(), truncated)


@pytest.fixture
def console(database, partners, tmp_path, settings):
    settings.DEMO, settings.DATA_DIR = True, tmp_path
    people()
    (tmp_path / "demo.json").write_text(json.dumps(FACTS))
    database.login("web")
    return settings


def test_the_page_checks_when_asked_and_a_real_install_has_none(console):
    client = signed_in("auditor")

    page = client.get("/tour/")
    assert page.status_code == 200 and 'href="/tour/"' in page.content.decode()
    assert "S21 Monthly settlement" in text(page)
    assert "check held" not in text(page)
    one = text(client.post("/tour/", {"row": "S18"}))
    assert "1 check held at" in one and "$1,375,000 and $7,050,000, as written" in one
    assert "1 check failed at" in text(client.post("/tour/", {"row": "S1"}))

    assert Client(HTTP_HOST=HOST).get("/tour/").status_code == 302
    console.DEMO = False
    assert client.get("/tour/").status_code == client.post("/tour/").status_code == 404
    assert 'href="/tour/"' not in client.get("/").content.decode()


@pytest.mark.parametrize("role", ["finance_preparer", "support_agent", "sre"])
def test_nobody_is_led_where_the_role_may_not_go(console, role):
    client = signed_in(role)

    main = client.get("/tour/").content.decode().partition("<main")[2]
    links = set(re.findall(r'href="(/[^"#]*)"', main))

    assert "/projections/" in links and "not for your role" in main
    assert [path for path in links if client.get(path).status_code == 403] == []
    assert ("/tour/break/" in links, "/incidents/" in links) == (role == "sre", role == "sre")


def test_the_command_makes_the_same_checks_and_ends_with_1_when_one_fails(console, capsys):
    call_command("tour", "S18")
    assert "1 of 1 checks hold" in capsys.readouterr().out
    with pytest.raises(SystemExit) as ended:
        call_command("tour", "S18", "S1")
    said = capsys.readouterr().out
    assert ended.value.code == 1 and "FAILED S1" in said and "ok     S18" in said
    with pytest.raises(CommandError, match="S99"):
        call_command("tour", "S99")
    console.DEMO = False
    with pytest.raises(CommandError, match="no demo"):
        call_command("tour")
