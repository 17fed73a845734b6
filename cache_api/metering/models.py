"""Shared metering tables. `usage_event` is made by SQL (partitioned by day); the rest by Django.

Usage events are immutable: no login may update or delete them and a trigger refuses it even to
the owner. Corrections are new events.
"""

from django.db import models

from tenants.rules.ids import uuid7


class UsageEvent(models.Model):
    """`quantity` identical requests; tokens, bytes, latency and cost are those of one of them.

    `recorded_batch` is the recorder's batch: what a frozen settlement saw is every event whose
    batch is at most the partner's `PartnerPosition.last_batch` of that moment.
    """

    event_id = models.UUIDField(primary_key=True)
    partner_id = models.UUIDField()
    customer = models.TextField()
    batch_id = models.UUIDField(null=True)
    boot_id = models.UUIDField(null=True)
    seq = models.BigIntegerField(null=True)
    quantity = models.BigIntegerField()
    livemode = models.BooleanField()
    key_id = models.TextField()
    kind = models.TextField()
    outcome = models.TextField()
    reason = models.TextField()
    provider = models.TextField()
    model = models.TextField()
    tokens_in = models.BigIntegerField()
    tokens_out = models.BigIntegerField()
    bytes = models.BigIntegerField()
    byte_seconds = models.BigIntegerField()
    namespace = models.TextField()
    tags = models.JSONField(null=True)
    primary_cache = models.TextField()
    overflow_reason = models.TextField()
    primary_latency_us = models.BigIntegerField(null=True)
    latency_us = models.BigIntegerField(null=True)
    cost_saved_micros = models.BigIntegerField()
    price_version = models.TextField()
    region = models.TextField()
    sdk = models.TextField()
    prefix_tokens = models.BigIntegerField()
    prefix_saved_micros = models.BigIntegerField()
    occurred_at = models.DateTimeField()
    recorded_batch = models.BigIntegerField()

    class Meta:
        managed = False
        db_table = "usage_event"


class StreamPosition(models.Model):
    """How far one stream of one events Valkey is recorded; its row lock is the recorder's lease.

    A replaced events Valkey has another `dataset_id`, so its stream is read from the start.
    """

    pk = models.CompositePrimaryKey("dataset_id", "stream")
    dataset_id = models.TextField()
    stream = models.TextField()
    last_id = models.TextField(default="0-0")
    batch = models.BigIntegerField(default=0)
    updated_at = models.DateTimeField()

    class Meta:
        db_table = "stream_position"


class RecorderBatch(models.Model):
    """One committed batch: where it came from and how many events were new."""

    id = models.BigAutoField(primary_key=True)
    source = models.TextField()
    received = models.BigIntegerField()
    events = models.BigIntegerField()
    at = models.DateTimeField()

    class Meta:
        db_table = "recorder_batch"


class PartnerPosition(models.Model):
    """The last batch that touched a partner; locked while a batch writes that partner's rollups."""

    partner_id = models.UUIDField(primary_key=True)
    last_batch = models.BigIntegerField(default=0)
    updated_at = models.DateTimeField()

    class Meta:
        db_table = "partner_position"


class DeadLetter(models.Model):
    """An event that could not be recorded, kept whole with the reason; `id` makes a repeat one row.

    `boot_id` and `seq` are filled when the event could be read at all.
    """

    id = models.UUIDField(primary_key=True)
    source = models.TextField()
    position = models.TextField()
    reason = models.TextField()
    payload = models.BinaryField()
    partner_id = models.UUIDField(null=True)
    boot_id = models.UUIDField(null=True)
    seq = models.BigIntegerField(null=True)
    at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "dead_letter"


class DuplicateEvent(models.Model):
    """A sequence number whose event was recorded already (a caller's retry): seen, not counted."""

    pk = models.CompositePrimaryKey("boot_id", "seq")
    boot_id = models.UUIDField()
    seq = models.BigIntegerField()
    event_id = models.UUIDField()
    recorded_batch = models.BigIntegerField()

    class Meta:
        db_table = "duplicate_event"


class EdgeHeartbeat(models.Model):
    """The last word of one process that meters: what it numbered and what waits in its spool."""

    boot_id = models.UUIDField(primary_key=True)
    last_seq = models.BigIntegerField()
    spool_bytes = models.BigIntegerField(default=0)
    unmetered = models.BigIntegerField(default=0)
    seen_at = models.DateTimeField()

    class Meta:
        db_table = "edge_heartbeat"


class ChannelDay(models.Model):
    """One partner's day in one row per kind and outcome: feeds the console's cockpit."""

    pk = models.CompositePrimaryKey("partner_id", "day", "livemode", "kind", "outcome")
    partner_id = models.UUIDField()
    day = models.DateField()
    livemode = models.BooleanField()
    kind = models.TextField()
    outcome = models.TextField()
    events = models.BigIntegerField()
    quantity = models.BigIntegerField()
    tokens_in = models.BigIntegerField()
    tokens_out = models.BigIntegerField()
    bytes = models.BigIntegerField()
    byte_seconds = models.DecimalField(max_digits=38, decimal_places=0)
    cost_saved_micros = models.BigIntegerField()
    latency_us_sum = models.BigIntegerField()
    prefix_tokens = models.BigIntegerField(db_default=0)
    prefix_saved_micros = models.BigIntegerField(db_default=0)

    class Meta:
        db_table = "channel_day"
        indexes = [models.Index(fields=["day"], name="channel_day_day")]


class DayRoot(models.Model):
    """The Merkle root over one partner's events of one UTC day, up to a recorder batch.

    Append-only: late events get a further row, whose tree begins with the earlier one's leaves.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    partner_id = models.UUIDField()
    day = models.DateField()
    size = models.BigIntegerField()
    root = models.CharField(max_length=64)
    batch_bound = models.BigIntegerField()
    created_at = models.DateTimeField()

    class Meta:
        db_table = "usage_day_root"
        constraints = [
            models.UniqueConstraint(
                fields=["partner_id", "day", "batch_bound"], name="day_root_once"
            ),
            models.CheckConstraint(condition=models.Q(size__gt=0), name="day_root_has_leaves"),
        ]


class Implementation(models.Model):
    """A customer's application that uses an SDK of ours, and the days it was first and last heard.

    `application` is the name it gives itself, '' for none; its version and its copies are one.
    """

    pk = models.CompositePrimaryKey("partner_id", "customer", "sdk", "application")
    partner_id = models.UUIDField()
    customer = models.TextField()
    sdk = models.TextField()
    application = models.TextField()
    first_day = models.DateField()
    last_day = models.DateField()

    class Meta:
        db_table = "implementation"
        indexes = [models.Index(fields=["last_day"], name="implementation_last_day")]
