"""Render an issued document once, on first need; everybody afterwards gets the same bytes."""

import hashlib
import json
import uuid
from datetime import datetime

from django.db import transaction

from billing.gateways.typst import render_pdf
from billing.models import Document, RenderedFile

PDF = "pdf"


def render_document(*, document_id: uuid.UUID, now: datetime) -> RenderedFile:
    """The document's PDF, made from its canonical JSON alone and stored with its SHA-256.

    Raises Document.DoesNotExist (also for another partner's, which row security hides) and
    CannotRenderError. Safe to repeat and at once from two people: one file per document and kind,
    the first one stays.
    """
    known = RenderedFile.objects.filter(document_id=document_id, kind=PDF).first()
    if known is not None:
        return known
    document = Document.objects.get(pk=document_id)
    content = render_pdf(json.loads(bytes(document.canonical)))
    with transaction.atomic():
        RenderedFile.objects.bulk_create(
            [
                RenderedFile(
                    partner_id=document.partner_id,
                    document=document,
                    kind=PDF,
                    content=content,
                    sha256=hashlib.sha256(content).hexdigest(),
                    rendered_at=now,
                )
            ],
            ignore_conflicts=True,
        )
    return RenderedFile.objects.get(document_id=document_id, kind=PDF)
