"""Looks of a partner's staff at a customer's portal."""

from django.db import migrations, models

import tenants.rules.ids


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_saved_view"),
    ]

    operations = [
        migrations.CreateModel(
            name="Overlay",
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
                ("customer_id", models.UUIDField()),
                ("customer_name", models.TextField()),
                ("external_id", models.TextField()),
                ("role", models.CharField(max_length=30)),
                ("viewer_id", models.UUIDField()),
                ("viewer", models.CharField(max_length=254)),
                ("reason", models.CharField(max_length=500)),
                ("ticket", models.CharField(blank=True, default="", max_length=80)),
                ("pages", models.PositiveIntegerField(default=0)),
                ("started_at", models.DateTimeField()),
                ("ends_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                ("ended_how", models.CharField(blank=True, default="", max_length=20)),
            ],
            options={
                "db_table": "accounts_overlay",
                "indexes": [
                    models.Index(fields=["customer_id", "-started_at"], name="overlay_of_customer")
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at__isnull", True)),
                        fields=("viewer_id",),
                        name="one_overlay_a_person",
                    )
                ],
            },
        ),
    ]
