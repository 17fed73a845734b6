"""The customer's pages: its own numbers and bills, nobody else's."""

import re

import pytest

from tests.portal.views.cast import REDIS, document, signed_in, text

PAGES = ("/", "/usage/", "/invoices/")


def test_the_overview_shows_cost_savings_and_the_open_invoice(portal):
    page = text(signed_in(REDIS, "customer_billing").get("/?range=2026-10"))

    assert "Acme" in page and "Cost so far est. $0.20" in page
    assert "Saved by the cache est. $0.25" in page and "Hit rate 100.0 %" in page
    assert re.search(r"Invoice INV-2026-\d{6} over \$2\.00 is due on 1 Nov 2026", page)
    # 20 cents by the 5th 14:20: 20 × 744 h / 110⅓ h = 134.8, rounded down.
    assert "about $1.34 by the end of it" in page
    september = text(signed_in(REDIS, "customer_billing").get("/?range=2026-09"))
    assert "half within" in september and "misses within" in september


def test_a_viewer_sees_no_money(portal):
    client = signed_in(REDIS, "customer_viewer")

    page = text(client.get("/"))

    assert "Cost so far" not in page and "INV-" not in page and "by the end of it" not in page
    assert client.get("/invoices/").status_code == 403


def test_usage_is_the_customers_own(portal):
    page = text(signed_in(REDIS, "customer_owner").get("/usage/?range=2026-09&customer=zeta"))

    assert "Lookups 1.4k" in page and "gpt-4o-mini" in page and "1.9k" not in page


def test_an_invoice_can_be_read_and_downloaded(portal):
    client = signed_in(REDIS, "customer_owner")
    number = document(portal.redis, "customer_invoice", "acme")

    listed, page = client.get("/invoices/"), text(client.get(f"/invoices/{number}/"))

    assert f"/invoices/{number}/" in listed.content.decode()
    assert "1,000" in page and "$2.00" in page and "sold by AgentCache" in page
    assert client.get(f"/invoices/{number}/pdf").content.startswith(b"%PDF-")


def test_another_customers_invoice_and_statements_do_not_exist(portal):
    client = signed_in(REDIS, "customer_owner")
    others = [
        document(portal.redis, "customer_invoice", "zeta"),
        document(portal.redis, "payout_statement"),
        document(portal.pinecone, "customer_invoice", "acme"),
    ]

    for number in others:
        for form in ("", "pdf", "json"):
            assert client.get(f"/invoices/{number}/{form}").status_code == 404
    assert "$1.00" not in text(client.get("/invoices/"))


@pytest.mark.parametrize("role", ["owner", "analyst"])
def test_partner_staff_are_sent_to_their_own_pages(portal, role):
    client = signed_in(REDIS, role)

    assert client.get("/").headers["Location"] == "/manage/"
    assert [client.get(path).status_code for path in ("/usage/", "/invoices/")] == [403, 403]


def test_strangers_are_asked_to_sign_in_and_come_back(portal):
    from django.test import Client

    for path in (*PAGES, "/manage/", "/manage/statements/"):
        answer = Client(HTTP_HOST=REDIS).get(path)
        assert answer.status_code == 302
        assert answer.headers["Location"] == f"/accounts/login/?next={path}"


def test_a_new_customer_is_told_what_comes_next(empty_portal):
    client = signed_in(REDIS, "customer_owner")

    assert "Getting started" in text(client.get("/"))
    assert "No traffic in this range" in text(client.get("/usage/"))
    assert "Your first invoice comes after the first full month" in text(client.get("/invoices/"))


@pytest.mark.parametrize("path", PAGES)
def test_pages_hold_no_inline_style_or_script(portal, path):
    html = signed_in(REDIS, "customer_owner").get(path).content.decode()

    assert " style=" not in html and "<style" not in html and not re.search(r"\son[a-z]+=", html)
    assert not re.search(r"<script(?![^>]*(?:src=|application/json))", html)
