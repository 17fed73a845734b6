"""Addresses that programs know without asking, on partners' hosts and the console's."""

import pytest
from django.conf import settings
from django.test import Client

from tenants import resolve
from tenants.actions.branding import publish_brand
from tests.conftest import fresh_database, two_partners
from tests.portal.views.cast import NOW, PINECONE, REDIS
from tests.portal.views.test_brand_surfaces import LOOKS

FILE, PASSWORD = "/.well-known/security.txt", "/.well-known/change-password"


@pytest.fixture(scope="module", autouse=True)
def hosts(django_db_blocker):
    """Redis gives contacts, Pinecone none."""
    resolve.forget()
    with fresh_database(django_db_blocker) as database:
        redis = two_partners().redis
        publish_brand(partner=redis, actor="x", now=NOW, **LOOKS["redis-labs"])
        database.login("web")
        yield
    resolve.forget()


@pytest.mark.parametrize(("host", "named"), [
    (REDIS, ["Contact: mailto:help@redis.example", "Contact: https://redis.example/help"]),
    (PINECONE, [f"Contact: mailto:{settings.SECURITY_EMAIL}"]),
    (settings.CONSOLE_HOST, [f"Contact: mailto:{settings.SECURITY_EMAIL}"]),
])  # fmt: skip
def test_each_host_says_whom_to_tell(host, named):
    answer = Client(HTTP_HOST=host).get(FILE)
    lines = answer.content.decode().splitlines()

    assert (answer.status_code, answer["Content-Type"]) == (200, "text/plain; charset=utf-8")
    assert [line for line in lines if line.startswith("Contact")] == named
    assert lines[-2:] == ["Preferred-Languages: en, de", f"Canonical: http://{host}{FILE}"]
    assert "Set-Cookie" not in answer and Client(HTTP_HOST=host).post(FILE).status_code == 405


@pytest.mark.parametrize("host", [REDIS, settings.CONSOLE_HOST])
def test_password_managers_are_led_to_the_form(host):
    answer = Client(HTTP_HOST=host).get(PASSWORD)
    assert (answer.status_code, answer["Location"]) == (302, "/accounts/password/change/")
    missing = Client(HTTP_HOST=host).get("/.well-known/resource-that-should-not-exist")
    assert missing.status_code == 404  # else managers do not trust the answer
