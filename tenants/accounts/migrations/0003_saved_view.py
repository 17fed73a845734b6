"""Addresses of pages that people keep under a name."""

from django.db import migrations, models

import tenants.rules.ids


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_invitation")]

    operations = [
        migrations.CreateModel(
            name="SavedView",
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
                ("page", models.CharField(max_length=30)),
                ("customer_id", models.UUIDField(blank=True, null=True)),
                ("name", models.CharField(max_length=80)),
                ("query", models.CharField(blank=True, default="", max_length=2000)),
                ("saved_by", models.CharField(max_length=254)),
                ("saved_at", models.DateTimeField()),
            ],
            options={
                "db_table": "accounts_savedview",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("page", "customer_id", "name"),
                        name="saved_view_name",
                        nulls_distinct=False,
                    )
                ],
            },
        ),
    ]
