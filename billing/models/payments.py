"""Money that came in, what it paid, and what went back. Written once; books by `post_entries`."""

from django.db import models
from django.db.models import Q

from billing.models.base import FrozenRow, PartnerRow
from billing.models.documents import Document
from billing.rules.payments import METHODS

METHOD_CHOICES = [(method, method) for method in METHODS]


class Payment(FrozenRow):
    """One receipt. `key` names the outside fact (a bank line, a charge), so that it counts once.

    `amount_minor` is what the payer gave; the processor kept `fee_minor` of it.
    """

    key = models.CharField(max_length=160, unique=True)
    method = models.CharField(max_length=10, choices=METHOD_CHOICES)
    amount_minor = models.BigIntegerField()
    fee_minor = models.BigIntegerField(default=0)
    currency = models.CharField(max_length=3)
    received_at = models.DateTimeField()
    payer = models.CharField(max_length=200, blank=True, default="")
    reference = models.TextField(blank=True, default="")
    recorded_by = models.CharField(max_length=254)
    recorded_at = models.DateTimeField()

    class Meta:
        ordering = ["-received_at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(amount_minor__gt=0, fee_minor__gte=0), name="payment_is_positive"
            ),
        ]


class PaymentApplication(FrozenRow):
    """A part of a payment that pays one invoice."""

    payment = models.ForeignKey(Payment, models.PROTECT, related_name="applications")
    document = models.ForeignKey(Document, models.PROTECT, related_name="applications")
    amount_minor = models.BigIntegerField()
    applied_by = models.CharField(max_length=254)
    applied_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["payment", "document"], name="payment_pays_a_document_once"
            ),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="application_is_positive"),
        ]


class Refund(PartnerRow):
    """Money that goes back to a payer; booked when it is sent. No document: it had paid nothing.

    `key` is safe to repeat: one refund for one asking.
    """

    class State(models.TextChoices):
        PENDING = "pending"
        SENT = "sent"
        FAILED = "failed"

    key = models.CharField(max_length=160, unique=True)
    payment = models.ForeignKey(Payment, models.PROTECT, related_name="refunds")
    document = models.ForeignKey(Document, models.PROTECT, null=True, related_name="refunds")
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    reason = models.CharField(max_length=500)
    state = models.CharField(max_length=10, choices=State.choices, default=State.PENDING)
    remote_id = models.CharField(max_length=80, blank=True, default="")
    asked_by = models.CharField(max_length=254)
    asked_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-asked_at", "-id"]
        constraints = [
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="refund_is_positive"),
        ]
