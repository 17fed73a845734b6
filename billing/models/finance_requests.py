"""What one person of finance asked for and a second one decides: rates, tax status, write-offs."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower

from billing.models.documents import Document
from billing.rules.finance_requests import KINDS
from tenants.rules.ids import uuid7


class FinanceRequest(models.Model):
    """One thing to enter or to give up. Its id becomes the id of what an approval writes.

    `facts` are the columns of the row to be written, as text; of a write-off, its reason; of a
    waiver, what the exception said and why it may stay; of prices, also the `rates` as they will
    be stored. The database lets no such row in that differs
    from an approved request.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    partner_id = models.UUIDField(null=True, db_index=True)
    kind = models.CharField(max_length=12, choices=[(one, one) for one in KINDS])
    document = models.ForeignKey(
        Document, models.PROTECT, null=True, related_name="finance_requests"
    )
    facts = models.JSONField()
    asked_by = models.CharField(max_length=254)
    asked_at = models.DateTimeField()
    approved_by = models.CharField(max_length=254, blank=True, default="")
    declined_by = models.CharField(max_length=254, blank=True, default="")
    declined_why = models.TextField(blank=True, default="")
    decided_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["asked_at", "id"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(approved_by=F("asked_by")), name="finance_request_four_eyes"
            ),
            models.CheckConstraint(
                condition=Q(asked_by=Lower("asked_by")) & Q(approved_by=Lower("approved_by")),
                name="finance_request_people_in_lower_case",
            ),
            models.CheckConstraint(
                condition=Q(approved_by="") | Q(declined_by=""),
                name="finance_request_decided_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} asked by {self.asked_by}"
