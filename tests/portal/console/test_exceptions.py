"""The exceptions queue as finance people see it: empty, with something parked, and taken."""

import pytest
from django.test import Client

from billing.actions.review import park_run
from billing.models import ExceptionOwner, SettlementRun
from tenants import schema
from tests.billing.world import NOW
from tests.portal.console.cast import signed_in


@pytest.fixture
def parked(reviewed, database):
    """One of the two runs in review is parked."""
    database.login("settle")
    with schema.in_public():
        run = SettlementRun.objects.order_by("id")[0]
        park_run(run_id=run.id, actor="test", reason="no rate for lookups", now=NOW)
    database.login("web")
    return reviewed


def page(client: Client) -> str:
    return client.get("/finance/exceptions/").content.decode()


def test_nothing_waits(readable):
    assert "Nothing waits for a person" in page(signed_in("auditor"))


def test_a_parked_run_is_listed_and_taken(parked):
    client = signed_in("finance_preparer")
    before = page(client)
    assert "Parked" in before and "Take it" in before
    assert "$" in before.split("At risk")[1].split("<table")[0]
    assert '">0 minutes' not in before

    key = before.split('name="key" value="')[1].split('"')[0]
    for _ in range(2):
        answer = client.post("/finance/exceptions/take/", {"key": key}, follow=True)

    with schema.in_console():
        assert ExceptionOwner.objects.get().key == key
    assert "It is yours." in answer.content.decode()
    assert "Take over" in page(signed_in("finance_approver"))
    assert "Take" not in page(signed_in("auditor")).split("<tbody>")[1]


def test_a_key_that_is_none_is_refused(readable):
    assert signed_in("superadmin").post("/finance/exceptions/take/").status_code == 400
