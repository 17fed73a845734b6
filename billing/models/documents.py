"""Issued documents: numbered, hashed, never changed. Their status is read from their events."""

from django.db import models
from django.db.models import F, Q

from billing.models.base import FrozenRow
from billing.models.frozen import RatedLine
from billing.models.lines import LineFacts
from billing.models.runs import SettlementRun


class NumberSeries(models.Model):
    """The locked counter of one issuer, series and year; taken in the issuing transaction."""

    id = models.BigAutoField(primary_key=True)
    partner_id = models.UUIDField(null=True)
    issuer = models.CharField(max_length=80)
    series = models.CharField(max_length=10)
    year = models.PositiveSmallIntegerField()
    last_number = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["issuer", "series", "year"], name="one_number_series"),
        ]

    def __str__(self) -> str:
        return f"{self.issuer} {self.series}-{self.year}"


class Document(FrozenRow):
    """An invoice, payout statement or credit note. `canonical` **is** the document.

    A credit note names the document it `corrects`; one that a person issued belongs to no run.
    """

    class Kind(models.TextChoices):
        CUSTOMER_INVOICE = "customer_invoice"
        PARTNER_INVOICE = "partner_invoice"
        PAYOUT_STATEMENT = "payout_statement"
        CREDIT_NOTE = "credit_note"

    run = models.ForeignKey(SettlementRun, models.PROTECT, null=True, related_name="documents")
    corrects = models.ForeignKey("self", models.PROTECT, null=True, related_name="corrections")
    position = models.PositiveIntegerField()
    kind = models.CharField(max_length=20, choices=Kind.choices)
    issuer = models.CharField(max_length=80)
    series = models.CharField(max_length=10)
    year = models.PositiveSmallIntegerField()
    sequence_no = models.PositiveIntegerField()
    number = models.CharField(max_length=60)
    customer_id = models.UUIDField(null=True, db_index=True)
    customer_external_id = models.TextField(blank=True, default="")
    seller_name = models.CharField(max_length=200)
    buyer_name = models.CharField(max_length=200)
    currency = models.CharField(max_length=3)
    period_start = models.DateTimeField()
    period_end = models.DateTimeField()
    issued_at = models.DateTimeField()
    due_date = models.DateField()
    net_minor = models.BigIntegerField()
    tax_minor = models.BigIntegerField()
    total_minor = models.BigIntegerField()
    shadow_minor = models.BigIntegerField(default=0)
    statement = models.JSONField(null=True)
    canonical = models.BinaryField()
    sha256 = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["issuer", "number"], name="document_number"),
            models.UniqueConstraint(
                fields=["issuer", "series", "year", "sequence_no"], name="document_sequence"
            ),
            models.UniqueConstraint(fields=["run", "position"], name="document_once_per_run"),
            models.CheckConstraint(
                condition=Q(total_minor=F("net_minor") + F("tax_minor")),
                name="document_total_is_net_and_tax",
            ),
        ]
        indexes = [
            models.Index(fields=["partner_id", "kind", "-issued_at"], name="document_by_kind"),
        ]

    def __str__(self) -> str:
        return self.number


class DocumentLine(FrozenRow, LineFacts):
    """A line of an issued document; `explanation` is the arithmetic written out."""

    document = models.ForeignKey(Document, models.PROTECT, related_name="lines")
    rated_line = models.ForeignKey(RatedLine, models.PROTECT, null=True, related_name="+")
    # One to one: no statement but the first can show (and so pay or take) a carried item.
    carried = models.OneToOneField(
        "CarriedItem", models.PROTECT, null=True, related_name="statement_line"
    )

    class Meta(LineFacts.Meta):
        constraints = [
            models.UniqueConstraint(fields=["document", "position"], name="document_line_position"),
        ]


class DocumentEvent(FrozenRow):
    """Something that happened to a document (issued, paid, …); append-only."""

    document = models.ForeignKey(Document, models.PROTECT, related_name="events")
    kind = models.CharField(max_length=20)
    amount_minor = models.BigIntegerField(null=True)
    actor = models.CharField(max_length=254)
    note = models.TextField(blank=True, default="")
    source_id = models.CharField(max_length=120)
    at = models.DateTimeField()

    class Meta:
        ordering = ["at", "id"]
        constraints = [
            # The same outside fact (a bank line, a delivery) is written once.
            models.UniqueConstraint(
                fields=["document", "kind", "source_id"], name="document_event_once"
            ),
        ]
