"""German pages, chosen by cookie or asked for by the browser; documents and programs are not."""

import re

import pytest
from django.test import Client

from tests.portal.views.cast import PINECONE, REDIS, document, signed_in, text

GERMAN = {"HTTP_ACCEPT_LANGUAGE": "de-AT,de;q=0.9,en;q=0.5"}


def german(host, role):
    client = signed_in(host, role)
    client.cookies["lang"] = "de"
    return client


def plain(answer):
    return text(answer).replace("\u00a0", " ")


@pytest.mark.parametrize("host", [REDIS, PINECONE])
def test_sign_in_follows_the_browser_and_says_so_to_caches(portal, host):
    answer = Client(HTTP_HOST=host).get("/accounts/login/", **GERMAN)
    page = answer.content.decode()

    assert '<html lang="de"' in page and "Mit Passkey anmelden" in page and "Vergessen?" in page
    assert answer["Content-Language"] == "de"
    assert {"Accept-Language", "Cookie"} <= set(re.split(r",\s*", answer["Vary"]))
    other = Client(HTTP_HOST=host).get("/accounts/login/", HTTP_ACCEPT_LANGUAGE="fr")
    assert '<html lang="en"' in other.content.decode()


def test_the_choice_is_made_by_a_form_and_beats_the_browser(portal):
    client = Client(HTTP_HOST=REDIS, enforce_csrf_checks=True)
    page = client.get("/accounts/login/?next=/usage/").content.decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page).group(1)
    there = re.search(r'name="next" value="([^"]+)">\s*<div class="segmented', page).group(1)

    refused = client.post("/accounts/language/", {"language": "de"})
    chosen = client.post(
        "/accounts/language/", {"language": "de", "next": there, "csrfmiddlewaretoken": token}
    )

    assert refused.status_code == 403
    assert (chosen.status_code, chosen["Location"]) == (302, "/accounts/login/?next=/usage/")
    cookie = client.cookies["lang"]
    assert cookie["httponly"] and cookie["samesite"] == "Lax" and cookie["path"] == "/"
    again = client.get("/accounts/login/", HTTP_ACCEPT_LANGUAGE="en").content.decode()
    assert '<html lang="de"' in again and ">English</button>" in again
    assert 'value="de" lang="de" aria-pressed="true">Deutsch</button>' in again


@pytest.mark.parametrize("there", ["https://evil.example/", "//evil.example/", "javascript:x"])
def test_the_choice_leads_nowhere_else(portal, there):
    answer = Client(HTTP_HOST=REDIS).post("/accounts/language/", {"language": "de", "next": there})
    assert answer["Location"] == "/"


def test_a_language_that_is_not_offered_changes_nothing(portal):
    client = Client(HTTP_HOST=REDIS)
    client.post("/accounts/language/", {"language": "xx"})
    assert "lang" not in client.cookies


def test_the_partner_overview(portal):
    page = plain(german(REDIS, "owner").get("/manage/?range=2026-09"))

    assert "Ihr Anteil" in page and "Aktive Kunden" in page and "Größte Kunden" in page
    assert "1,9 Tsd. Abfragen, 78,9 % aus dem Cache beantwortet." in page
    assert re.search(r"\d,\d\d \$", page) and not re.search(r"\$\d", page)
    assert "1. Sept. 2026 bis 30. Sept. 2026" in page or "September 2026, ganzer Monat, UTC" in page


def test_the_charts_of_a_german_page_are_drawn_with_points(portal):
    page = german(REDIS, "owner").get("/manage/?range=2026-09").content.decode()
    drawn = re.findall(r' (?:x|y|x1|y1|width|height|d|viewBox)="([^"]*)"', page)
    assert len(drawn) > 50 and not [one for one in drawn if re.search(r"\d,\d", one)]


def test_a_customers_invoice_stands_in_its_own_language_on_a_german_page(portal):
    number = document(portal.redis, "customer_invoice", "acme")
    client = german(REDIS, "customer_billing")

    page = client.get(f"/invoices/{number}/").content.decode()
    before, paper, after = re.split(
        r'(<article class="doc" lang="en".*?</article>)', page, flags=re.S
    )
    overview = plain(client.get("/"))

    assert "How it was calculated" in paper and "1,000" in paper and "Sold by" in paper
    assert "2,00\u00a0$" in before and "Rechnungen" in before and "$2.00" not in before + after
    assert "Fingerabdruck" in after and "Die JSON-Datei ist der Beleg" in after
    assert re.search(
        r"Rechnung INV-2026-\d{6} über 2,00 \$ ist am 1\. Nov\. 2026 fällig\.", overview
    )


def test_documents_stay_in_their_own_language(portal):
    number = document(portal.redis, "customer_invoice", "acme")
    forms = [
        (english.content, client.content)
        for form in ("json", "pdf")
        for english, client in [(
            signed_in(REDIS, "customer_owner").get(f"/invoices/{number}/{form}"),
            german(REDIS, "customer_owner").get(f"/invoices/{number}/{form}"),
        )]
    ]  # fmt: skip
    assert all(english == client for english, client in forms)


def test_programs_and_the_next_request_are_not_german(portal):
    client = Client(HTTP_HOST=REDIS)
    assert 'lang="de"' in client.get("/accounts/login/", **GERMAN).content.decode()

    answer = client.get("/api/v1/nothing", **GERMAN)
    page = client.get("/accounts/login/").content.decode()

    assert "There is nothing here." in answer.content.decode() or answer.status_code in (401, 404)
    assert "Accept-Language" not in answer.get("Vary", "") and "Content-Language" not in answer
    assert '<html lang="en"' in page


def test_an_unknown_host_answers_in_the_visitors_language(portal):
    page = Client(HTTP_HOST="nobody.example.com").get("/", **GERMAN)
    assert page.status_code == 421
    assert "Unter diesem Namen wird kein Portal ausgeliefert" in page.content.decode()
