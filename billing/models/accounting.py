"""The books' calendar (closed months) and the operator's own chart of accounts."""

from django.db import models

from tenants.rules.ids import uuid7


class PeriodEvent(models.Model):
    """A month of the books was closed, asked to be opened again, or opened again; append-only."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    month = models.DateField()
    step = models.PositiveIntegerField()
    kind = models.CharField(max_length=12)
    actor = models.CharField(max_length=254)
    reason = models.TextField(blank=True, default="")
    at = models.DateTimeField()

    class Meta:
        ordering = ["month", "step"]
        constraints = [
            models.UniqueConstraint(fields=["month", "step"], name="period_event_step"),
            models.CheckConstraint(condition=models.Q(month__day=1), name="period_is_a_month"),
        ]


class AccountMapping(models.Model):
    """What one of our accounts is called in the operator's accounting system."""

    account = models.CharField(max_length=60, primary_key=True)
    external_code = models.CharField(max_length=60)
    external_name = models.CharField(max_length=120, blank=True, default="")
    changed_by = models.CharField(max_length=254)
    changed_at = models.DateTimeField()
