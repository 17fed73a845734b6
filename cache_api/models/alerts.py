"""What one partner's schema holds about alerts: what is watched, and when it fired."""

from django.db import models

from tenants.rules.ids import uuid7


class AlertKind(models.TextChoices):
    """What is watched; the unit of `limit` follows from it."""

    BUDGET = "budget"
    HIT_RATE = "hit_rate"
    LATENCY = "latency"
    QUOTA = "quota"


class Alert(models.Model):
    """One thing to be told of. `owner_id` null: the partner's, else that customer's own.

    `customer_id` narrows it to one customer's usage. `limit`: money of a month, percentage points
    of the hit rate, milliseconds, or percent of a quota.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    owner_id = models.UUIDField(null=True, db_index=True)
    customer_id = models.UUIDField(null=True)
    kind = models.CharField(max_length=10, choices=AlertKind.choices)
    name = models.CharField(max_length=80)
    limit = models.DecimalField(max_digits=18, decimal_places=2)
    by_mail = models.BooleanField(default=True)
    paused = models.BooleanField(default=False)
    created_by = models.CharField(max_length=254)
    created_at = models.DateTimeField()

    @property
    def limit_text(self) -> str:
        """The limit without trailing zeros."""
        return f"{self.limit.normalize():f}"


class AlertFiring(models.Model):
    """It fired: once a period and step. `told_at` is null until the mail is taken."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    alert = models.ForeignKey(Alert, models.CASCADE, related_name="firings")
    period = models.CharField(max_length=10)
    step = models.CharField(max_length=250)
    value = models.CharField(max_length=40)
    at = models.DateTimeField()
    told_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["alert", "period", "step"], name="fired_once"),
        ]
