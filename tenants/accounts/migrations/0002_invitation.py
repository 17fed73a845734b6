"""Invitations: who may become a person of this schema, by a link that works once."""

from django.db import migrations, models

import tenants.rules.ids


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="Invitation",
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
                ("email", models.EmailField(max_length=254)),
                ("name", models.CharField(blank=True, default="", max_length=120)),
                ("role", models.CharField(max_length=30)),
                ("customer_id", models.UUIDField(blank=True, null=True)),
                ("token_sha256", models.BinaryField(max_length=32)),
                ("invited_by", models.CharField(max_length=254)),
                ("created_at", models.DateTimeField()),
                ("sent_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("accepted_at", models.DateTimeField(blank=True, null=True)),
                ("withdrawn_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "db_table": "accounts_invitation",
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(
                            ("accepted_at__isnull", True), ("withdrawn_at__isnull", True)
                        ),
                        fields=("email",),
                        name="one_open_invitation",
                    )
                ],
            },
        ),
    ]
