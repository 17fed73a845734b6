"""What one partner's schema holds about webhooks: endpoints, events and their deliveries."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models

from tenants.rules.ids import uuid7


class HookEndpoint(models.Model):
    """An address that is told of events: the partner's (`customer_id` null) or one customer's.

    Secrets are sealed by the platform key. `notice` is what people still have to be told by mail.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    customer_id = models.UUIDField(null=True, db_index=True)
    url = models.TextField()
    label = models.CharField(max_length=80, blank=True, default="")
    types = ArrayField(models.CharField(max_length=40))
    secret = models.BinaryField()
    old_secret = models.BinaryField(null=True)
    old_secret_until = models.DateTimeField(null=True)
    created_by = models.CharField(max_length=254)
    created_at = models.DateTimeField()
    failing_since = models.DateTimeField(null=True)
    warned_at = models.DateTimeField(null=True)
    disabled_at = models.DateTimeField(null=True)
    disabled_reason = models.CharField(max_length=200, blank=True, default="")
    notice = models.CharField(max_length=10, blank=True, default="")

    @property
    def state(self) -> str:
        """`off` (disabled), `failing`, or `on`."""
        if self.disabled_at is not None:
            return "off"
        return "failing" if self.failing_since is not None else "on"


class HookEvent(models.Model):
    """Something that happened, as it is told. `id` is the id of the row that is the fact."""

    id = models.UUIDField(primary_key=True)
    type = models.CharField(max_length=40)
    customer = models.TextField(blank=True, default="")
    hears = ArrayField(models.CharField(max_length=10), default=list)
    body = models.TextField()
    at = models.DateTimeField()


class DeliveryState(models.TextChoices):
    """`pending` is tried at `next_at`; `failed` has used up its tries or lost its endpoint."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


class HookDelivery(models.Model):
    """One event for one endpoint. `tries` of this round; `attempts` are the last of all rounds.

    An attempt is `{at, status, ms, error, answer}`; the answer is cut.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    event = models.ForeignKey(HookEvent, models.CASCADE, related_name="deliveries")
    endpoint = models.ForeignKey(HookEndpoint, models.CASCADE, related_name="deliveries")
    state = models.CharField(
        max_length=10, choices=DeliveryState.choices, default=DeliveryState.PENDING
    )
    tries = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)
    attempts = models.JSONField(default=list)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["event", "endpoint"], name="told_once"),
        ]
        indexes = [
            models.Index(
                fields=["next_at"], name="hook_due", condition=models.Q(state="pending")
            )
        ]  # fmt: skip
