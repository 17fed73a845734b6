"""The exceptions queue as finance people see it: empty, with something parked, and taken."""

import pytest
from django.test import Client

from billing.actions.review import park_run
from billing.models import ExceptionOwner, FinanceRequest, RemoteDifference, SettlementRun
from tenants import schema
from tests.billing.world import NOW
from tests.portal.console.cast import signed_in
from tests.portal.stale import SEEN
from tests.portal.views.cast import text


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

    # From a page that was opened before: told, and not taken; from one of now it is.
    other, both = signed_in("finance_approver"), {"key": key, "seen": SEEN.search(before)[1]}
    late = other.post("/finance/exceptions/take/", both, follow=True).content.decode()
    with schema.in_console():
        assert ExceptionOwner.objects.get().owner.startswith("finance_preparer")
    other.post("/finance/exceptions/take/", {"key": key, "seen": SEEN.search(late)[1]})
    assert "Somebody else took it meanwhile" in late
    with schema.in_console():
        assert ExceptionOwner.objects.get().owner.startswith("finance_approver")


def test_a_key_that_is_none_is_refused(readable):
    assert signed_in("superadmin").post("/finance/exceptions/take/").status_code == 400


def test_an_exception_is_waived_by_two_people_who_say_why(console, database):
    """Each step as the person who does it; read afterwards by an auditor."""
    database.login("owner")
    RemoteDifference.objects.create(
        key="x", kind="transfer", remote_id="tr_1", message="Not ours.", currency="USD",
        local_minor=0, remote_minor=5_00, found_at=NOW, seen_at=NOW,
    )  # fmt: skip
    database.login("web")
    preparer, approver = (signed_in(f"finance_{role}") for role in ("preparer", "approver"))
    shown = page(preparer)
    assert "Waive …" in shown and "Waive …" not in page(signed_in("auditor"))
    key = shown.split('waive/"')[1].split('name="key" value="')[1].split('"')[0]
    ask = {"key": key, "reason": "A transfer made by hand"}

    assert "Say why" in text(preparer.post("/finance/exceptions/waive/", {"key": key}, follow=True))
    done = preparer.post("/finance/exceptions/waive/", ask, follow=True)
    assert done.redirect_chain == [("/finance/exceptions/", 302)]
    assert "finance_preparer@agentcache.example asks to let it be: A transfer made by hand" in (
        text(done)
    )
    with schema.in_console():
        asked = FinanceRequest.objects.get(kind="waiver")
    url = f"/rates/{asked.id}/"
    assert preparer.post(url, {"back": "exceptions"}).status_code == 403
    assert "Waive it" in page(approver)
    done = text(approver.post(url, {"back": "exceptions"}, follow=True))

    assert "Waived: listed below with the reason." in done
    assert "Nothing waits for a person" in done
    read = text(signed_in("auditor").get("/finance/exceptions/"))
    assert "tr_1 Not ours." in read and "finance_approver@" in read
    for refused in (signed_in("auditor"), signed_in("partner_manager")):
        assert refused.post("/finance/exceptions/waive/", ask).status_code == 403
    assert "not open any more" in text(
        preparer.post("/finance/exceptions/waive/", ask, follow=True))  # fmt: skip
