"""A month settled although usage may still be on its way: two people have to say so."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower

from tenants.rules.ids import uuid7


class IntakeWaiver(models.Model):
    """One month's waiver: asked for by one person, confirmed by another."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    period_start = models.DateTimeField(unique=True)
    reason = models.TextField()
    asked_by = models.CharField(max_length=254)
    asked_at = models.DateTimeField()
    confirmed_by = models.CharField(max_length=254, blank=True, default="")
    confirmed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(confirmed_by=F("asked_by")), name="intake_waiver_four_eyes"
            ),
            models.CheckConstraint(
                condition=Q(asked_by=Lower("asked_by")) & Q(confirmed_by=Lower("confirmed_by")),
                name="intake_waiver_people_in_lower_case",
            ),
        ]

    def __str__(self) -> str:
        return f"waiver of {self.period_start:%Y-%m}"
