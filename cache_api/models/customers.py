"""A partner's customers."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from tenants.rules.ids import uuid7


class CustomerState(models.TextChoices):
    """`unconfirmed`: seen in traffic, not yet confirmed by the partner; its usage counts."""

    UNCONFIRMED = "unconfirmed", _("Unconfirmed")
    ACTIVE = "active", _("Active")
    SUSPENDED = "suspended", _("Suspended")


class Customer(models.Model):
    """A customer of this partner; `external_id` is the id the partner uses for it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    external_id = models.TextField(unique=True)
    name = models.TextField(blank=True, default="")
    state = models.TextField(choices=CustomerState.choices, default=CustomerState.UNCONFIRMED)
    plan = models.TextField(blank=True, default="")
    billing = models.JSONField(
        blank=True,
        default=dict,
        help_text="what its papers say: cache_api.rules.customer_facts.BILLING",
    )
    quota = models.JSONField(
        null=True,
        blank=True,
        help_text="lookups a UTC day and month: {day, month, hard}; null for no quota",
    )
    created_at = models.DateTimeField()
    first_seen_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["external_id"]

    def __str__(self) -> str:
        return self.name or self.external_id
