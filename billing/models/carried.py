"""What a partner's next statement has to show: clawbacks and credits, booked when they arose."""

from django.db import models

from billing.models.agreements import Agreement
from billing.models.base import FrozenRow
from billing.models.documents import Document


class CarriedItem(FrozenRow):
    """One change of a partner's share outside its month's run.

    `amount_minor` is what a statement shows, signed from the partner's side (negative: clawback).
    `base_minor` and `share_minor` are the change of the shared net and of the partner's part under
    `share_key`, so that the next change is share(cumulative) − share(booked). `source` names the
    one fact it comes from.
    """

    class Kind(models.TextChoices):
        CREDIT = "credit"
        BAD_DEBT = "bad_debt"
        DISPUTE = "dispute"
        CHARGEBACK = "chargeback"

    agreement = models.ForeignKey(Agreement, models.PROTECT, related_name="carried")
    document = models.ForeignKey(Document, models.PROTECT, related_name="carried_items")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    source = models.CharField(max_length=160, unique=True)
    description = models.TextField()
    customer_external_id = models.TextField(blank=True, default="")
    customer_name = models.TextField(blank=True, default="")
    share_key = models.TextField(blank=True, default="")
    period_start = models.DateTimeField()
    currency = models.CharField(max_length=3)
    base_minor = models.BigIntegerField(default=0)
    share_minor = models.BigIntegerField(default=0)
    amount_minor = models.BigIntegerField()
    actor = models.CharField(max_length=254)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["created_at", "id"]
        indexes = [models.Index(fields=["share_key", "period_start"], name="carried_by_share")]
