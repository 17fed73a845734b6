"""Rollups of usage events by hour and day.

Rollups are derived: `rebuild_rollups` makes the same rows again from the usage events. Only the
recorder writes them; partners, billing and the console read.
"""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from cache_api.rules.histogram import BUCKETS


class Kind(models.TextChoices):
    """What a usage event stands for."""

    LOOKUP = "lookup", _("Lookup")
    STORE = "store", _("Store")
    FEEDBACK = "feedback", _("Feedback")


class Outcome(models.TextChoices):
    """How a lookup (hit, semantic hit, stale, miss) or a store (stored, unchanged) ended.

    Feedback takes a wrong or an unused hit back, or speaks of none that is known (unmatched).
    """

    HIT = "hit", _("Hit")
    SEMANTIC_HIT = "semantic_hit", _("Semantic hit")
    STALE = "stale", _("Stale")
    MISS = "miss", _("Miss")
    STORED = "stored", _("Stored")
    UNCHANGED = "unchanged", _("Unchanged")
    UNMATCHED = "unmatched", _("Unmatched feedback")
    WRONG_HIT = "wrong_hit", _("Wrong hit")
    WRONG_SEMANTIC_HIT = "wrong_semantic_hit", _("Wrong semantic hit")
    UNUSED_HIT = "unused_hit", _("Unused hit")
    UNUSED_SEMANTIC_HIT = "unused_semantic_hit", _("Unused semantic hit")


class Rollup(models.Model):
    """Counts and sums of one bucket; every sum is already multiplied by the events' quantity."""

    bucket_at = models.DateTimeField()
    customer_id = models.UUIDField()
    livemode = models.BooleanField()
    kind = models.TextField(choices=Kind.choices)
    outcome = models.TextField(choices=Outcome.choices)
    provider = models.TextField()
    model = models.TextField()
    region = models.TextField()
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
        abstract = True


# Few rows hold repeated prompts: looking for them must not read all the others.
_PREFIXED = ~models.Q(prefix_tokens=0, prefix_saved_micros=0)


class RollupHour(Rollup):
    """Usage of one UTC hour."""

    pk = models.CompositePrimaryKey(
        "bucket_at", "customer_id", "livemode", "kind", "outcome", "provider", "model", "region"
    )

    class Meta:
        indexes = [
            models.Index(fields=["customer_id", "bucket_at"], name="rolluphour_customer"),
            models.Index(fields=["bucket_at"], name="rolluphour_prefix", condition=_PREFIXED),
        ]


class RollupDay(Rollup):
    """Usage of one UTC day."""

    pk = models.CompositePrimaryKey(
        "bucket_at", "customer_id", "livemode", "kind", "outcome", "provider", "model", "region"
    )

    class Meta:
        indexes = [
            models.Index(fields=["customer_id", "bucket_at"], name="rollupday_customer"),
            models.Index(fields=["bucket_at"], name="rollupday_prefix", condition=_PREFIXED),
        ]


class Latency(models.Model):
    """Requests by latency: 48 logarithmic buckets, merged by adding (cache_api.rules.histogram)."""

    bucket_at = models.DateTimeField()
    customer_id = models.UUIDField()
    livemode = models.BooleanField()
    region = models.TextField()
    outcome = models.TextField(choices=Outcome.choices)
    buckets = ArrayField(models.BigIntegerField(), size=BUCKETS)

    class Meta:
        abstract = True


class LatencyHour(Latency):
    """Latencies of one UTC hour."""

    pk = models.CompositePrimaryKey("bucket_at", "customer_id", "livemode", "region", "outcome")

    class Meta:
        indexes = [models.Index(fields=["customer_id", "bucket_at"], name="latencyhour_customer")]


class LatencyDay(Latency):
    """Latencies of one UTC day."""

    pk = models.CompositePrimaryKey("bucket_at", "customer_id", "livemode", "region", "outcome")

    class Meta:
        indexes = [models.Index(fields=["customer_id", "bucket_at"], name="latencyday_customer")]
