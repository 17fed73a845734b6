"""Credit notes that one person asked for; a second one decides."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower

from billing.models.base import PartnerRow
from billing.models.documents import Document


class CreditRequest(PartnerRow):
    """What shall be taken back of an invoice: amounts by line, a net amount, or all that is left.

    Its id is the credit note's, so that an approval makes one.
    """

    document = models.ForeignKey(Document, models.PROTECT, related_name="credit_requests")
    key = models.CharField(max_length=160)
    reason = models.TextField()
    by_line = models.JSONField(null=True)
    net_minor = models.BigIntegerField(null=True)
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
                condition=~Q(approved_by=F("asked_by")), name="credit_request_four_eyes"
            ),
            models.CheckConstraint(
                condition=Q(asked_by=Lower("asked_by")) & Q(approved_by=Lower("approved_by")),
                name="credit_request_people_in_lower_case",
            ),
            models.CheckConstraint(
                condition=Q(approved_by="") | Q(declined_by=""), name="credit_request_decided_once"
            ),
        ]
