"""What one partner's schema holds: its customers and the rollups of their usage.

Rollups are derived: `rebuild_rollups` makes the same rows again from the usage events. Only the
recorder writes them; partners, billing and the console read.
"""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from cache_api.rules.histogram import BUCKETS
from tenants.rules.ids import uuid7


class CustomerState(models.TextChoices):
    """`unconfirmed`: seen in traffic, not yet confirmed by the partner; its usage counts."""

    UNCONFIRMED = "unconfirmed", _("Unconfirmed")
    ACTIVE = "active", _("Active")
    SUSPENDED = "suspended", _("Suspended")


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


class Customer(models.Model):
    """A customer of this partner; `external_id` is the id the partner uses for it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    external_id = models.TextField(unique=True)
    name = models.TextField(blank=True, default="")
    state = models.TextField(choices=CustomerState.choices, default=CustomerState.UNCONFIRMED)
    plan = models.TextField(blank=True, default="")
    billing = models.JSONField(
        blank=True,
        default=dict,
        help_text="legal_name, address, country, tax_id, email, currency",
    )
    quota = models.JSONField(
        null=True,
        blank=True,
        help_text="lookups a UTC day and month: {day, month, hard}; null for no quota",
    )
    created_at = models.DateTimeField()
    first_seen_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["external_id"]

    def __str__(self) -> str:
        return self.name or self.external_id


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


class Total(models.Model):
    """A rollup of all customers together, with its latencies: as many rows at any number of them.

    Pages of a whole partner read these: a thousand customers' rows would take them seconds.
    """

    bucket_at = models.DateTimeField()
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
    buckets = ArrayField(models.BigIntegerField(), size=BUCKETS)

    class Meta:
        abstract = True


class TotalHour(Total):
    """All customers in one UTC hour."""

    pk = models.CompositePrimaryKey(
        "bucket_at", "livemode", "kind", "outcome", "provider", "model", "region"
    )


class TotalDay(Total):
    """All customers in one UTC day."""

    pk = models.CompositePrimaryKey(
        "bucket_at", "livemode", "kind", "outcome", "provider", "model", "region"
    )


class CustomerTotal(models.Model):
    """A customer's bucket in one row; hits, bytes, tokens and cost less what feedback took back."""

    bucket_at = models.DateTimeField()
    customer_id = models.UUIDField()
    livemode = models.BooleanField()
    lookups = models.BigIntegerField()
    hits = models.BigIntegerField()
    stores = models.BigIntegerField()
    bytes_served = models.BigIntegerField()
    tokens_saved = models.BigIntegerField()
    cost_saved = models.BigIntegerField()
    semantic_hits = models.BigIntegerField()

    class Meta:
        abstract = True


class CustomerHour(CustomerTotal):
    """A customer's UTC hour."""

    pk = models.CompositePrimaryKey("bucket_at", "customer_id", "livemode")

    class Meta:
        indexes = [models.Index(fields=["customer_id", "bucket_at"], name="customerhour_customer")]


class CustomerDay(CustomerTotal):
    """A customer's UTC day."""

    pk = models.CompositePrimaryKey("bucket_at", "customer_id", "livemode")

    class Meta:
        indexes = [models.Index(fields=["customer_id", "bucket_at"], name="customerday_customer")]


# Django finds an app's tables through this module.
from cache_api import models_alerts, models_hooks  # noqa: E402, F401
