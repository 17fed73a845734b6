"""The pipeline from an empty page to first revenue: every action twice, facts read, never typed."""

import io
import uuid

import psycopg
import pypdf
import pytest
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tenants import schema
from tenants.models import AuditEntry, Partner, Prospect, ProspectEntry
from tests.billing.people import utc
from tests.portal.console.cast import email_of, run_of, seen, signed_in, work
from tests.portal.views.cast import text

BOSS = email_of("partner_manager")
FORM = {
    "name": "Momento", "kind": "cloud", "owner": BOSS, "partner": "", "contact_name": "Sam",
    "contact_email": "sam@momento.example", "product": "", "template": "revenue_share_partner",
    "monthly_requests": "1000000", "hit_rate": "80", "unit_price": "0.002", "growth": "50",
    "base_yearly": "",
}  # fmt: skip


def add(client, **more):
    number = more.pop("prospect_id", str(uuid.uuid4()))
    return client.post("/pipeline/new/", {**FORM, "prospect_id": number, **more})


def only(name="Momento"):
    with schema.in_console():
        return Prospect.objects.get(name=name)


def entries(row):
    with schema.in_console():
        kinds = ProspectEntry.objects.filter(prospect=row).order_by("at", "id")
        return list(kinds.values_list("kind", "stage"))


def since(name, at):
    with schema.in_console():
        Prospect.objects.filter(name=name).update(stage_at=at)


def test_the_first_day_invites_to_add_and_offers_opened_partners(readable):
    manager, auditor = (text(signed_in(role).get("/pipeline/"))
                        for role in ("partner_manager", "auditor"))  # fmt: skip

    assert "Nobody in the pipeline yet" in manager and "Add the first one" in manager
    assert "Nobody in the pipeline yet" in auditor and "Add the first one" not in auditor
    assert "Pinecone Vector database Add Pinecone" in manager
    known = signed_in("partner_manager").get("/pipeline/new/?partner=redis-labs").content.decode()
    assert 'value="Redis Labs"' in known and '<option value="redis-labs" selected>' in known


def test_added_moved_and_noted_once_however_often_it_is_sent(console):
    client, number = signed_in("partner_manager"), str(uuid.uuid4())
    for _ in range(2):
        assert add(client, prospect_id=number)["Location"] == f"/pipeline/{number}/"
    row = only()
    for _ in range(2):
        client.post(f"/pipeline/{row.id}/move/", {"stage": "poc", "text": "They run it."})
        client.post(f"/pipeline/{row.id}/note/", {
            "text": "Wants eu only.", "next_step": "Send the contract",
            "next_step_on": "2026-10-01"})  # fmt: skip
        client.post(f"/pipeline/{row.id}/edit/", {**FORM, "product": "Momento AI Edition"})

    typed = client.post(f"/pipeline/{row.id}/move/", {"stage": "revenue"})
    assert "revenue is not one of the available choices" in text(typed)
    assert entries(row) == [("stage", "poc"), ("note", "")]
    since("Momento", utc("2026-07-01"))
    page, one = (text(client.get(path)) for path in ("/pipeline/", f"/pipeline/{row.id}/"))
    assert "Momento Cloud provider Proof of concept 96 over 90" in page
    assert "Send the contract was due on 1 Oct 2026" in page
    assert "96 days, since 1 Jul 2026" in one and "They run it." in one
    assert "Wants eu only." in one and "Momento AI Edition" in one
    with schema.in_console():
        verbs = AuditEntry.objects.filter(verb__startswith="prospect.").order_by("at", "id")
        assert list(verbs.values_list("verb", flat=True)) == [
            "prospect.added", "prospect.moved", "prospect.changed",
        ]  # fmt: skip


def test_the_pitch_is_mailed_once_with_its_proposal_and_moves_a_target(console):
    client = signed_in("partner_manager")
    add(client)
    row = only()
    form = client.get(f"/pipeline/{row.id}/").context["letter_form"].initial
    letter = {**form, "with_proposal": "on"}
    for _ in range(2):
        client.post(f"/pipeline/{row.id}/mail/", letter)

    [sent] = mail.outbox
    assert (sent.to, sent.reply_to) == (["sam@momento.example"], [BOSS])
    assert "you get 60 % of overflow traffic, we get 40 %" in sent.body and "Hi Sam," in sent.body
    # $19,200, $28,800 and $43,200 of sales; the partner keeps 60 %.
    assert "$11,520.00 for you in the first year and $54,720.00 over three" in sent.body
    name, content, kind = sent.attachments[0]
    assert (name, kind) == ("proposal-momento.pdf", "application/pdf")
    paper = client.get(f"/pipeline/{row.id}/proposal.pdf")
    assert paper.content == content
    printed = " ".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(content)).pages)
    assert "$54,720.00" in printed and "Momento AI Cache" in printed
    assert entries(row) == [("letter", ""), ("stage", "pitched")]
    assert only().stage == "pitched"
    client.post(f"/pipeline/{row.id}/mail/", {**letter, "text": "A second try."})
    assert len(mail.outbox) == 2


def test_a_mail_that_is_not_taken_leaves_the_prospect_as_it_was(console, monkeypatch):
    client = signed_in("partner_manager")
    add(client)
    row = only()

    def refuse(*_args, **_more):
        raise ConnectionRefusedError("nobody listens")

    monkeypatch.setattr("django.core.mail.EmailMultiAlternatives.send", refuse)
    letter = {"to": "sam@momento.example", "subject": "Hi", "text": "Hello"}
    page = client.post(f"/pipeline/{row.id}/mail/", letter)

    assert "nobody listens" in text(page) and "Hello</textarea>" in page.content.decode()
    assert entries(row) == [] and only().stage == "target"


def test_signed_live_and_first_revenue_are_read_from_facts(reviewed, database):
    client = signed_in("partner_manager")
    add(client, name="Redis", kind="general_cache", partner="redis-labs")
    row = only("Redis")

    # The agreement is approved and September has traffic; nothing is issued yet.
    assert "Redis General cache Live" in text(client.get("/pipeline/"))
    runs = [run_of(partner) for partner in reviewed]
    signed_in("finance_approver").post(
        "/finance/approve/", {"month": "2026-09", "run": seen(*runs)}
    )
    work(database)

    page, one = (text(client.get(path)) for path in ("/pipeline/", f"/pipeline/{row.id}/"))
    assert "Redis General cache First revenue" in page
    assert "Read from its agreement, traffic and documents." in one and "Move" not in one
    # Health with reasons: September's traffic came at once, August had none.
    assert "Health of live partners" in page and "Redis Well" in page
    with schema.in_console():
        Partner.objects.filter(slug="redis-labs").update(state="suspended")
    assert "Redis At risk not active" in text(client.get("/pipeline/"))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": "  "}, "This field is required"),
        ({"kind": "direct"}, "Select a valid choice"),
        ({"owner": email_of("auditor")}, "Select a valid choice"),
        ({"partner": "nobody"}, "Select a valid choice"),
        ({"hit_rate": "101"}, "less than or equal to 100"),
        ({"monthly_requests": "many"}, "Enter a whole number"),
        ({"contact_email": "sam"}, "valid email address"),
        ({"prospect_id": "1"}, "Enter a valid UUID"),
    ],
)
def test_what_does_not_fit_is_said_and_nothing_is_added(readable, change, said):
    answer = add(signed_in("superadmin"), **change)

    assert answer.status_code == 200 and said in text(answer)
    with schema.in_console():
        assert not Prospect.objects.exists()


def test_a_name_and_a_partner_are_taken_once(console):
    client = signed_in("superadmin")
    add(client, partner="pinecone")

    again = add(client, name="momento")
    other = add(client, name="Nimbus", partner="pinecone")

    assert "is in the pipeline already" in text(again)
    assert "Pinecone is linked to another prospect" in text(other)


def test_history_stays_and_no_partner_sees_the_pipeline(console, database):
    client = signed_in("superadmin")
    add(client)
    row = only()
    client.post(f"/pipeline/{row.id}/note/", {"text": "Careful."})

    for partner in console:
        with schema.in_partner(partner), pytest.raises(Exception, match="permission denied"):
            Prospect.objects.count()
    with psycopg.connect(database.urls["superuser"]) as boss, pytest.raises(psycopg.Error):
        boss.execute("UPDATE tenants_prospectentry SET text = 'nothing'")


def test_the_page_asks_as_many_queries_for_twenty_prospects_as_for_one(console):
    client = signed_in("superadmin")
    add(client, partner="redis-labs", name="Redis", kind="general_cache")
    client.get("/pipeline/")
    with CaptureQueriesContext(connection) as few:
        client.get("/pipeline/")
    for number in range(19):
        add(client, name=f"Company {number}", partner="pinecone" if number == 3 else "")
    with CaptureQueriesContext(connection) as many:
        page = client.get("/pipeline/")

    assert "Company 18" in text(page)
    assert len(many) == len(few) <= 24
