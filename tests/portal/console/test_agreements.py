"""Agreements on the console: proposed, approved by another, written, signed, amended, ended."""

import hashlib
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from billing.actions.rate_cards import create_rate_card
from billing.models import Agreement, AgreementVersion, ChargeComponent, RateCard
from tenants import schema
from tests.billing.people import APPROVER, PREPARER, RETAIL, utc
from tests.portal.console.cast import signed_in

PDF = b"%PDF-1.7 signed"


def rows(model, **found):
    with schema.in_console():
        return list(model.objects.filter(**found))


def redis():
    return rows(Agreement, code__startswith="redis")[0]


def text(client, url):
    answer = client.get(url)
    assert answer.status_code == 200
    return answer.content.decode()


def amend(client, agreement, **more):
    facts = {"day": "2026-11-01", "reason": "volume grows", "figure_0_partner_bps": "35 %",
             "figure_payment_days": "30", "figure_min_payout_minor": "$0.00"}  # fmt: skip
    return client.post(f"/agreements/{agreement.id}/amend/", {**facts, **more}, follow=True)


def test_the_list_and_a_page_show_what_is_in_force(readable):
    client = signed_in("auditor")

    assert "Redis Labs" in text(client, "/agreements/")
    page = text(client, f"/agreements/{redis().id}/")
    assert "in force" in page and "30" in page
    assert "Propose an amendment" not in page


def test_an_amendment_goes_from_one_person_to_the_next(console):
    preparer, approver = signed_in("finance_preparer"), signed_in("finance_approver")

    page = amend(preparer, redis()).content.decode()

    assert "Proposed. A second person has to approve it." in page
    assert "35 %" in page and "volume grows" in page
    version = rows(AgreementVersion, number=2)[0]
    assert preparer.post(f"/agreements/versions/{version.id}/approve/").status_code == 403
    done = approver.post(f"/agreements/versions/{version.id}/approve/", follow=True)
    assert "these terms come into force" in done.content.decode()
    assert rows(AgreementVersion, number=2)[0].approved_by == "finance_approver@agentcache.example"


def test_an_amendment_reaches_the_terms_that_are_seldom_amended(console):
    preparer = signed_in("finance_preparer")
    page = text(preparer, f"/agreements/{redis().id}/")
    assert "Proof of concept until (UTC)" in page and "Term in months from the start" in page

    answer = amend(preparer, redis(), **{"figure_tax": "charged", "figure_cutoff_days": "4",
                                         "figure_new_minimum": "1,000"})  # fmt: skip

    version = rows(AgreementVersion, number=2)[0]
    assert (version.terms["tax"], version.terms["cutoff_days"]) == ("charged", 4)
    assert [part.kind for part in rows(ChargeComponent, version=version)] == [
        "revenue_share", "minimum",
    ]  # fmt: skip
    assert "Minimum a month" in answer.content.decode()


def test_who_invoices_and_the_rate_card_are_amended_from_a_month_on(console, database):
    database.login("owner")
    dear, other = (
        create_rate_card(code=code, name=name, currency=currency, rates=RETAIL, actor=PREPARER,
                         approved_by=APPROVER, valid_from=utc("2026-01-01"), now=utc("2026-01-01"))
        for code, name, currency in (("dear", "Dear retail", "USD"), ("euro", "Euro", "EUR"))
    )  # fmt: skip
    database.login("web")
    preparer = signed_in("finance_preparer")
    page = text(preparer, f"/agreements/{redis().id}/")
    assert "Dear retail" in page and "Euro" not in page
    assert "Two things stay as long as an agreement: its currency, USD" in page
    change = {"card": str(dear.id), "figure_collects": "partner", "figure_tie": "partner"}

    late = amend(preparer, redis(), **change, day="2026-11-02").content.decode()
    assert "changes with a month" in late and "begin on 2026-12-01" in late
    same = amend(preparer, redis(), figure_0_partner_bps="30 %").content.decode()
    assert "Nothing would change" in same
    assert "Select a valid choice" in amend(preparer, redis(), card=str(other.id)).content.decode()
    page = amend(preparer, redis(), **change).content.decode()

    version = rows(AgreementVersion, number=2)[0]
    assert (version.collects, version.retail_card_id) == ("partner", dear.id)
    changes = re.sub(r"<[^>]+>", " ", page[page.index("What changes") :])
    for told in ("Customers are invoiced by us the partner", "Half a cent goes to us the partner",
                 "Rate card Retail Dear retail"):  # fmt: skip
        assert told in " ".join(changes.split())
    again = amend(preparer, redis(), figure_payment_days="14").content.decode()
    assert "approve or decline it first" in again and len(rows(AgreementVersion, number=3)) == 0


def test_nobody_approves_their_own_proposal(console):
    approver = signed_in("finance_approver")
    amend(approver, redis())
    version = rows(AgreementVersion, number=2)[0]

    page = approver.post(f"/agreements/versions/{version.id}/approve/", follow=True)

    assert "Ask a second person of finance" in page.content.decode()
    assert "You proposed it" in page.content.decode()
    assert rows(AgreementVersion, number=2)[0].approved_at is None


@pytest.mark.parametrize(("facts", "said"), [
    ({"figure_0_partner_bps": "a lot"}, "share: &#x27;a lot&#x27; is not understood"),
    ({"day": "2020-01-01"}, "an amendment starts after that"),
    ({"day": "soon"}, "Enter a valid date"),
    ({"reason": ""}, "whoever approves it reads this"),
])  # fmt: skip
def test_what_can_not_be_proposed_says_why_and_keeps_what_was_written(console, facts, said):
    page = amend(signed_in("finance_preparer"), redis(), **facts).content.decode()

    assert said in page
    assert rows(AgreementVersion, number=2) == []


def test_the_paper_is_written_sent_and_signed(console):
    client = signed_in("partner_manager")
    version = rows(AgreementVersion, agreement=redis())[0]
    base = f"/agreements/versions/{version.id}"
    assert client.get(f"{base}/paper.pdf").status_code == 404

    for _ in range(2):
        client.post(f"{base}/write/")
    client.post(f"{base}/sent/")
    bad = client.post(f"{base}/signed/", {"file": SimpleUploadedFile("a.pdf", b"no")}, follow=True)
    assert "has to be a PDF file" in bad.content.decode()
    client.post(f"{base}/signed/", {"file": SimpleUploadedFile("a.pdf", PDF)})

    assert client.get(f"{base}/paper.pdf").content.startswith(b"%PDF-")
    assert client.get(f"{base}/paper.pdf?signed").content == PDF
    assert "signed and in force" in text(client, "/agreements/")
    page = text(client, f"/agreements/{redis().id}/")
    assert hashlib.sha256(PDF).hexdigest() in page and "kept by partner_manager" in page


def test_an_agreement_is_ended_by_two(console):
    agreement, client = redis(), signed_in("finance_preparer")

    asked = client.post(f"/agreements/{agreement.id}/end/",
                        {"day": "2026-12-01", "reason": "merger"}, follow=True)  # fmt: skip
    assert "asks to end it on" in asked.content.decode()
    signed_in("finance_approver").post(f"/agreements/{agreement.id}/end/approve/")

    assert rows(AgreementVersion, agreement=agreement)[0].valid_to.day == 1


def test_a_new_deal_is_proposed_from_a_template(console):
    client = signed_in("partner_manager")
    card = rows(RateCard)[0]
    facts = {"template": "wholesale", "day": "2027-01-01", "currency": "USD", "card": card.id,
             "payment_days": "30", "name": "Second deal"}  # fmt: skip

    page = client.post("/partners/redis-labs/agreement/", facts, follow=True).content.decode()
    assert "Two deals in force at once" in page

    client.post(f"/agreements/{redis().id}/end/", {"day": "2026-12-01", "reason": "new deal"})
    signed_in("finance_approver").post(f"/agreements/{redis().id}/end/approve/")
    page = client.post("/partners/redis-labs/agreement/", facts, follow=True).content.decode()

    assert "Second deal" in page and "proposed" in page
    bad = client.post("/partners/redis-labs/agreement/", {**facts, "share": "101", "day": ""})
    assert bad.status_code == 200 and "This field is required" in bad.content.decode()
    assert client.get("/partners/nobody/agreement/").status_code == 404


def test_an_amendment_follows_the_terms_to_come_and_keeps_their_figures(console):
    preparer, approver = signed_in("finance_preparer"), signed_in("finance_approver")
    amend(preparer, redis())
    approver.post(f"/agreements/versions/{rows(AgreementVersion, number=2)[0].id}/approve/")

    page = text(preparer, f"/agreements/{redis().id}/")
    assert 'value="35 %"' in page
    amend(preparer, redis(), day="2026-12-01", figure_payment_days="14")

    third = rows(AgreementVersion, number=3)[0]
    assert (third.partner_share_bps, third.terms["payment_days"]) == (3_500, 14)
