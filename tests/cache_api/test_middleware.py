"""The API on a partner's host is answered before whatever is for people only."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tenants import resolve

REDIS, CONSOLE = "cache.redis.localhost", "console.agentcache.localhost"
OTHERS = {
    "X-Frame-Options": "DENY", "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin",
}  # fmt: skip
FOR_PEOPLE = {"Content-Security-Policy", "Vary", "Content-Language", "Set-Cookie"}


@pytest.fixture
def client(database):
    """A caller that carries a browser's cookie, on the web login."""
    database.login("web")
    resolve.forget()
    client = Client()
    client.cookies["sid"] = "somebody"
    yield client
    resolve.forget()


def test_an_answer_asks_no_database_and_has_nothing_that_is_for_people(client):
    client.get("/api/overflow", HTTP_HOST=REDIS)  # whose host it is, is known from now on

    with CaptureQueriesContext(connection) as seen:
        answer = client.get("/api/overflow", HTTP_HOST=REDIS)

    assert (answer.status_code, answer["Content-Type"]) == (405, "application/problem+json")
    assert answer["Content-Length"] == str(len(answer.content))
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert FOR_PEOPLE.isdisjoint(answer.headers)
    assert len(seen) == 0


def test_a_page_of_the_same_host_still_has_it_all(client):
    answer = client.get("/accounts/login/", HTTP_HOST=REDIS)

    assert answer.status_code == 200
    assert "Vary" in answer.headers
    policy = answer["Content-Security-Policy"].split("; ")
    assert dict(part.split(" ", 1) for part in policy) == {
        "default-src": "'self'", "img-src": "'self' data:", "object-src": "'none'",
        "base-uri": "'none'", "form-action": "'self'", "frame-ancestors": "'none'",
    }  # fmt: skip
    assert {name: answer[name] for name in OTHERS} == OTHERS


@pytest.mark.parametrize(("host", "status"), [(CONSOLE, 404), ("unknown.example", 421)])
def test_it_is_nowhere_else(client, host, status):
    assert client.get("/api/overflow", HTTP_HOST=host).status_code == status
