"""The partner's pages: right numbers, right people, clear refusals, constant queries."""

import hashlib
import json
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.models import Document
from cache_api.models import Customer
from tenants import resolve, schema
from tests.billing import world
from tests.portal.views import cast
from tests.portal.views.cast import PINECONE, REDIS, document, signed_in, text

LISTS = ("/manage/customers/", "/manage/invoices/", "/manage/statements/")
PAGES = ("/manage/", "/manage/usage/", *LISTS)


def test_the_overview_shows_the_share_of_the_running_month_and_the_usage(portal):
    page = text(signed_in(REDIS, "owner").get("/manage/?range=2026-10"))

    # 100 hits at $0.002 in October: $0.20 billed, 30 % of it is the partner's.
    assert "Your share est. $0.06 30 % · October 2026, as of 14:20 UTC" in page
    assert "Billed to customers est. $0.20" in page
    assert "Hit rate 100.0 %" in page and "100 lookups, 100.0 % answered" in page
    assert "PST-2026-000" in page or "INV-2026-000" in page


def test_usage_adds_up_and_can_be_narrowed_to_a_customer(portal):
    client = signed_in(REDIS, "analyst")

    whole, acme = (
        text(client.get(f"/manage/usage/?range=2026-09{extra}")) for extra in ("", "&customer=acme")
    )

    assert "Lookups 1.9k" in whole and "Hit rate 78.9 %" in whole
    assert "Lookups 1.4k" in acme and "Hit rate 71.4 %" in acme and "Saved est. $2.50" in acme
    assert "gpt-4o-mini" in acme and "Zeta" not in acme


def test_usage_shows_what_prompt_caching_could_save(long_portal):
    partners, database = long_portal
    october, stored = "2026-10-03T08:00", {"kind": "store", "outcome": "stored"}
    database.login("owner")
    world.record(
        world.hit(partners.redis, october, "acme", 10, prefix_tokens=48_000,
                  prefix_saved_micros=1_200_000, **stored),
        world.hit(partners.redis, october, "zeta", 1, prefix_tokens=7_000,
                  prefix_saved_micros=-9, **stored),
        world.hit(partners.pinecone, october, "acme", 1, prefix_tokens=1,
                  prefix_saved_micros=77_000_000, **stored),
        now=cast.NOW,
    )  # fmt: skip
    database.login("web")
    partner, acme = signed_in(REDIS, "owner"), signed_in(REDIS, "customer_owner")

    whole = text(partner.get("/manage/usage/?range=2026-10"))
    zeta = text(partner.get("/manage/usage/?range=2026-10&customer=zeta"))
    own = text(acme.get("/usage/?range=2026-10"))
    before = text(acme.get("/usage/?range=2026-09"))

    assert "Prompt caching could save $12.00 est." in whole and "487k prompt tokens" in whole
    assert "Acme 480k $12.00" in whole and "Zeta 7" not in whole
    assert "Nothing to gain here 7k prompt tokens" in zeta
    assert (
        "Prompt caching could save $12.00 est." in own and "Prompt caching by customer" not in own
    )
    assert "No repeated prompts in this range" in before


def test_customers_are_found_by_name_and_state(portal):
    client = signed_in(REDIS, "support")

    assert "Acme" in text(client.get("/manage/customers/?q=acm&state=active"))
    nothing = text(client.get("/manage/customers/?q=acm&state=suspended"))
    assert "No customer matches" in nothing and "Acme" not in nothing


def test_a_statement_shows_its_lines_their_arithmetic_and_the_usage_behind(portal):
    client = signed_in(REDIS, "finance")
    number = document(portal.redis, "payout_statement")

    answer = client.get(f"/manage/statements/{number}/")

    page = text(answer)
    assert "Statement of September 2026" in page
    # acme 1,000 and zeta 500 hits at $0.002: shares of $2.00 and $1.00.
    assert "Opening balance $0.00" in page and "Share of September 2026 $0.90" in page
    assert "1,000 requests" in page and "30 % of the invoice" in page
    assert "Sum of the lines $0.90" in page
    assert "?customer=acme&amp;range=2026-09" in answer.content.decode()


def test_a_document_downloads_as_pdf_and_as_the_json_that_its_fingerprint_names(portal):
    client = signed_in(REDIS, "finance")
    number = document(portal.redis, "customer_invoice", "acme")

    pdf, body, page = (
        client.get(f"/manage/invoices/{number}/{form}") for form in ("pdf", "json", "")
    )

    assert pdf.content.startswith(b"%PDF-") and pdf["Content-Type"] == "application/pdf"
    assert re.fullmatch(r'attachment; filename="INV-2026-\d{6}\.pdf"', pdf["Content-Disposition"])
    assert client.get(f"/manage/invoices/{number}/pdf").content == pdf.content
    fingerprint = re.search(r'title="([0-9a-f]{64})"', page.content.decode())
    assert hashlib.sha256(body.content).hexdigest() == fingerprint[1]
    assert json.loads(body.content)["totals"]["net_minor"] == 200


def test_another_partners_documents_and_customers_do_not_exist(portal):
    client = signed_in(REDIS, "owner")
    statement = document(portal.pinecone, "payout_statement")
    invoice = document(portal.pinecone, "customer_invoice", "acme")

    for path in (
        f"statements/{statement}/",
        f"statements/{statement}/pdf",
        f"invoices/{invoice}/",
        f"invoices/{invoice}/json",
    ):
        assert client.get(f"/manage/{path}").status_code == 404
    assert "154" not in text(client.get("/manage/invoices/"))
    assert signed_in(PINECONE, "owner").get(f"/manage/invoices/{invoice}/").status_code == 200


def test_a_statement_is_no_invoice(portal):
    client = signed_in(REDIS, "owner")

    statement = document(portal.redis, "payout_statement")

    assert client.get(f"/manage/invoices/{statement}/").status_code == 404


def test_a_developer_sees_usage_but_no_money(portal):
    client = signed_in(REDIS, "developer")

    page = client.get("/manage/")

    assert "Your share" not in text(page) and "Latest documents" not in text(page)
    assert 'href="/manage/invoices/"' not in page.content.decode()
    for path in ("/manage/invoices/", "/manage/statements/"):
        answer = client.get(path)
        assert answer.status_code == 403 and "Your role does not reach here" in text(answer)


@pytest.mark.parametrize("role", ["customer_owner", "customer_viewer"])
def test_customers_do_not_enter_the_partners_pages(portal, role):
    client = signed_in(REDIS, role)

    assert [client.get(path).status_code for path in PAGES] == [403] * len(PAGES)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/manage/?range=1y", 400), ("/manage/usage/?range=2026-13", 400),
        ("/manage/usage/?by=customer_id", 400), ("/manage/usage/?customer=nobody", 404),
        ("/manage/customers/?page=0", 400), ("/manage/customers/?page=-1", 400),
        ("/manage/customers/?page=9e9", 400), ("/manage/customers/?state=happy", 400),
        ("/manage/invoices/?page=²", 400), ("/manage/invoices/not-an-id/", 404),
        ("/manage/usage/?range=2027-01", 400), ("/manage/usage/?customer=%00", 404),
    ],
)  # fmt: skip
def test_bad_input_gets_a_page_that_says_what_to_do(portal, path, status):
    answer = signed_in(REDIS, "owner").get(path)

    assert answer.status_code == status
    assert "Go to the start" in text(answer)


def test_a_bad_page_number_is_named(portal):
    page = text(signed_in(REDIS, "owner").get("/manage/customers/?page=nine"))

    assert "cannot be read: write it like 1." in page


def test_what_no_column_can_hold_is_a_bad_request_not_our_fault(portal):
    client = signed_in(REDIS, "owner")
    client.raise_request_exception = False

    answer = client.get("/manage/customers/?q=a%00b")

    assert answer.status_code == 400 and "could not be read" in text(answer)
    assert client.get("/manage/customers/?q=a").status_code == 200  # the connection is sound


def test_a_page_past_the_end_is_empty_not_an_error(portal):
    assert signed_in(REDIS, "owner").get("/manage/invoices/?page=99").status_code == 200


def test_new_partners_are_told_what_comes_next(empty_portal):
    client = signed_in(REDIS, "owner")

    seen = {path: text(client.get(path)) for path in PAGES}

    assert "Getting started" in seen["/manage/"]
    assert "No traffic in this range" in seen["/manage/usage/"]
    assert "The first invoices come after the first full month" in seen["/manage/invoices/"]
    assert "The first statement comes after the first full month" in seen["/manage/statements/"]
    assert "Newcomer" in seen["/manage/customers/"]


def queries(client, path):
    client.get(path)
    with CaptureQueriesContext(connection) as seen:
        assert client.get(path).status_code == 200
    return len(seen)


def test_lists_cost_the_same_at_one_row_and_at_a_hundred(long_portal, monkeypatch):
    # Hosts are looked up again after some seconds, which a busy machine lets pass inside a count.
    monkeypatch.setattr(resolve, "FRESH_SECONDS", 600.0)
    portal, database = long_portal
    client, person = signed_in(REDIS, "owner"), signed_in(REDIS, "customer_owner")
    before = {path: queries(client, path) for path in LISTS}
    before["/invoices/"] = queries(person, "/invoices/")
    database.login("owner")
    with schema.in_partner(portal.redis):
        Customer.objects.bulk_create(
            Customer(external_id=f"c{n}", name=f"C {n}", created_at=cast.NOW) for n in range(100)
        )
    copies(portal.redis, 100)
    database.login("web")

    after = {path: queries(client, path) for path in LISTS}
    after["/invoices/"] = queries(person, "/invoices/")

    assert after == before and all(count <= 29 for count in after.values()), after
    assert "1–50 of 10" in text(client.get("/manage/customers/"))


def copies(partner, count):
    """More issued documents of both kinds, as rows only: a list reads no line of them."""
    for kind in ("customer_invoice", "payout_statement"):
        # Of Acme, so that its own list grows too; a statement is nobody's in particular.
        first = Document.objects.filter(
            partner_id=partner.id, kind=kind, customer_external_id__in=("acme", "")
        ).first()
        for n in range(count):
            first.pk = None
            first.number, first.sequence_no, first.position = f"X-{kind}-{n}", 1000 + n, 1000 + n
            first.series = "X" if kind == "customer_invoice" else "Y"
            first.position += 0 if kind == "customer_invoice" else count
            first.id = None
            first._state.adding = True
            first.save(force_insert=True)


@pytest.mark.parametrize("path", PAGES)
def test_pages_are_branded_and_hold_no_inline_style_or_script(portal, path):
    answer = signed_in(REDIS, "owner").get(path)

    html = answer.content.decode()
    assert "Redis Edge Cache" in html and re.search(r"/brand/tokens\.[0-9a-f]{16}\.css", html)
    assert " style=" not in html and "<style" not in html and not re.search(r"\son[a-z]+=", html)
    assert not re.search(r"<script(?![^>]*(?:src=|application/json))", html)
    policy = answer["Content-Security-Policy"]
    assert "default-src 'self'" in policy and "unsafe" not in policy
