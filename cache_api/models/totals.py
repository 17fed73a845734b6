"""Rollups summed over what an explorer need not tell apart."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from cache_api.models.usage import Kind, Outcome
from cache_api.rules.histogram import BUCKETS


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


class CustomerMonth(CustomerTotal):
    """A customer's calendar month in UTC: what its days come to, for pages that show a year."""

    pk = models.CompositePrimaryKey("bucket_at", "customer_id", "livemode")

    class Meta:
        indexes = [models.Index(fields=["customer_id", "bucket_at"], name="customermonth_customer")]
