"""Rollups of all customers together and of a row per customer, filled from those that exist.

The latencies of before are not told by model: they go into rows without one, which have no events.
`manage.py rebuild_rollups` tells them apart.
"""

import django.contrib.postgres.fields
from django.db import migrations, models

KINDS = [("lookup", "Lookup"), ("store", "Store"), ("feedback", "Feedback")]
OUTCOMES = [
    ("hit", "Hit"),
    ("semantic_hit", "Semantic hit"),
    ("stale", "Stale"),
    ("miss", "Miss"),
    ("stored", "Stored"),
    ("unchanged", "Unchanged"),
    ("unmatched", "Unmatched feedback"),
    ("wrong_hit", "Wrong hit"),
    ("wrong_semantic_hit", "Wrong semantic hit"),
]
DIMENSIONS = "livemode, kind, outcome, provider, model, region"
MEASURES = (
    "events", "quantity", "tokens_in", "tokens_out", "bytes", "byte_seconds", "cost_saved_micros",
    "latency_us_sum", "prefix_tokens", "prefix_saved_micros",
)  # fmt: skip
CUSTOMER = (
    "lookups", "hits", "stores", "bytes_served", "tokens_saved", "cost_saved", "semantic_hits",
)  # fmt: skip
PREFIXED = models.Q(("prefix_saved_micros", 0), ("prefix_tokens", 0), _negated=True)

_HIT = "kind = 'lookup' AND outcome IN ('hit', 'semantic_hit')"
_SIGN = f"""CASE WHEN {_HIT} THEN 1
    WHEN kind = 'feedback' AND outcome IN ('wrong_hit', 'wrong_semantic_hit') THEN -1 ELSE 0 END"""
_CUSTOMER_SUMS = f"""sum(quantity * (kind = 'lookup')::int), sum(quantity * {_SIGN}),
    sum(quantity * (kind = 'store')::int), sum(bytes * {_SIGN}),
    sum((tokens_in + tokens_out) * {_SIGN}), sum(cost_saved_micros * {_SIGN}),
    sum(quantity * (outcome LIKE '%semantic_hit')::int * {_SIGN})"""
_KIND_OF = """CASE WHEN outcome IN ('stored', 'unchanged') THEN 'store'
    WHEN outcome IN ('hit', 'semantic_hit', 'stale', 'miss') THEN 'lookup' ELSE 'feedback' END"""


def key(*columns: str) -> tuple[str, models.CompositePrimaryKey]:
    """A rollup's primary key: its bucket and dimensions."""
    return (
        "pk",
        models.CompositePrimaryKey(
            *columns, blank=True, editable=False, primary_key=True, serialize=False
        ),
    )


def total(name: str) -> migrations.CreateModel:
    """All customers together: the columns of a usage rollup, and a histogram."""
    histogram = django.contrib.postgres.fields.ArrayField(
        base_field=models.BigIntegerField(), size=48
    )
    wide = models.DecimalField(decimal_places=0, max_digits=38)
    late = ("prefix_tokens", "prefix_saved_micros")
    return migrations.CreateModel(
        name=name,
        fields=[
            key("bucket_at", "livemode", "kind", "outcome", "provider", "model", "region"),
            ("bucket_at", models.DateTimeField()),
            ("livemode", models.BooleanField()),
            ("kind", models.TextField(choices=KINDS)),
            ("outcome", models.TextField(choices=OUTCOMES)),
            ("provider", models.TextField()),
            ("model", models.TextField()),
            ("region", models.TextField()),
            *[
                (one, wide if one == "byte_seconds" else models.BigIntegerField())
                for one in MEASURES
                if one not in late
            ],
            *[(one, models.BigIntegerField(db_default=0)) for one in late],
            ("buckets", histogram),
        ],
    )


def customer(name: str) -> migrations.CreateModel:
    """A customer's hour or day in one row."""
    return migrations.CreateModel(
        name=name,
        fields=[
            key("bucket_at", "customer_id", "livemode"),
            ("bucket_at", models.DateTimeField()),
            ("customer_id", models.UUIDField()),
            ("livemode", models.BooleanField()),
            *[(one, models.BigIntegerField()) for one in CUSTOMER],
        ],
        options={
            "indexes": [
                models.Index(fields=["customer_id", "bucket_at"], name=f"{name.lower()}_customer")
            ]
        },
    )


def fill(unit: str) -> list[str]:
    """What exists, summed: usage and customers, then the histograms."""
    sums = ", ".join(f"sum({name})" for name in MEASURES)
    nothing = ", ".join("0" for _ in MEASURES)
    buckets = ", ".join(f"sum(buckets[{n}])" for n in range(1, 49))
    return [
        f"""INSERT INTO cache_api_total{unit} (bucket_at, {DIMENSIONS}, {", ".join(MEASURES)},
            buckets)
        SELECT bucket_at, {DIMENSIONS}, {sums}, array_fill(0::bigint, ARRAY[48])
        FROM cache_api_rollup{unit} GROUP BY bucket_at, {DIMENSIONS}""",
        f"""INSERT INTO cache_api_total{unit} AS t (bucket_at, {DIMENSIONS},
            {", ".join(MEASURES)}, buckets)
        SELECT bucket_at, livemode, {_KIND_OF}, outcome, '', '', region, {nothing},
            ARRAY[{buckets}]::bigint[]
        FROM cache_api_latency{unit} GROUP BY bucket_at, livemode, outcome, region
        ON CONFLICT (bucket_at, {DIMENSIONS}) DO UPDATE SET buckets = excluded.buckets""",
        f"""INSERT INTO cache_api_customer{unit} (bucket_at, customer_id, livemode,
            {", ".join(CUSTOMER)})
        SELECT bucket_at, customer_id, livemode, {_CUSTOMER_SUMS}
        FROM cache_api_rollup{unit} GROUP BY bucket_at, customer_id, livemode""",
    ]


class Migration(migrations.Migration):
    dependencies = [("cache_api", "0004_prefixes")]

    operations = [
        total("TotalHour"),
        total("TotalDay"),
        customer("CustomerHour"),
        customer("CustomerDay"),
        *[
            migrations.AddIndex(
                f"latency{unit}",
                models.Index(fields=["customer_id", "bucket_at"], name=f"latency{unit}_customer"),
            )
            for unit in ("hour", "day")
        ],
        *[
            migrations.AddIndex(
                f"rollup{unit}",
                models.Index(fields=["bucket_at"], name=f"rollup{unit}_prefix", condition=PREFIXED),
            )
            for unit in ("hour", "day")
        ],
        migrations.RunSQL(
            [(text, None) for unit in ("hour", "day") for text in fill(unit)],
            migrations.RunSQL.noop,
        ),
    ]
