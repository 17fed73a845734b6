"""Plans: what a partner offers its customers, as versions of a price list of its own."""

from django.db import models
from django.db.models import Q

from billing.models.base import FrozenRow, PartnerRow
from billing.models.rate_cards import RateCard, RateCardVersion


class Plan(PartnerRow):
    """A named offer. Its prices are the versions of its card; `draft` is the next one's offer.

    Only the draft changes (`billing.rules.plans.offer_json`); None when there is none.
    """

    card = models.OneToOneField(RateCard, models.PROTECT, related_name="plan")
    draft = models.JSONField(null=True)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.card.name


class PlanVersion(FrozenRow):
    """A published version: its prices, and the quota of lookups a month that goes with them.

    `quota`: as `set_quota` takes it; None where usage beyond what is included is billed.
    """

    plan = models.ForeignKey(Plan, models.PROTECT, related_name="versions")
    prices = models.OneToOneField(RateCardVersion, models.PROTECT, related_name="plan_version")
    quota = models.JSONField(null=True)

    class Meta:
        ordering = ["prices__number"]


class PlanAssignment(PartnerRow):
    """From the first of a month on, a customer pays by a version; without one by the retail card.

    Of two for one month the later written holds. Only `quota_set_at` changes, once.
    """

    customer_id = models.UUIDField()
    version = models.ForeignKey(PlanVersion, models.PROTECT, null=True, related_name="assignments")
    starts_at = models.DateTimeField()
    assigned_by = models.CharField(max_length=254)
    assigned_at = models.DateTimeField()
    quota_set_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["starts_at", "assigned_at", "id"]
        indexes = [
            models.Index(fields=["partner_id", "starts_at"], name="plan_assignment_month"),
            models.Index(fields=["starts_at"], condition=Q(quota_set_at=None),
                         name="plan_assignment_due"),
        ]  # fmt: skip
