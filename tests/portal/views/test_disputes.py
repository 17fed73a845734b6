"""A statement is accepted or disputed and an invoice questioned, each on its page."""

import csv
import io

from django.core.files.uploadedfile import SimpleUploadedFile

from billing.models import DisputeEntry, DocumentEvent
from tenants import schema
from tests.portal.views.cast import PINECONE, REDIS, document, signed_in, text


def test_a_partner_accepts_a_statement_on_its_page(long_portal):
    partners, _database = long_portal
    statement = document(partners.redis, "payout_statement")
    client = signed_in(REDIS, "owner")
    url = f"/manage/statements/{statement}/"
    assert "Accept" in text(client.get(url))

    answer = client.post(f"{url}accept/", follow=True)

    page = text(answer)
    assert "The statement is accepted." in page and "Accepted" in page
    assert 'id="accept"' not in answer.content.decode()
    assert "can not be disputed any more" in text(client.get(f"{url}lines/1/"))
    assert "accepted; it can not be disputed" in text(
        client.post(f"{url}lines/1/", {"text": "no"}, follow=True))  # fmt: skip


def test_a_partner_disputes_one_line_and_withdraws_it(long_portal):
    """Acme's 0.60 is disputed; zeta's 0.30 is still paid on time."""
    partners, _database = long_portal
    statement = document(partners.redis, "payout_statement")
    client = signed_in(REDIS, "owner")
    url = f"/manage/statements/{statement}/lines/1/"
    assert "within 14 days" in text(client.get(url))
    assert "Say what it is about" in text(client.post(url, {"text": "  "}, follow=True))

    file = SimpleUploadedFile("counts.csv", b"hour,count\n")
    client.post(url, {"text": "We count <b>900</b>", "file": file})

    page = text(client.get(f"/manage/statements/{statement}/"))
    assert "Disputed" in page and "$0.30 of it is not disputed and is paid on time" in page
    thread = client.get(url).content.decode()
    assert "We count &lt;b&gt;900&lt;/b&gt;" in thread and "counts.csv" in thread
    assert client.post(f"/manage/statements/{statement}/accept/", follow=True)
    with schema.in_partner(partners.redis):
        assert not DocumentEvent.objects.filter(kind="accepted").exists()
        assert bytes(DisputeEntry.objects.get().file) == b"hour,count\n"
    client.post(url, {"act": "withdraw"})
    assert "Withdrawn" in text(client.get(url))
    assert "Accept" in text(client.get(f"/manage/statements/{statement}/"))


def test_a_customer_questions_a_line_of_its_own_invoice_only(long_portal):
    partners, _database = long_portal
    mine = document(partners.redis, "customer_invoice", "acme")
    zetas = document(partners.redis, "customer_invoice", "zeta")
    client = signed_in(REDIS, "customer_owner")

    client.post(f"/invoices/{mine}/lines/1/", {"text": "Twice as much as before?"})

    assert "Twice as much as before?" in text(client.get(f"/invoices/{mine}/lines/1/"))
    assert "Disputed" in text(client.get(f"/invoices/{mine}/"))
    assert client.get(f"/invoices/{zetas}/lines/1/").status_code == 404
    assert client.post(f"/invoices/{zetas}/lines/1/", {"text": "x"}).status_code == 404
    assert "Line 1" in text(signed_in(REDIS, "owner").get(f"/manage/invoices/{mine}/"))
    assert client.get(f"/invoices/{mine}/lines/99/").status_code == 404


def test_other_partners_lines_and_other_roles_are_refused(portal):
    statement = document(portal.redis, "payout_statement")
    path = f"/manage/statements/{statement}/"

    assert signed_in(PINECONE, "owner").get(f"{path}lines/1/").status_code == 404
    assert signed_in(PINECONE, "owner").post(f"{path}accept/").status_code == 404
    assert signed_in(REDIS, "support").post(f"{path}accept/").status_code == 403
    assert signed_in(REDIS, "finance").get(f"{path}accept/").status_code == 405
    invoice = document(portal.redis, "customer_invoice", "acme")
    viewer = signed_in(REDIS, "customer_viewer")
    assert viewer.get(f"/invoices/{invoice}/lines/1/").status_code == 403


def test_a_document_is_a_table_too(portal):
    statement = document(portal.redis, "payout_statement")

    answer = signed_in(REDIS, "finance").get(f"/manage/statements/{statement}/csv")

    rows = list(csv.DictReader(io.StringIO(answer.content.decode())))
    paid = {(row["customer_name"], row["amount"]) for row in rows if row["amount"] != "0.00"}
    assert paid == {
        ("Acme", "0.60"), ("Zeta", "0.30")}  # fmt: skip
    assert answer["Content-Disposition"].endswith('.csv"')
