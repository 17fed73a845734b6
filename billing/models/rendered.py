"""Rendered files: a document's PDF, made once on first need, stored and hashed."""

from django.db import models

from billing.models.base import FrozenRow
from billing.models.documents import Document


class RenderedFile(FrozenRow):
    """The bytes that everybody who downloads this document gets."""

    document = models.ForeignKey(Document, models.PROTECT, related_name="files")
    kind = models.CharField(max_length=10, default="pdf")
    media_type = models.CharField(max_length=80, default="application/pdf")
    content = models.BinaryField()
    sha256 = models.CharField(max_length=64)
    rendered_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["document", "kind"], name="one_file_per_kind"),
        ]
