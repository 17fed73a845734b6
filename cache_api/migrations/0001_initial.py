"""Customers and rollups of one partner."""

import django.contrib.postgres.fields
from django.db import migrations, models

import tenants.rules.ids

OUTCOMES = [
    ("hit", "Hit"),
    ("semantic_hit", "Semantic hit"),
    ("miss", "Miss"),
    ("stored", "Stored"),
    ("unchanged", "Unchanged"),
]


def key(*columns: str) -> tuple[str, models.CompositePrimaryKey]:
    """A rollup's primary key: its bucket and dimensions."""
    return (
        "pk",
        models.CompositePrimaryKey(
            *columns, blank=True, editable=False, primary_key=True, serialize=False
        ),
    )


def rollup(name: str, index: str) -> migrations.CreateModel:
    """One of the two usage rollups: same columns, another bucket width."""
    return migrations.CreateModel(
        name=name,
        fields=[
            key(
                "bucket_at", "customer_id", "livemode", "kind", "outcome", "provider", "model",
                "region",
            ),
            ("bucket_at", models.DateTimeField()),
            ("customer_id", models.UUIDField()),
            ("livemode", models.BooleanField()),
            ("kind", models.TextField(choices=[("lookup", "Lookup"), ("store", "Store")])),
            ("outcome", models.TextField(choices=OUTCOMES)),
            ("provider", models.TextField()),
            ("model", models.TextField()),
            ("region", models.TextField()),
            ("events", models.BigIntegerField()),
            ("quantity", models.BigIntegerField()),
            ("tokens_in", models.BigIntegerField()),
            ("tokens_out", models.BigIntegerField()),
            ("bytes", models.BigIntegerField()),
            ("byte_seconds", models.DecimalField(decimal_places=0, max_digits=38)),
            ("cost_saved_micros", models.BigIntegerField()),
            ("latency_us_sum", models.BigIntegerField()),
        ],
        options={
            "indexes": [models.Index(fields=["customer_id", "bucket_at"], name=index)],
        },
    )  # fmt: skip


def latency(name: str) -> migrations.CreateModel:
    """One of the two latency rollups."""
    return migrations.CreateModel(
        name=name,
        fields=[
            key("bucket_at", "customer_id", "livemode", "region", "outcome"),
            ("bucket_at", models.DateTimeField()),
            ("customer_id", models.UUIDField()),
            ("livemode", models.BooleanField()),
            ("region", models.TextField()),
            ("outcome", models.TextField(choices=OUTCOMES)),
            (
                "buckets",
                django.contrib.postgres.fields.ArrayField(
                    base_field=models.BigIntegerField(), size=48
                ),
            ),
        ],
    )


class Migration(migrations.Migration):
    initial = True

    dependencies: list[tuple[str, str]] = []

    operations = [
        migrations.CreateModel(
            name="Customer",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=tenants.rules.ids.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("external_id", models.TextField(unique=True)),
                ("name", models.TextField(blank=True, default="")),
                (
                    "state",
                    models.TextField(
                        choices=[
                            ("unconfirmed", "Unconfirmed"),
                            ("active", "Active"),
                            ("suspended", "Suspended"),
                        ],
                        default="unconfirmed",
                    ),
                ),
                ("plan", models.TextField(blank=True, default="")),
                (
                    "billing",
                    models.JSONField(
                        blank=True,
                        default=dict,
                        help_text="what its papers say: cache_api.rules.customer_facts.BILLING",
                    ),
                ),
                ("created_at", models.DateTimeField()),
                ("first_seen_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={"ordering": ["external_id"]},
        ),
        rollup("RollupHour", "rolluphour_customer"),
        rollup("RollupDay", "rollupday_customer"),
        latency("LatencyHour"),
        latency("LatencyDay"),
    ]
