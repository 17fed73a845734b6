"""Settlement runs: one agreement, one period, one state, and the log of what happened to it."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower

from billing.models.agreements import Agreement
from billing.models.base import FrozenRow, PartnerRow


class SettlementRun(PartnerRow):
    """The settlement of one agreement for one period; `billing.rules.runs` says what may follow.

    A rejected run is not cleaned: it begins a new attempt, and what was frozen and rated for the
    old one stays as it was.
    """

    class Kind(models.TextChoices):
        REGULAR = "regular"
        ADJUSTMENT = "adjustment"

    agreement = models.ForeignKey(Agreement, models.PROTECT, related_name="runs")
    period_start = models.DateTimeField()
    period_end = models.DateTimeField()
    kind = models.CharField(max_length=12, choices=Kind.choices, default=Kind.REGULAR)
    sequence = models.PositiveIntegerField(default=1)
    state = models.CharField(max_length=12, default="open", db_index=True)
    reason = models.TextField(blank=True, default="")
    attempt = models.PositiveIntegerField(default=1)
    opened_by = models.CharField(max_length=254)
    opened_at = models.DateTimeField()
    preparer = models.CharField(max_length=254, blank=True, default="")
    submitted_at = models.DateTimeField(null=True)
    approver = models.CharField(max_length=254, blank=True, default="")
    approved_at = models.DateTimeField(null=True)
    issued_at = models.DateTimeField(null=True)
    changed_at = models.DateTimeField()
    currency = models.CharField(max_length=3, blank=True, default="")
    gross_minor = models.BigIntegerField(default=0)
    net_minor = models.BigIntegerField(default=0)
    share_minor = models.BigIntegerField(default=0)
    tax_minor = models.BigIntegerField(default=0)
    fees_minor = models.BigIntegerField(default=0)
    shadow_minor = models.BigIntegerField(default=0)
    result_sha256 = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["agreement", "period_start", "period_end", "kind", "sequence"],
                name="one_run_per_agreement_and_period",
            ),
            models.CheckConstraint(
                condition=Q(period_end__gt=F("period_start")), name="run_has_a_span"
            ),
            models.CheckConstraint(
                condition=Q(approver="") | ~Q(approver=F("preparer")), name="run_four_eyes"
            ),
            models.CheckConstraint(
                condition=Q(approver=Lower("approver")) & Q(preparer=Lower("preparer")),
                name="run_people_in_lower_case",
            ),
            models.CheckConstraint(
                condition=Q(
                    gross_minor=F("net_minor") + F("share_minor") + F("tax_minor") + F("fees_minor")
                ),
                name="run_gross_is_net_share_tax_fees",
            ),
        ]
        indexes = [models.Index(fields=["period_start", "state"], name="run_by_period")]

    def __str__(self) -> str:
        return f"{self.agreement_id} {self.period_start:%Y-%m} #{self.sequence}"


class RunEvent(FrozenRow):
    """What happened to a run, by whom and why: append-only."""

    run = models.ForeignKey(SettlementRun, models.PROTECT, related_name="events")
    step = models.PositiveIntegerField()
    attempt = models.PositiveIntegerField()
    state = models.CharField(max_length=12)
    actor = models.CharField(max_length=254)
    reason = models.TextField(blank=True, default="")
    at = models.DateTimeField()

    class Meta:
        # Steps of one task share their instant; the number tells them apart.
        ordering = ["step"]
        constraints = [models.UniqueConstraint(fields=["run", "step"], name="run_event_step")]
