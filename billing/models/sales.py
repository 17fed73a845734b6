"""What partners report they sold outside the portal: kept as it came, a later one stands."""

from django.db import models

from billing.models.agreements import Agreement
from billing.models.base import FrozenRow


class SalesReport(FrozenRow):
    """One month's report of one agreement; the last that came counts."""

    agreement = models.ForeignKey(Agreement, models.PROTECT, related_name="sales_reports")
    period_start = models.DateTimeField()
    name = models.CharField(max_length=160)
    content = models.BinaryField()
    sha256 = models.CharField(max_length=64)
    rows = models.PositiveIntegerField()
    is_late = models.BooleanField()
    uploaded_by = models.CharField(max_length=254)
    uploaded_at = models.DateTimeField()

    class Meta:
        ordering = ["-uploaded_at", "-id"]
        indexes = [models.Index(fields=["agreement", "period_start"], name="sales_by_month")]


class SalesLine(FrozenRow):
    """One customer's net sales, less refunds, without tax; minor units of `currency`."""

    report = models.ForeignKey(SalesReport, models.PROTECT, related_name="lines")
    position = models.PositiveIntegerField()
    customer_id = models.UUIDField()
    customer_external_id = models.TextField()
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    reference = models.CharField(max_length=120, blank=True, default="")

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["report", "position"], name="sales_line_position"),
        ]
