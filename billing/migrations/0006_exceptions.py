"""Who looks after an exception, what reconcile found, and waivers of a month's intake."""

import django.db.models.functions.text
from django.db import migrations, models

import tenants.rules.ids
from tenants.db.grants import share_table


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0005_journal_source"),
    ]

    operations = [
        migrations.CreateModel(
            name="ExceptionOwner",
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
                ("key", models.CharField(max_length=160, unique=True)),
                ("owner", models.CharField(max_length=254)),
                ("note", models.TextField(blank=True, default="")),
                ("taken_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="FoundBreach",
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
                ("check_name", models.CharField(max_length=160)),
                ("partner_slug", models.CharField(blank=True, default="", max_length=80)),
                ("detail", models.TextField()),
                ("digest", models.CharField(max_length=64, unique=True)),
                ("first_seen_at", models.DateTimeField()),
                ("last_seen_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="IntakeWaiver",
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
                ("period_start", models.DateTimeField(unique=True)),
                ("reason", models.TextField()),
                ("asked_by", models.CharField(max_length=254)),
                ("asked_at", models.DateTimeField()),
                ("confirmed_by", models.CharField(blank=True, default="", max_length=254)),
                ("confirmed_at", models.DateTimeField(null=True)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("confirmed_by", models.F("asked_by")), _negated=True),
                        name="intake_waiver_four_eyes",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("asked_by", django.db.models.functions.text.Lower("asked_by")),
                            ("confirmed_by", django.db.models.functions.text.Lower("confirmed_by")),
                        ),
                        name="intake_waiver_people_in_lower_case",
                    ),
                ],
            },
        ),
        share_table("billing_exceptionowner", console="select, insert, update", settle="select"),
        share_table(
            "billing_foundbreach", console="select", settle="select, insert, update, delete"
        ),
        share_table(
            "billing_intakewaiver",
            console="select, insert, update",
            settle="select, insert, update",
        ),
    ]
