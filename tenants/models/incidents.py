"""Incidents and what was said of them."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from tenants.rules.ids import uuid7


class Incident(models.Model):
    """Something that partners should know of us: what is affected, since when, whom it concerns.

    An empty `partner_ids` concerns everybody; others see nothing of it (row security).
    """

    class Impact(models.TextChoices):
        """How bad it is for who uses the component."""

        MAINTENANCE = "maintenance"
        DEGRADED = "degraded"
        OUTAGE = "outage"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    title = models.CharField(max_length=120)
    component = models.CharField(max_length=20)
    impact = models.CharField(max_length=12, choices=Impact.choices)
    partner_ids = ArrayField(models.UUIDField(), default=list, blank=True)
    started_at = models.DateTimeField(db_index=True)
    resolved_at = models.DateTimeField(null=True, blank=True)


class IncidentUpdate(models.Model):
    """What we said about an incident, and when. Rows are added, never changed."""

    class State(models.TextChoices):
        """From the first word to the last."""

        INVESTIGATING = "investigating"
        IDENTIFIED = "identified"
        MONITORING = "monitoring"
        RESOLVED = "resolved"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="updates")
    state = models.CharField(max_length=14, choices=State.choices)
    text = models.CharField(max_length=1000)
    actor = models.CharField(max_length=254)
    at = models.DateTimeField()
