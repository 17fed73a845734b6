"""Files from the bank and their lines: each line once, matched or waiting for a person."""

from django.db import models
from django.db.models import Q

from billing.models.base import FrozenRow, PartnerRow
from billing.models.payments import Payment


class BankFile(FrozenRow):
    """One file as it came. The same bytes are one file."""

    class Kind(models.TextChoices):
        CAMT053 = "camt053"
        CSV = "csv"

    partner_id = models.UUIDField(null=True)  # type: ignore[assignment]
    sha256 = models.CharField(max_length=64, unique=True)
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    line_count = models.PositiveIntegerField()
    uploaded_by = models.CharField(max_length=254)
    uploaded_at = models.DateTimeField()

    class Meta:
        ordering = ["-uploaded_at", "-id"]


class BankLine(PartnerRow):
    """One booked line. `partner_id` is known once it is matched."""

    class State(models.TextChoices):
        MATCHED = "matched"
        UNMATCHED = "unmatched"
        DOUBLE = "double"
        IGNORED = "ignored"

    partner_id = models.UUIDField(null=True, db_index=True)  # type: ignore[assignment]
    file = models.ForeignKey(BankFile, models.PROTECT, related_name="lines")
    position = models.PositiveIntegerField()
    key = models.CharField(max_length=64)
    state = models.CharField(max_length=10, choices=State.choices, db_index=True)
    reason = models.TextField(blank=True, default="")
    account = models.CharField(max_length=40)
    booked_date = models.DateField()
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    payer = models.CharField(max_length=200, blank=True, default="")
    text = models.TextField(blank=True, default="")
    end_to_end_id = models.CharField(max_length=80, blank=True, default="")
    payment = models.ForeignKey(Payment, models.PROTECT, null=True, related_name="bank_lines")
    decided_by = models.CharField(max_length=254, blank=True, default="")
    decided_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-booked_date", "file", "position"]
        constraints = [
            models.UniqueConstraint(fields=["file", "position"], name="bank_line_position"),
            models.UniqueConstraint(
                fields=["key"], condition=~Q(state="double"), name="bank_line_once"
            ),
        ]
