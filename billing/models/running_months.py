"""The month that still runs, as a worker last worked it out: an estimate, never a document."""

from django.db import models

from billing.models.agreements import Agreement
from billing.models.base import PartnerRow


class RunningMonth(PartnerRow):
    """One agreement's month so far. `figures` are the pages'; `as_of`: usage up to then counts."""

    agreement = models.ForeignKey(Agreement, models.PROTECT, related_name="+")
    period_start = models.DateTimeField()
    as_of = models.DateTimeField()
    figures = models.JSONField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["agreement", "period_start"], name="one_running_month"),
        ]

    def __str__(self) -> str:
        return f"{self.agreement_id} {self.period_start:%Y-%m} as of {self.as_of:%Y-%m-%d %H:%M}"
