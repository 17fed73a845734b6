"""Companies that could become partners, and what was said to them. Rights follow in 0010."""

import django.db.models.deletion
from django.db import migrations, models

import tenants.rules.ids


class Migration(migrations.Migration):
    dependencies = [
        ("tenants", "0008_domain_rights"),
    ]

    operations = [
        migrations.CreateModel(
            name="Prospect",
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
                ("name", models.CharField(max_length=120, unique=True)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("general_cache", "General Cache"),
                            ("vector_db", "Vector Db"),
                            ("llm_provider", "Llm Provider"),
                            ("cloud", "Cloud"),
                            ("direct", "Direct"),
                        ],
                        max_length=20,
                    ),
                ),
                ("owner", models.CharField(max_length=254)),
                ("contact_name", models.CharField(blank=True, default="", max_length=120)),
                ("contact_email", models.CharField(blank=True, default="", max_length=254)),
                ("product", models.CharField(blank=True, default="", max_length=80)),
                ("offer", models.JSONField(default=dict)),
                ("stage", models.CharField(default="target", max_length=10)),
                ("stage_at", models.DateTimeField()),
                ("next_step", models.CharField(blank=True, default="", max_length=200)),
                ("next_step_on", models.DateField(blank=True, null=True)),
                ("created_at", models.DateTimeField()),
                (
                    "partner",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="prospect",
                        to="tenants.partner",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ProspectEntry",
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
                    "kind",
                    models.CharField(
                        choices=[("stage", "Stage"), ("note", "Note"), ("letter", "Letter")],
                        max_length=10,
                    ),
                ),
                ("stage", models.CharField(blank=True, default="", max_length=10)),
                ("text", models.CharField(blank=True, default="", max_length=8000)),
                ("sha256", models.CharField(blank=True, default="", max_length=64)),
                ("actor", models.CharField(max_length=254)),
                ("at", models.DateTimeField()),
                (
                    "prospect",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="entries",
                        to="tenants.prospect",
                    ),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="prospect",
            constraint=models.CheckConstraint(
                condition=models.Q(("stage__in", ["lost", "pitched", "poc", "target"])),
                name="prospect_stage_is_said",
            ),
        ),
        migrations.AddConstraint(
            model_name="prospectentry",
            constraint=models.UniqueConstraint(
                condition=models.Q(("sha256", ""), _negated=True),
                fields=("prospect", "sha256"),
                name="prospect_letter_once",
            ),
        ),
    ]
