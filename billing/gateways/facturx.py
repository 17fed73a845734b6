"""Factur-X by the factur-x package: the only file that knows it. XML is checked by its schema."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from billing.rules.einvoice import NoEInvoice, business_terms
from tenants.rules.sayings import Said

LEVEL = "en16931"
XML_NAME = "factur-x.xml"


def make_xml(document: Mapping[str, Any]) -> bytes:
    """The document's CII XML at level EN 16931, valid by the schema the package ships.

    Raises NoEInvoice when a mandatory fact is missing or the schema refuses it.
    """
    import facturx  # noqa: PLC0415 - with lxml and pypdf, which a process without e-invoices spares

    try:
        made: bytes = facturx.generate_cii_xml(
            business_terms(document), level=LEVEL, check_xsd=True, check_schematron=False
        )
    except NoEInvoice:
        raise
    except Exception as error:
        # The package raises plain Exception for what its schema refuses.
        raise NoEInvoice(
            Said(
                "%(number)s is not valid as Factur-X: %(error)s",
                number=document["number"],
                error=error,
            )
        ) from error
    return made


def embed(pdf: bytes, xml: bytes, document: Mapping[str, Any]) -> bytes:
    """The PDF with the XML inside, as Factur-X names and describes it.

    The file carries Factur-X's own PDF/A-3 mark; no validator has looked at it, so nothing else
    here claims that it conforms.
    """
    import facturx  # noqa: PLC0415 - as above

    label = f"{document['title']} {document['number']}"
    metadata = {
        "author": document["seller"]["legal_name"], "keywords": "Factur-X, EN 16931",
        "title": label, "subject": f"{label} of {document['issue_date']}",
    }  # fmt: skip
    made: bytes = facturx.generate_from_binary(
        pdf, xml, flavor="factur-x", level=LEVEL, check_xsd=False, pdf_metadata=metadata,
        lang=document["language"], afrelationship="alternative",
    )  # fmt: skip
    return made
