"""Render an issued document once, on first need; everybody afterwards gets the same bytes."""

import hashlib
import json
import uuid
from collections.abc import Callable
from datetime import datetime

from django.db import transaction

from billing.gateways.facturx import embed, make_xml
from billing.gateways.typst import render_pdf
from billing.models import Document, RenderedFile
from tenants.queries import brand_file

PDF, XML, FACTURX = "pdf", "xml", "facturx"
_MEDIA = {PDF: "application/pdf", XML: "application/xml", FACTURX: "application/pdf"}


def render_document(*, document_id: uuid.UUID, now: datetime, kind: str = PDF) -> RenderedFile:
    """The document as `kind` (PDF, XML of EN 16931, or Factur-X: the PDF with that XML inside).

    Made from its canonical JSON (and the logo whose hash is in it) and stored with its SHA-256.
    Raises Document.DoesNotExist
    (also for another partner's, which row security hides), CannotRenderError, NoEInvoice. Safe to
    repeat and at once from two people: one file per document and kind, the first one stays.
    """
    known = RenderedFile.objects.filter(document_id=document_id, kind=kind).first()
    if known is not None:
        return known
    document = Document.objects.get(pk=document_id)
    content = _MAKERS[kind](document, now)
    with transaction.atomic():
        RenderedFile.objects.bulk_create(
            [
                RenderedFile(
                    partner_id=document.partner_id,
                    document=document,
                    kind=kind,
                    media_type=_MEDIA[kind],
                    content=content,
                    sha256=hashlib.sha256(content).hexdigest(),
                    rendered_at=now,
                )
            ],
            ignore_conflicts=True,
        )
    return RenderedFile.objects.get(document_id=document_id, kind=kind)


def _pdf(document: Document, _now: datetime) -> bytes:
    body = json.loads(bytes(document.canonical))
    name = body["brand"].get("logo")
    logo = brand_file(document.partner_id, name) if name else None
    return render_pdf(body, bytes(logo.png) if logo else b"")


def _xml(document: Document, _now: datetime) -> bytes:
    return make_xml(json.loads(bytes(document.canonical)))


def _facturx(document: Document, now: datetime) -> bytes:
    xml = render_document(document_id=document.id, now=now, kind=XML)
    pdf = render_document(document_id=document.id, now=now)
    return embed(bytes(pdf.content), bytes(xml.content), json.loads(bytes(document.canonical)))


_MAKERS: dict[str, Callable[[Document, datetime], bytes]] = {
    PDF: _pdf, XML: _xml, FACTURX: _facturx,
}  # fmt: skip
