"""What partners counted themselves, kept as the file they sent; nothing is billed from it."""

from django.db import models
from django.db.models import Q

from billing.models.base import FrozenRow


class CountFile(FrozenRow):
    """One uploaded CSV (hour, customer, count) and how it shall be compared."""

    class Measure(models.TextChoices):
        LOOKUPS = "lookups", "Lookups"
        CACHED_REQUESTS = "cached_requests", "Cached requests"

    name = models.CharField(max_length=160)
    measure = models.CharField(max_length=20, choices=Measure.choices)
    tolerance_bps = models.PositiveIntegerField()
    content = models.BinaryField()
    sha256 = models.CharField(max_length=64)
    rows = models.PositiveIntegerField()
    first_hour = models.DateTimeField()
    last_hour = models.DateTimeField()
    uploaded_by = models.CharField(max_length=254)
    uploaded_at = models.DateTimeField()

    class Meta:
        ordering = ["-uploaded_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["partner_id", "sha256", "measure", "tolerance_bps"], name="count_file_once"
            ),
            models.CheckConstraint(
                condition=Q(tolerance_bps__lte=10_000), name="count_tolerance_at_most_all"
            ),
        ]
