"""What finance enters and runs freeze: daily exchange rates, tax rates, the tax status of parties.

Rows are written once; a mistake is corrected by a later row, which counts instead.
"""

from django.db import models

from billing.models.base import FrozenRow
from billing.rules.facts import CHARGES, TREATMENTS
from tenants.rules.ids import uuid7


class FxRate(models.Model):
    """One unit of `base` is `rate` units of `quote` on a day."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    day = models.DateField()
    base = models.CharField(max_length=3)
    quote = models.CharField(max_length=3)
    rate = models.DecimalField(max_digits=24, decimal_places=12)
    entered_by = models.CharField(max_length=254)
    entered_at = models.DateTimeField()

    class Meta:
        ordering = ["day", "entered_at", "id"]
        indexes = [models.Index(fields=["day", "base", "quote"], name="fx_rate_of_a_day")]
        constraints = [
            models.CheckConstraint(condition=models.Q(rate__gt=0), name="fx_rate_above_zero"),
        ]


class TaxRate(models.Model):
    """A country's standard rate from a day on, in percent."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    country = models.CharField(max_length=2)
    label = models.CharField(max_length=40)
    percent = models.DecimalField(max_digits=7, decimal_places=4)
    valid_from = models.DateField()
    entered_by = models.CharField(max_length=254)
    entered_at = models.DateTimeField()

    class Meta:
        ordering = ["country", "valid_from", "entered_at", "id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(percent__gte=0, percent__lte=100), name="tax_rate_percent"
            ),
        ]


class TaxStatus(FrozenRow):
    """How one party is taxed from a day on; without a customer it is the partner itself.

    `charges`: which of its charges; a party has one status for each that is named apart.
    """

    customer_id = models.UUIDField(null=True)
    treatment = models.CharField(max_length=16, choices=[(one, one) for one in TREATMENTS])
    charges = models.CharField(
        max_length=8, choices=[(one, one) for one in CHARGES], blank=True, default=""
    )
    country = models.CharField(max_length=2, blank=True, default="")
    percent = models.DecimalField(max_digits=7, decimal_places=4, null=True)
    reason = models.TextField(blank=True, default="")
    valid_from = models.DateField()
    entered_by = models.CharField(max_length=254)
    entered_at = models.DateTimeField()

    class Meta:
        ordering = ["valid_from", "entered_at", "id"]
        indexes = [models.Index(fields=["partner_id", "customer_id"], name="tax_status_of_party")]
