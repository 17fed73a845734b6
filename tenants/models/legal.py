"""Partners' own legal texts, version by version."""

from django.db import models

from tenants.models.partners import Partner
from tenants.rules.ids import uuid7
from tenants.rules.legal import KINDS


class LegalText(models.Model):
    """One version of one text, in Markdown; the highest `number` holds, an empty one is our start
    again. Rows are only ever added, so that what stood when can be shown."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    partner = models.ForeignKey(Partner, on_delete=models.CASCADE, related_name="legal_texts")
    kind = models.CharField(max_length=20)
    number = models.PositiveIntegerField()
    text = models.TextField(blank=True, default="")
    entered_by = models.CharField(max_length=254)
    entered_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind__in=sorted(KINDS)), name="legal_kind_known"
            ),
            models.UniqueConstraint(
                fields=["partner", "kind", "number"], name="legal_texts_in_order"
            ),
        ]
