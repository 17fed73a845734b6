"""One run on the console: figures with their arithmetic, and each verb in the right hands."""

import hashlib
import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.models import Document, DraftDocument, RunEvent
from billing.queries import run_detail
from tenants import schema
from tenants.models import AuditEntry
from tenants.rules.ids import uuid7
from tests.billing import world
from tests.portal.console.cast import email_of, run_of, seen, signed_in, work
from tests.portal.views.cast import text


def url_of(partner, verb=""):
    return f"/finance/runs/{run_of(partner).id}/{verb}"


def issue(partners, database):
    runs = [run_of(partner) for partner in partners]
    approver = signed_in("finance_approver")
    approver.post("/finance/approve/", {"month": "2026-09", "run": seen(*runs)})
    work(database)
    return approver


def document(partner, **facts):
    with schema.in_console():
        return Document.objects.get(partner_id=partner.id, **facts)


def test_the_run_shows_equality_arithmetic_terms_and_log(reviewed):
    page = text(signed_in("auditor").get(url_of(reviewed.redis)))

    assert "Billed $102.01 = Our net $71.41 + Partners' share $30.60" in page
    assert "adds up" in page and "not final" in page
    assert "51,255 lookups" in page and "51,005 answered from the cache" in page
    assert "50,005 × $0.002 = $100.01" in page
    assert "The partner gets 30 % of each customer invoice&#x27;s net, we keep 70 %." in page
    assert (
        page.count(email_of("finance_preparer")) == 5
    )  # opened, collected, frozen, rated, handed in
    assert "Approve and issue" not in page and "Reject" not in page


def test_a_second_person_approves_one_run_and_a_worker_issues_it(reviewed, database):
    approver = signed_in("finance_approver")

    page = approver.post(url_of(reviewed.redis, "approve/"), {"attempt": "1"}, follow=True)

    assert "Approved. The documents are being issued." in text(page)
    assert run_of(reviewed.redis).state == "approved"
    assert run_of(reviewed.pinecone).state == "in_review"
    work(database)
    page = text(approver.get(url_of(reviewed.redis)))
    assert "INV-2026-000001" in page and "PST-2026-000001" in page and "final" in page


def test_the_preparer_is_told_why_there_is_no_button(console, database):
    superadmin = signed_in("superadmin")
    superadmin.post("/finance/start/", {"month": "2026-09"})
    work(database)

    page = text(superadmin.get(url_of(console.redis)))
    forced = superadmin.post(url_of(console.redis, "approve/"), {"attempt": "1"}, follow=True)

    assert "You prepared this run, so you can not approve it" in page
    assert "Approve and issue" not in page and "Take it back" in page
    assert "Ask a second person of finance" in text(forced)
    assert run_of(console.redis).state == "in_review"


def test_a_rejection_needs_a_reason_and_waits_for_a_person(reviewed, database):
    approver, preparer = signed_in("finance_approver"), signed_in("finance_preparer")
    where = url_of(reviewed.redis, "reject/")

    silent = approver.post(where, {"reason": "  "})
    told = approver.post(where, {"reason": "acme looks too high"}, follow=True)

    assert silent.status_code == 200 and "Say why: whoever settles it again" in text(silent)
    assert "Sent back; it waits to be settled again. acme looks too high" in text(told)
    assert "Sent back" in text(preparer.get("/finance/?month=2026-09"))
    queued = preparer.post(url_of(reviewed.redis, "again/"), follow=True)
    assert "Queued. A worker settles it again." in text(queued)
    assert b"every 2s" in queued.content  # the page follows it
    work(database)
    run = run_of(reviewed.redis)
    assert (run.state, run.attempt, run.preparer) == (
        "in_review", 2, email_of("finance_preparer"))  # fmt: skip
    assert "acme looks too high" in text(approver.get(url_of(reviewed.redis)))
    late = text(preparer.post(url_of(reviewed.redis, "again/"), follow=True))
    assert "in_review is not settled again; nothing was queued" in late


def test_who_settles_a_rejected_run_again_has_prepared_it(reviewed, database):
    """Otherwise one person could send figures back, have them made anew and approve them."""
    approver = signed_in("finance_approver")
    approver.post(url_of(reviewed.redis, "reject/"), {"reason": "too high"})
    approver.post(url_of(reviewed.redis, "again/"))
    approver.post(url_of(reviewed.redis, "again/"))
    work(database)

    refused = approver.post(url_of(reviewed.redis, "approve/"), {"attempt": "2"}, follow=True)

    assert "Ask a second person of finance" in text(refused)
    with schema.in_console():
        taken = AuditEntry.objects.filter(verb="run.take_up").values_list("actor", flat=True)
        steps = RunEvent.objects.filter(run=run_of(reviewed.redis)).values_list("step", flat=True)
        assert list(taken) == [email_of("finance_approver")]
        assert list(steps) == list(range(1, len(steps) + 1))


def test_figures_of_a_run_that_was_sent_back_count_no_longer(reviewed):
    signed_in("finance_approver").post(url_of(reviewed.redis, "reject/"), {"reason": "too high"})

    page = text(signed_in("auditor").get("/finance/?month=2026-09"))

    assert "Billed $1,000.00 = Our net $800.00" in page and "$102.01" not in page


def test_an_approval_can_be_withdrawn_until_it_is_issued(reviewed, database):
    approver = signed_in("finance_approver")
    approver.post(url_of(reviewed.redis, "approve/"), {"attempt": "1"})

    page = approver.post(url_of(reviewed.redis, "withdraw/"), {"reason": "wait"}, follow=True)

    assert "The approval is withdrawn." in text(page)
    assert "wait" in text(signed_in("auditor").get(url_of(reviewed.redis)))
    room = text(signed_in("finance_preparer").get("/finance/?month=2026-09"))
    assert "Sent back" in room and "Billed $1,000.00" in room  # its figures count no longer
    assert (run_of(reviewed.redis).state, run_of(reviewed.redis).approver) == ("collecting", "")
    issue((reviewed.pinecone,), database)
    late = approver.post(url_of(reviewed.pinecone, "withdraw/"), {"reason": "no"}, follow=True)
    assert "A run that is issued cannot lose its approval. It can: be delivered." in text(late)


def test_a_draft_shows_its_lines_before_it_has_a_number(reviewed):
    run = run_of(reviewed.redis)
    with schema.in_console():
        statement = DraftDocument.objects.get(run=run, kind="payout_statement")
    client = signed_in("auditor")

    page = text(client.get(url_of(reviewed.redis, f"drafts/{statement.id}/")))

    assert "Payout statement: Redis Labs Ltd" in page and "draft" in page
    assert "$30.00" in page and "$0.60" in page and "Total $30.60" in page
    assert "closing $30.60: $30.60 payable, $0.00 carried forward" in page
    other = url_of(reviewed.pinecone, f"drafts/{statement.id}/")
    assert client.get(other).status_code == 404


def test_an_issued_document_is_a_page_a_pdf_and_the_json_that_it_is(reviewed, database):
    issue(reviewed, database)
    invoice = document(reviewed.redis, customer_external_id="acme")
    client = signed_in("auditor")

    page = client.get(f"/documents/{invoice.id}/")
    pdf = client.get(f"/documents/{invoice.id}/pdf")
    body = client.get(f"/documents/{invoice.id}/json")

    assert invoice.number in text(page) and "$100.01" in text(page)
    assert "Redis Labs" in text(page)
    assert pdf["Content-Type"] == "application/pdf" and pdf.content.startswith(b"%PDF-")
    assert client.get(f"/documents/{invoice.id}/pdf").content == pdf.content
    assert hashlib.sha256(body.content).hexdigest() == invoice.sha256
    assert json.loads(body.content)["number"] == invoice.number
    assert client.get(f"/documents/{uuid7()}/").status_code == 404


@pytest.mark.parametrize("verb", ["", "approve/", "reject/", "withdraw/", "again/"])
def test_a_run_that_does_not_exist_is_a_404_not_a_crash(readable, verb):
    client, where = signed_in("superadmin"), f"/finance/runs/{uuid7()}/{verb}"

    answer = client.post(where, {"reason": "x"}, follow=True) if verb else client.get(where)

    assert answer.status_code == 404


def test_a_run_asks_as_many_queries_for_60_customers_as_for_two(console, database):
    signed_in("finance_preparer").post("/finance/start/", {"month": "2026-09"})
    work(database)
    client = signed_in("finance_approver")
    client.get(url_of(console.redis))
    with CaptureQueriesContext(connection) as few:
        client.get(url_of(console.redis))
    client.post(url_of(console.redis, "reject/"), {"reason": "more usage"})
    database.login("owner")
    more = [world.hit(console.redis, "2026-09-12T08:00", f"c{n}", 500 + n) for n in range(60)]
    world.record(*more)
    database.login("web")
    client.post(url_of(console.redis, "again/"))
    work(database)

    with CaptureQueriesContext(connection) as many:
        page = client.get(url_of(console.redis))

    assert "c59" in text(page)
    assert len(many) == len(few) <= 20


def test_lines_are_paged(console, database):
    database.login("owner")
    world.record(*(
        world.hit(console.redis, "2026-09-12T08:00", f"c{n:03d}", 10) for n in range(210)
    ))  # fmt: skip
    database.login("web")
    signed_in("finance_preparer").post("/finance/start/", {"month": "2026-09"})
    work(database)
    client = signed_in("auditor")
    run = run_of(console.redis)
    with schema.in_console():
        total = run_detail(run.id).line_count

    first = text(client.get(f"/finance/runs/{run.id}/"))
    last = text(client.get(f"/finance/runs/{run.id}/?from={total - total % 200}"))

    assert f"1–200 of {total}" in first and "More lines" in first
    assert f"–{total} of {total}" in last and "More lines" not in last
    assert client.get(f"/finance/runs/{run.id}/?from=-1").status_code == 200
