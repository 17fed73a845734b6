"""A paper reads in its addressee's language down to the arithmetic; its bytes stay as they are."""

import re
from decimal import Decimal

import pytest
from django.utils import translation

from billing.gateways.paper_language import on_paper, page_of
from billing.queries.parties import buyer_of, language_of
from billing.rules.charging import charge
from billing.rules.rating import rate_quantity
from tests.billing.rules.build import row, run
from tests.billing.rules.tables import rows
from tests.billing.rules.test_documents import document
from tests.billing.rules.test_months import CASES, input_of
from tests.billing.rules.test_worked import rate_of
from tests.portal.english import is_english

NAMED = re.compile(r"\b(Acme|Beta|acme|beta|gpt-\S+|Labs|Redis)\b")


def texts(page):
    """Every text of a document that the engine wrote."""
    yield from (page["title"], *page["notes"], *(tax["label"] for tax in page["totals"]["taxes"]))
    for line in page["lines"]:
        yield from (line["description"], line["quantity"], *line["explanation"])


@pytest.mark.parametrize("cells", CASES, ids=lambda cells: cells["case"])
def test_the_papers_of_every_worked_month_are_german_in_german(cells):
    for draft in charge(input_of(cells)).drafts:
        kept = document(draft, language="de")
        english = set(texts(page_of({**kept, "language": "en"})))
        german = set(texts(page_of(kept)))

        assert {text for text in german if is_english(text)} == set(), cells["case"]
        words = {text for text in english if re.search(r"[a-z]{3,}", NAMED.sub("", text))}
        assert words & german == set()


@pytest.mark.parametrize("cells", rows("rating.md"), ids=lambda cells: cells["case"])
def test_every_step_of_a_rate_is_told(cells):
    steps = rate_quantity(rate_of(cells), Decimal(cells["quantity"]), "USD").steps
    with translation.override("de"):
        for step in steps:
            assert step.label == "per unit" or on_paper(step.label) != step.label


@pytest.mark.parametrize(("text", "german"), [
    ("Cached requests (gpt-4o)", "Anfragen aus dem Cache (gpt-4o)"),
    ("Lookups: wholesale factor 50 %", "Abfragen: Großhandelsfaktor 50 %"),
    ("over 1,000 up to 5,000: 3 × $0.001 = $0.003", "über 1,000 bis 5,000: 3 × $0.001 = $0.003"),
    ("Enterprise plan", "Tarif Enterprise"),
    ("Our boat sank.", "Our boat sank."), ("", ""),
])  # fmt: skip
def test_a_text_of_a_paper(text, german):
    with translation.override("de"):
        assert on_paper(text) == german
    assert on_paper(text) == text


def test_figures_inside_a_text_are_written_as_the_others():
    [cells] = [cells for cells in CASES if cells["documents"].startswith("acme")][:1]
    draft = charge(input_of(cells)).drafts[0]
    page = page_of(document(draft, language="de"))
    found = " ".join(text for line in page["lines"] for text in line["explanation"])
    assert re.search(r"\d,\d+\u00a0\$", found) and not re.search(r"\$\d|\d\.\d{2}\b", found), found
    assert document(draft, language="de")["lines"] == document(draft)["lines"]


def test_a_customers_papers_come_in_the_language_that_is_kept_for_it():
    facts = {"legal_name": "Acme", "address": [], "country": "DE", "tax_id": "", "email": ""}
    parties = {"customers": {"id-acme": {**facts, "language": "de"}, "id-beta": facts},
               "partner": facts, "partner_language": "de"}  # fmt: skip
    drafts = charge(run(row("acme", 1000), row("beta", 1000))).drafts
    said = {draft.customer_id: language_of(draft, parties) for draft in drafts}

    assert said == {"id-acme": "de", "id-beta": "en", None: "de"}
    assert buyer_of(drafts[0], parties).legal_name == "Acme"
