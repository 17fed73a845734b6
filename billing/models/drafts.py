"""Drafts: documents without a number, thrown away and made again until a run is issued."""

from django.db import models

from billing.models.base import PartnerRow
from billing.models.lines import LineFacts
from billing.models.runs import SettlementRun


class DraftDocument(PartnerRow):
    """What would be issued. The document itself is made from the frozen input, not from here."""

    run = models.ForeignKey(SettlementRun, models.CASCADE, related_name="drafts")
    attempt = models.PositiveIntegerField()
    position = models.PositiveIntegerField()
    kind = models.CharField(max_length=20)
    customer_id = models.UUIDField(null=True)
    customer_external_id = models.TextField(blank=True, default="")
    buyer_name = models.CharField(max_length=200)
    currency = models.CharField(max_length=3)
    net_minor = models.BigIntegerField()
    tax_minor = models.BigIntegerField()
    total_minor = models.BigIntegerField()
    shadow_minor = models.BigIntegerField(default=0)
    statement = models.JSONField(null=True)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["run", "attempt", "position"], name="draft_position"),
        ]

    def __str__(self) -> str:
        return f"draft {self.kind} for {self.buyer_name}"


class DraftLine(LineFacts):
    """One line of a draft, for the review pages."""

    draft = models.ForeignKey(DraftDocument, models.CASCADE, related_name="lines")
    rated_line_key = models.TextField(blank=True, default="")

    class Meta(LineFacts.Meta):
        constraints = [
            models.UniqueConstraint(fields=["draft", "position"], name="draft_line_position"),
        ]
