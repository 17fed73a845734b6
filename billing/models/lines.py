"""The facts a document line carries, drafted or issued."""

from django.db import models

from billing.models.base import PartnerRow


class LineFacts(PartnerRow):
    """One printed line. A memo line has an amount of 0 and shows `value_minor` only."""

    position = models.PositiveIntegerField()
    kind = models.CharField(max_length=24)
    description = models.TextField()
    customer_external_id = models.TextField(blank=True, default="")
    customer_name = models.TextField(blank=True, default="")
    meter = models.CharField(max_length=40, blank=True, default="")
    quantity = models.DecimalField(max_digits=56, decimal_places=18, null=True)
    unit = models.CharField(max_length=40, blank=True, default="")
    unit_price = models.DecimalField(max_digits=32, decimal_places=12, null=True)
    amount_minor = models.BigIntegerField()
    memo = models.BooleanField(default=False)
    value_minor = models.BigIntegerField(default=0)
    explanation = models.JSONField(default=list)

    class Meta:
        abstract = True
        ordering = ["position"]
