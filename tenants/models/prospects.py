"""Companies that may become partners, and what was done about them."""

from django.db import models

from tenants.models.domains import _values
from tenants.models.partners import Partner
from tenants.rules.ids import uuid7
from tenants.rules.pipeline import SAID


class Prospect(models.Model):
    """A company that could become a partner, or has: who looks after it, and what it is offered.

    `stage` is what somebody said (`tenants.rules.pipeline.SAID`); further ones are read from the
    partner's facts. `offer` holds the figures of the proposal (`billing.rules.planning.offer`).
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=120, unique=True)
    kind = models.CharField(max_length=20, choices=Partner.Kind.choices)
    owner = models.CharField(max_length=254)
    contact_name = models.CharField(max_length=120, blank=True, default="")
    contact_email = models.CharField(max_length=254, blank=True, default="")
    product = models.CharField(max_length=80, blank=True, default="")
    offer = models.JSONField(default=dict)
    partner = models.OneToOneField(
        Partner, on_delete=models.PROTECT, null=True, related_name="prospect"
    )
    stage = models.CharField(max_length=10, default=SAID[0].value)
    stage_at = models.DateTimeField()
    next_step = models.CharField(max_length=200, blank=True, default="")
    next_step_on = models.DateField(null=True, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(stage__in=_values(SAID)), name="prospect_stage_is_said"
            ),
        ]


class ProspectEntry(models.Model):
    """What was said to or of a prospect. Append-only; a letter is told apart by its `sha256`."""

    class Kind(models.TextChoices):
        """A change of the stage, a note, or a letter that we mailed."""

        STAGE = "stage"
        NOTE = "note"
        LETTER = "letter"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    prospect = models.ForeignKey(Prospect, on_delete=models.PROTECT, related_name="entries")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    stage = models.CharField(max_length=10, blank=True, default="")
    text = models.CharField(max_length=8000, blank=True, default="")
    sha256 = models.CharField(max_length=64, blank=True, default="")
    actor = models.CharField(max_length=254)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["prospect", "sha256"], condition=~models.Q(sha256=""),
                name="prospect_letter_once",
            ),
        ]  # fmt: skip
