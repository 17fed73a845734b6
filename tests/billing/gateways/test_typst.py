import io
import re
from dataclasses import replace

import pypdf
import pytest
from django.template.loader import render_to_string
from PIL import Image, ImageChops

from billing.gateways import typst
from billing.gateways.paper_language import page_of
from billing.rules.charging import charge
from billing.rules.documents import Brand, canonical_bytes, sha256_hex
from tests.billing.rules.build import row, run, terms
from tests.billing.rules.test_documents import BUYER, document

USAGE = (row("acme", 1_234_567, "33.125"), row("beta", 7))
REDIS = Brand("Redis Edge Cache", "#ff4438")
PINECONE = Brand("Pinecone Edge Cache", "#1c17ff")
CASES = {
    "customer invoice": (terms(), 0, REDIS),
    "payout statement": (terms(), -1, PINECONE),
    "partner invoice with shares": (terms("revenue_share_partner", "cloud"), -1, REDIS),
    "licence": (terms("oem", "cloud"), -1, PINECONE),
    "wholesale": (terms("wholesale", "cloud"), -1, REDIS),
    "proof of concept": (terms("poc", "llm_provider", "2026-08-01T00"), -1, PINECONE),
}


def made(case, **changes):
    agreed, index, brand = CASES[case]
    return document(charge(run(*USAGE, agreed=agreed)).drafts[index], brand=brand, **changes)


def text_of(pdf):
    pages = pypdf.PdfReader(io.BytesIO(pdf)).pages
    return [page.extract_text().replace("\xa0", " ") for page in pages]


@pytest.mark.parametrize("case", CASES)
def test_the_same_document_gives_the_same_bytes(case):
    data = made(case)
    pdf = typst.render_pdf(data)
    assert pdf.startswith(b"%PDF-")
    assert typst.render_pdf(made(case)) == pdf
    assert b"pdfaid:part>3" in pdf


@pytest.mark.parametrize("case", CASES)
def test_page_and_pdf_say_the_same(case):
    data = made(case)
    [pdf] = text_of(typst.render_pdf(data))
    html = render_to_string("documents/document.html", {"document": data})
    for fact in (data["number"], data["title"], data["brand"]["name"], BUYER.legal_name):
        assert fact in pdf
        assert fact in html
    assert "sold by AgentCache, Inc." in " ".join(pdf.split())
    assert "sold by AgentCache, Inc." in html
    assert "Page 1 / 1" in pdf
    page = page_of(data)
    for line in page["lines"]:
        assert line["amount"] in pdf
        assert line["amount"] in html
    assert page["totals"]["due"] in pdf
    assert page["totals"]["due"] in html
    assert sha256_hex(canonical_bytes(data))[:16] in pdf
    assert "style=" not in html


def test_the_buyers_reference_and_order_are_on_page_and_pdf():
    data = made(next(iter(CASES)), buyer=replace(BUYER, reference="CC 17", purchase_order="PO-7"))
    [pdf] = text_of(typst.render_pdf(data))
    html = render_to_string("documents/document.html", {"document": data})
    for shown in (pdf, re.sub(r"<[^>]+>", " ", html)):
        assert "Reference CC 17" in " ".join(shown.split())
        assert "Purchase order PO-7" in " ".join(shown.split())


def test_the_brand_colours_the_rule_and_the_box_only():
    one = made("customer invoice")
    other = made("customer invoice") | {"brand": one["brand"] | {"primary_hex": "#1c17ff"}}
    # The fingerprint differs with the colour; the footer is left out of the comparison.
    images = [Image.open(io.BytesIO(typst.render_png(data, ppi=72)[0])).convert("RGB")
              for data in (one, other)]  # fmt: skip
    width, height = images[0].size
    images = [image.crop((0, 0, width, height - 80)) for image in images]
    changed = ImageChops.difference(*images).convert("L").point(lambda value: 255 * (value > 8))
    inked = sum(changed.histogram()[1:])
    rule, box = 2.25 * (width - 113), 2 * 1.5 * (210 + 40)
    assert 0.6 * (rule + box) < inked < 1.8 * (rule + box)


def test_a_long_statement_runs_over_pages_with_its_head():
    usage = [row(f"customer{number:03}", 5000 + number, "1") for number in range(60)]
    data = document(charge(run(*usage)).drafts[-1], number="PS-2026-0001")
    pages = text_of(typst.render_pdf(data))
    assert len(pages) > 2
    for number, page in enumerate(pages, 1):
        assert f"Page {number} / {len(pages)}" in page
        assert "PS-2026-0001" in page
    assert all("How it was calculated" in page for page in pages[:-1])
    assert sum(page.count("Customer0") for page in pages) == 60


def test_hostile_text_is_only_text():
    evil = replace(BUYER, legal_name='#panic("x") <b>*bold*</b> $1+1$ \\ " ]')
    data = made("customer invoice", buyer=evil)
    assert '#panic("x")' in text_of(typst.render_pdf(data))[0]
    assert "<b>" not in render_to_string("documents/document.html", {"document": data})


def test_a_document_that_does_not_fit_names_itself():
    data = made("customer invoice")
    data["brand"]["primary_hex"] = "red"
    with pytest.raises(typst.CannotRenderError, match="INV-2026-0001"):
        typst.render_pdf(data)


def test_nothing_to_charge_is_said():
    data = document(charge(run()).drafts[0])
    assert "Nothing was charged" in text_of(typst.render_pdf(data))[0]
    assert "Nothing was charged" in render_to_string("documents/document.html", {"document": data})
