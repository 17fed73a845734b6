"""Disputes of a document's line, and what was said and decided about them; append-only."""

from django.db import models

from billing.models.base import FrozenRow
from billing.models.documents import Document, DocumentLine


class Dispute(FrozenRow):
    """A partner disputes a statement's line, or a customer questions an invoice's.

    Whether it is open, who owns it and how it ended is read from its entries.
    """

    document = models.ForeignKey(Document, models.PROTECT, related_name="disputes")
    line = models.ForeignKey(DocumentLine, models.PROTECT, related_name="disputes")
    opened_by = models.CharField(max_length=254)
    opened_at = models.DateTimeField()
    deadline = models.DateField()

    class Meta:
        ordering = ["opened_at", "id"]


class DisputeEntry(FrozenRow):
    """One step of the thread: said, taken (by an owner), withdrawn, upheld or rejected."""

    dispute = models.ForeignKey(Dispute, models.PROTECT, related_name="entries")
    position = models.PositiveIntegerField()
    kind = models.CharField(max_length=12)
    text = models.TextField(blank=True, default="")
    amount_minor = models.BigIntegerField(null=True)
    file_name = models.CharField(max_length=200, blank=True, default="")
    file = models.BinaryField(null=True)
    actor = models.CharField(max_length=254)
    at = models.DateTimeField()

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["dispute", "position"], name="dispute_entry_position"),
            models.UniqueConstraint(
                fields=["dispute"],
                condition=models.Q(kind__in=("upheld", "rejected", "withdrawn")),
                name="dispute_ends_once",
            ),
        ]
