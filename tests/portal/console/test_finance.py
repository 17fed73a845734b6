"""The month control room: start, review, a second person approves, issued; and what is refused."""

from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.models import Agreement, Document, DraftDocument, RunEvent, SettlementRun
from tenants import schema
from tenants.models import Partner
from tenants.rules.ids import uuid7
from tests.billing import world
from tests.billing.people import APPROVER, PREPARER, retail_card, utc
from tests.portal.console.cast import MONTH, run_of, seen, signed_in, work
from tests.portal.views.cast import NOW, text


def counts():
    with schema.in_console():
        return [model.objects.count() for model in (SettlementRun, RunEvent, DraftDocument)]


def test_a_month_from_not_started_to_issued(console, database):
    """Redis 100.01 + 2.00 billed, 30.00 + 0.60 shared; Pinecone 1,000.00 billed, 200.00 shared."""
    preparer, approver = signed_in("finance_preparer"), signed_in("finance_approver")
    assert "Settle 2 agreements" in text(preparer.get(MONTH))

    begun = preparer.post("/finance/start/", {"month": "2026-09"}, follow=True)

    assert "2 runs of 2026-09 are under way" in text(begun)
    assert "2 runs are at work" in text(begun) and b"every 2s" in begun.content
    work(database)
    page = text(preparer.get(MONTH))
    assert "Billed $1,102.01 = Our net $871.41 + Partners' share $230.60 + Taxes $0.00" in page
    assert "not final" in page and "2 runs wait for approval by a second person" in page

    room = approver.get(MONTH)
    assert "Approve 2 runs" in text(room)
    runs = [run_of(partner) for partner in console]
    done = approver.post("/finance/approve/", {"month": "2026-09", "run": seen(*runs)}, follow=True)

    assert "2 runs approved as one set" in text(done)
    work(database)
    page = text(approver.get(MONTH))
    assert "2 of 2 issued" in page and "Totals final" in page
    with schema.in_console():
        assert Document.objects.count() == 5


def test_settling_is_left_to_the_worker(console, database):
    signed_in("finance_preparer").post("/finance/start/", {"month": "2026-09"})

    assert {run_of(partner).state for partner in console} == {"open"}
    assert counts() == [2, 2, 0]


def test_nobody_approves_what_they_prepared(console, database):
    """The superadmin may do both, so the page explains and the action refuses, all or none."""
    superadmin = signed_in("superadmin")
    superadmin.post("/finance/start/", {"month": "2026-09"})
    work(database)

    page = text(superadmin.get(MONTH))
    runs = [run_of(partner) for partner in console]
    forced = superadmin.post(
        "/finance/approve/", {"month": "2026-09", "run": seen(*runs)}, follow=True
    )

    assert "You prepared 2 of these runs" in page and "Approve 2 runs" not in page
    assert "cannot approve it. Ask a second person of finance" in text(forced)
    assert {run_of(partner).state for partner in console} == {"in_review"}


def test_figures_made_anew_are_not_approved_unseen(reviewed, database):
    approver = signed_in("finance_approver")
    old = [run_of(partner) for partner in reviewed]
    signed_in("finance_preparer").post(
        f"/finance/runs/{old[0].id}/reject/", {"reason": "a bad import"}
    )
    signed_in("finance_preparer").post("/finance/start/", {"month": "2026-09"})
    work(database)

    answer = approver.post(
        "/finance/approve/", {"month": "2026-09", "run": seen(*old)}, follow=True
    )

    assert "made again since you looked (attempt 2, you saw 1)" in text(answer)
    assert {run_of(partner).state for partner in reviewed} == {"in_review"}


@pytest.mark.parametrize(
    ("month", "said"),
    [
        ("2026-10", "2026-10 has not ended"),
        ("2026-13", "is not a month. Write it as YYYY-MM"),
        ("2025-05", "nothing to settle"),
        ("", "is not a month"),
    ],
)
def test_a_month_that_can_not_be_settled_is_refused_in_words(readable, month, said):
    answer = signed_in("finance_preparer").post("/finance/start/", {"month": month}, follow=True)

    assert answer.status_code == 200
    assert said in text(answer)
    assert counts() == [0, 0, 0]


def test_a_closed_month_is_refused(reviewed, database):
    runs = [run_of(partner) for partner in reviewed]
    signed_in("finance_approver").post(
        "/finance/approve/", {"month": "2026-09", "run": seen(*runs)}
    )
    work(database)

    answer = signed_in("finance_preparer").post(
        "/finance/start/", {"month": "2026-09"}, follow=True
    )

    assert "2026-09 is settled: all 2 runs are issued" in text(answer)


def test_a_month_waits_for_the_one_before(reviewed, database):
    with time_machine.travel(utc("2026-11-03T09:00"), tick=False):
        preparer = signed_in("finance_preparer")

        before = text(preparer.get("/finance/?month=2026-10"))
        answer = text(preparer.post("/finance/start/", {"month": "2026-10"}, follow=True))

    assert "after September 2026" in before and "Settle" not in before
    assert "was not begun. 2026-09" in answer and "issue it before 2026-10" in answer


def test_a_parked_agreement_stands_out_with_its_reason(console, database):
    database.login("owner")
    with schema.in_partner(console.redis):
        from cache_api.models import Customer

        Customer.objects.filter(external_id="acme").update(billing={"currency": "EUR"})
    database.login("web")
    client = signed_in("finance_preparer")
    client.post("/finance/start/", {"month": "2026-09"})
    work(database)

    page = text(client.get(MONTH))

    assert "is parked; the other agreements go on" in page
    assert "acme" in page and "billed in EUR" in page and "Settle 1 agreement" in page
    assert "Billed $1,000.00" in page  # Pinecone goes on


def test_a_run_that_does_not_move_says_so(console):
    client = signed_in("finance_preparer")
    client.post("/finance/start/", {"month": "2026-09"})

    with time_machine.travel(NOW + timedelta(minutes=2), tick=False):
        page = text(client.get(MONTH))

    assert "2 runs are queued, but have not moved" in page and "Settle 2 agreements" in page


def test_a_preview_writes_nothing_and_is_called_an_estimate(readable):
    with schema.in_console():
        agreement = Agreement.objects.get(partner_id=readable.redis.id)
    client = signed_in("auditor")

    answer = client.get(f"/finance/preview/{agreement.id}/?month=2026-09")

    page = text(answer)
    assert "Billed $102.01 = Our net $71.41" in page and "estimate" in page
    assert "Payout statement" in page and "$30.60" in page
    assert counts() == [0, 0, 0]
    running = text(client.get(f"/finance/preview/{agreement.id}/?month=2026-10"))
    assert "An estimate: the month is still running" in running


def test_a_preview_of_nonsense_says_what_to_do(readable):
    with schema.in_console():
        agreement = Agreement.objects.get(partner_id=readable.redis.id)
    client = signed_in("auditor")

    bad = client.get(f"/finance/preview/{agreement.id}/?month=soon")

    assert bad.status_code == 200 and "is not a month. Write it as YYYY-MM" in text(bad)
    assert client.get(f"/finance/preview/{uuid7()}/").status_code == 404


def test_a_bad_month_shows_the_last_one_with_a_notice(readable):
    answer = signed_in("auditor").get("/finance/?month=%27;drop")

    assert answer.status_code == 200
    assert "is not a month" in text(answer) and "September 2026" in text(answer)


def test_a_malformed_approval_is_a_400(readable):
    answer = signed_in("finance_approver").post(
        "/finance/approve/", {"month": "2026-09", "run": ["not-a-run"]}
    )

    assert answer.status_code == 400 and "Reload the control room" in text(answer)


def test_a_month_without_agreements_has_a_designed_empty_state(readable):
    assert "No agreement in this month" in text(signed_in("auditor").get("/finance/?month=2025-01"))


def test_the_room_asks_as_many_queries_for_22_partners_as_for_two(reviewed, database):
    client = signed_in("finance_approver")
    client.get(MONTH)
    with CaptureQueriesContext(connection) as few:
        client.get(MONTH)
    database.login("owner")
    card = retail_card().id
    for number in range(20):
        sign_another(number, card)
    database.login("web")

    with CaptureQueriesContext(connection) as many:
        page = client.get(MONTH)

    assert "Partner 19" in text(page)
    assert len(many) == len(few) <= 12


def sign_another(number, card):
    partner_id = uuid7()
    partner = Partner(id=partner_id, slug=f"partner-{number}", name=f"Partner {number}",
                      kind="cloud", schema_name=Partner.schema_name_for(partner_id),
                      created_at=NOW)  # fmt: skip
    partner.save(force_insert=True)
    world.sign(partner, "revenue_share_platform", retail_card_id=card, created_by=PREPARER,
               approved_by=APPROVER)  # fmt: skip
