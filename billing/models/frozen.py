"""What one attempt of a run was computed from, and what came out; none of it ever changes."""

from django.db import models

from billing.models.base import FrozenRow
from billing.models.runs import SettlementRun


class RunSnapshot(FrozenRow):
    """Everything but quantities that an attempt was computed from, as canonical JSON.

    `head` is the run input without its rows (terms, prices, bookings, balances), `parties` the
    names and addresses that documents copy. `sha256` covers head and rows, `parties_sha256` them.
    """

    run = models.ForeignKey(SettlementRun, models.PROTECT, related_name="snapshots")
    attempt = models.PositiveIntegerField()
    head = models.BinaryField()
    parties = models.BinaryField()
    sha256 = models.CharField(max_length=64)
    parties_sha256 = models.CharField(max_length=64)
    batch_bound = models.BigIntegerField()
    engine_version = models.CharField(max_length=20)
    frozen_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "attempt"], name="one_snapshot_per_attempt"),
        ]


class RunInput(FrozenRow):
    """Frozen quantities of one customer and model in one segment, in base units."""

    run = models.ForeignKey(SettlementRun, models.PROTECT, related_name="inputs")
    attempt = models.PositiveIntegerField()
    line_no = models.PositiveIntegerField()
    segment = models.PositiveSmallIntegerField()
    customer_id = models.UUIDField()
    external_id = models.TextField()
    name = models.TextField(blank=True, default="")
    plan = models.TextField(blank=True, default="")
    model = models.TextField(blank=True, default="")
    currency = models.CharField(max_length=3, blank=True, default="")
    lookups = models.BigIntegerField(default=0)
    stores = models.BigIntegerField(default=0)
    cached_requests = models.BigIntegerField(default=0)
    bytes_served = models.BigIntegerField(default=0)
    byte_seconds = models.DecimalField(max_digits=38, decimal_places=0, default=0)
    tokens_saved = models.BigIntegerField(default=0)
    cost_saved_micros = models.BigIntegerField(default=0)

    class Meta:
        ordering = ["line_no"]
        constraints = [
            models.UniqueConstraint(fields=["run", "attempt", "line_no"], name="run_input_line"),
        ]


class RatedLine(FrozenRow):
    """A quantity times a price: exact (12 places, major units) and rounded once (minor units).

    `rounded_minor` is cumulative for the period; `amount_minor` is it minus what earlier runs of
    the period booked under the same key.
    """

    run = models.ForeignKey(SettlementRun, models.PROTECT, related_name="rated_lines")
    attempt = models.PositiveIntegerField()
    line_no = models.PositiveIntegerField()
    key = models.TextField()
    kind = models.CharField(max_length=24)
    payer = models.CharField(max_length=10)
    phase = models.CharField(max_length=10)
    version_id = models.UUIDField()
    customer_id = models.UUIDField(null=True)
    external_id = models.TextField(blank=True, default="")
    name = models.TextField(blank=True, default="")
    meter = models.CharField(max_length=40, blank=True, default="")
    rate_key = models.TextField(blank=True, default="")
    quantity = models.DecimalField(max_digits=56, decimal_places=18)
    unit = models.CharField(max_length=40, blank=True, default="")
    unit_price = models.DecimalField(max_digits=32, decimal_places=12, null=True)
    currency = models.CharField(max_length=3)
    exact = models.DecimalField(max_digits=38, decimal_places=12)
    rounded_minor = models.BigIntegerField()
    booked_minor = models.BigIntegerField(default=0)
    was_booked = models.BooleanField(default=False)
    amount_minor = models.BigIntegerField()
    earned_minor = models.BigIntegerField()
    start = models.DateTimeField()
    end = models.DateTimeField()
    description = models.TextField(blank=True, default="")
    steps = models.JSONField(default=list)

    class Meta:
        ordering = ["line_no"]
        constraints = [
            models.UniqueConstraint(fields=["run", "attempt", "line_no"], name="rated_line_no"),
            models.UniqueConstraint(fields=["run", "attempt", "key"], name="rated_line_key"),
        ]


class CustomerShare(FrozenRow):
    """The split of one customer's net under one version: cumulative, and what this run adds."""

    run = models.ForeignKey(SettlementRun, models.PROTECT, related_name="shares")
    attempt = models.PositiveIntegerField()
    key = models.TextField()
    customer_id = models.UUIDField()
    version_id = models.UUIDField()
    partner_bps = models.PositiveIntegerField()
    base_minor = models.BigIntegerField()
    partner_minor = models.BigIntegerField()
    platform_minor = models.BigIntegerField()
    delta_base_minor = models.BigIntegerField()
    delta_partner_minor = models.BigIntegerField()
    delta_platform_minor = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "attempt", "key"], name="customer_share_key"),
        ]
