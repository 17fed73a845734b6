"""While Postgres is away each host says so in its own brand, down to colours and logo."""

import json
import re

import pytest
from django.db import connection
from django.test import Client

from cache_api.gateways.region_states import RegionState
from cache_api.hot.problems import Problem
from portal.queries import status
from tenants import resolve
from tenants.actions.holding_pages import write_holding_pages
from tenants.away import MORE

REDIS, PINECONE = "cache.redis.localhost", "cache.pinecone.localhost"
PRODUCTS = {REDIS: "Redis Edge Cache", PINECONE: "Pinecone Edge Cache"}


@pytest.fixture
def folder(database, partners, tmp_path, settings):
    """Where the pages lie that were written while all was well; by then Postgres is cut off."""
    settings.HOLDING_DIR = tmp_path
    database.login("settle")
    write_holding_pages(folder=tmp_path)
    database.login("web")
    resolve.forget()
    yield tmp_path
    resolve.forget()


@pytest.fixture
def cut_off(folder):
    """Cuts the connection off; the next ones find nobody."""
    port = connection.settings_dict["PORT"]

    def cut():
        connection.close()
        connection.settings_dict["PORT"] = "1"

    yield cut
    connection.close()
    connection.settings_dict["PORT"] = port


def visitor(host):
    client = Client(HTTP_HOST=host)
    client.raise_request_exception = False
    return client


@pytest.mark.parametrize("is_known", [True, False])
def test_the_hosts_own_page_is_shown_whole(folder, cut_off, is_known):
    """Also by a process that started meanwhile, and does not know whose host it is."""
    for host in PRODUCTS if is_known else ():
        assert visitor(host).get("/accounts/login/").status_code == 200
    cut_off()

    for host, product in PRODUCTS.items():
        for language in ("en", "de"):
            answer = visitor(host).get("/accounts/login/", headers={"Accept-Language": language})
            page = answer.content.decode()
            assert page == (folder / f"{host}.{language}.html").read_text() and product in page
            assert answer.status_code == 503
            assert (answer["Retry-After"], answer["Refresh"]) == ("5", "30")
            assert answer["Cache-Control"] == "no-store"
            assert "default-src 'none'" in answer["Content-Security-Policy"]
        sent = visitor(host).post("/accounts/login/", {"login": "a@b.example"})
        assert sent.status_code == 503 and "Refresh" not in sent


def test_programs_are_told_in_the_apis_own_words(folder, cut_off):
    cut_off()
    for path in ("/api/overflow/stats", "/api/nothing", "/v1/nothing"):
        answer = visitor(REDIS).get(path)
        told = json.loads(answer.content)
        assert (answer.status_code, answer["Retry-After"], told["code"]) == (503, "5", "overloaded")
        assert answer["Content-Type"] == "application/problem+json"
        assert set(told) == set(json.loads(Problem("overloaded", "").document()))
    keyless = visitor(REDIS).post("/api/overflow", b"{}", content_type="application/json")
    assert keyless.status_code == 401  # what needs no Postgres goes on


def test_without_such_a_page_it_is_still_the_hosts(folder, cut_off):
    for path in folder.iterdir():
        path.unlink()
    assert visitor(REDIS).get("/accounts/login/").status_code == 200
    cut_off()

    page = visitor(REDIS).post("/accounts/login/", {"login": "a@b.example"})

    assert page.status_code == 503 and page["Retry-After"] == "5"
    text = page.content.decode()
    assert "Redis Edge Cache" in text and "then sends what you typed once more" in text


def test_a_host_of_nobody_names_no_partner(folder, cut_off):
    cut_off()
    page = visitor("stranger.shop.com").get("/")

    assert page.status_code == 503
    assert not any(name in page.content.decode().lower() for name in ("redis", "pinecone"))


def test_the_status_page_says_what_still_works(folder, cut_off, monkeypatch):
    up = RegionState("eu", True, True, True, processes=1)
    monkeypatch.setattr(status, "regions_now", lambda: (up,))
    rows = {"Cached answers": "Working", "Usage recording": "Degraded",
            "Portal": "Not available", "Invoices and payouts": "Degraded"}  # fmt: skip
    assert visitor(REDIS).get("/status/").status_code == 200
    cut_off()

    for is_kept in (True, False):
        answer = visitor(REDIS).get("/status/")
        page = answer.content.decode()
        assert (answer.status_code, answer["Refresh"]) == (503, "30")
        assert PRODUCTS[REDIS] in page and MORE not in page
        found = re.findall(r'<th scope="row">([^<]+)</th><td>([^<]+)</td>', page)
        assert dict(found) == rows
        assert "<table" not in visitor(REDIS).get("/accounts/login/").content.decode()
        for path in folder.iterdir() if is_kept else ():
            path.unlink()
