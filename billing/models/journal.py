"""The journal: append-only entries whose lines balance per currency when the transaction ends."""

from django.db import models
from django.db.models import Q

from billing.models.base import FrozenRow
from billing.models.documents import Document
from billing.models.runs import SettlementRun


class JournalEntry(FrozenRow):
    """One posting. `source` names the one fact it books, so that a fact is booked once."""

    source = models.CharField(max_length=160, unique=True)
    run = models.ForeignKey(SettlementRun, models.PROTECT, null=True, related_name="entries")
    document = models.ForeignKey(Document, models.PROTECT, null=True, related_name="entries")
    position = models.PositiveIntegerField()
    purpose = models.CharField(max_length=40)
    accounting_date = models.DateField()
    description = models.TextField(blank=True, default="")
    reverses = models.ForeignKey("self", models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["accounting_date"], name="journal_by_date")]

    def __str__(self) -> str:
        return f"{self.purpose} {self.accounting_date}"


class JournalLine(FrozenRow):
    """Debit or credit of one account, never both, always positive."""

    entry = models.ForeignKey(JournalEntry, models.PROTECT, related_name="lines")
    position = models.PositiveIntegerField()
    account = models.CharField(max_length=60)
    currency = models.CharField(max_length=3)
    debit_minor = models.BigIntegerField(default=0)
    credit_minor = models.BigIntegerField(default=0)
    customer_id = models.UUIDField(null=True)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["entry", "position"], name="journal_line_position"),
            models.CheckConstraint(
                condition=Q(debit_minor__gt=0, credit_minor=0)
                | Q(debit_minor=0, credit_minor__gt=0),
                name="journal_line_debit_xor_credit",
            ),
        ]
        indexes = [models.Index(fields=["account"], name="journal_by_account")]


class JournalSeal(models.Model):
    """A checkpoint of the journal: its hash covers the seal before and every entry since."""

    step = models.PositiveIntegerField(primary_key=True)
    previous_sha256 = models.CharField(max_length=64, blank=True, default="")
    sha256 = models.CharField(max_length=64)
    entries = models.PositiveIntegerField()
    sealed_at = models.DateTimeField()

    class Meta:
        ordering = ["step"]


class SealedEntry(models.Model):
    """What an entry with its lines hashed to when it was sealed."""

    entry = models.OneToOneField(
        JournalEntry, models.PROTECT, primary_key=True, related_name="sealed"
    )
    seal = models.ForeignKey(JournalSeal, models.PROTECT, related_name="sealed")
    sha256 = models.CharField(max_length=64)
