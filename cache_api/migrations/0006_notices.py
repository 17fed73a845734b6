"""Webhooks and alerts of a partner: endpoints, events, deliveries; what is watched and fired."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

import tenants.rules.ids


class Migration(migrations.Migration):
    dependencies = [
        ("cache_api", "0005_totals"),
    ]

    operations = [
        migrations.CreateModel(
            name="Alert",
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
                ("owner_id", models.UUIDField(db_index=True, null=True)),
                ("customer_id", models.UUIDField(null=True)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("budget", "Budget"),
                            ("hit_rate", "Hit Rate"),
                            ("latency", "Latency"),
                            ("quota", "Quota"),
                        ],
                        max_length=10,
                    ),
                ),
                ("name", models.CharField(max_length=80)),
                ("limit", models.DecimalField(decimal_places=2, max_digits=18)),
                ("by_mail", models.BooleanField(default=True)),
                ("paused", models.BooleanField(default=False)),
                ("created_by", models.CharField(max_length=254)),
                ("created_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="HookEndpoint",
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
                ("customer_id", models.UUIDField(db_index=True, null=True)),
                ("url", models.TextField()),
                ("label", models.CharField(blank=True, default="", max_length=80)),
                (
                    "types",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=40), size=None
                    ),
                ),
                ("secret", models.BinaryField()),
                ("old_secret", models.BinaryField(null=True)),
                ("old_secret_until", models.DateTimeField(null=True)),
                ("created_by", models.CharField(max_length=254)),
                ("created_at", models.DateTimeField()),
                ("failing_since", models.DateTimeField(null=True)),
                ("warned_at", models.DateTimeField(null=True)),
                ("disabled_at", models.DateTimeField(null=True)),
                ("disabled_reason", models.CharField(blank=True, default="", max_length=200)),
                ("notice", models.CharField(blank=True, default="", max_length=10)),
            ],
        ),
        migrations.CreateModel(
            name="HookEvent",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("type", models.CharField(max_length=40)),
                ("customer", models.TextField(blank=True, default="")),
                (
                    "hears",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=10), default=list, size=None
                    ),
                ),
                ("body", models.TextField()),
                ("at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="AlertFiring",
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
                ("period", models.CharField(max_length=10)),
                ("step", models.CharField(max_length=250)),
                ("value", models.CharField(max_length=40)),
                ("at", models.DateTimeField()),
                ("told_at", models.DateTimeField(null=True)),
                (
                    "alert",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="firings",
                        to="cache_api.alert",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("alert", "period", "step"), name="fired_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="HookDelivery",
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
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("pending", "Pending"),
                            ("delivered", "Delivered"),
                            ("failed", "Failed"),
                        ],
                        default="pending",
                        max_length=10,
                    ),
                ),
                ("tries", models.PositiveSmallIntegerField(default=0)),
                ("next_at", models.DateTimeField(null=True)),
                ("done_at", models.DateTimeField(null=True)),
                ("attempts", models.JSONField(default=list)),
                (
                    "endpoint",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="deliveries",
                        to="cache_api.hookendpoint",
                    ),
                ),
                (
                    "event",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="deliveries",
                        to="cache_api.hookevent",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "pending")),
                        fields=["next_at"],
                        name="hook_due",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("event", "endpoint"), name="told_once")
                ],
            },
        ),
    ]
