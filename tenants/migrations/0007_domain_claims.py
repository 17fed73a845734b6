"""Claimed hosts with their two machines, what each look at them showed, and one primary host."""

import django.db.models.deletion
from django.db import migrations, models

import tenants.rules.ids


class Migration(migrations.Migration):
    dependencies = [
        ("tenants", "0006_incidents"),
    ]

    operations = [
        migrations.CreateModel(
            name="DomainClaim",
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
                ("host", models.CharField(max_length=253)),
                ("target", models.CharField(max_length=253)),
                ("token", models.CharField(max_length=80)),
                ("routing", models.CharField(default="draft", max_length=10)),
                ("cert", models.CharField(default="none", max_length=10)),
                ("failures", models.IntegerField(default=0)),
                ("tries", models.IntegerField(default=0)),
                ("cert_tries", models.IntegerField(default=0)),
                ("contested", models.BooleanField(default=False)),
                ("cert_issuer", models.CharField(blank=True, default="", max_length=200)),
                ("cert_detail", models.CharField(blank=True, default="", max_length=300)),
                ("cert_not_after", models.DateTimeField(blank=True, null=True)),
                ("told", models.CharField(blank=True, default="", max_length=20)),
                ("share_number", models.IntegerField(default=0)),
                ("shared_until", models.DateTimeField(blank=True, null=True)),
                ("created_by", models.CharField(max_length=254)),
                ("created_at", models.DateTimeField()),
                ("asked_at", models.DateTimeField(blank=True, null=True)),
                ("checked_at", models.DateTimeField(blank=True, null=True)),
                ("next_check_at", models.DateTimeField(blank=True, db_index=True, null=True)),
                ("verified_at", models.DateTimeField(blank=True, null=True)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
            ],
        ),
        migrations.CreateModel(
            name="DomainProbe",
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
                ("partner_id", models.UUIDField()),
                ("at", models.DateTimeField(db_index=True)),
                ("kind", models.CharField(max_length=4)),
                ("seen", models.JSONField()),
                ("verdict", models.CharField(max_length=12)),
                ("routing", models.CharField(max_length=10)),
                ("cert", models.CharField(max_length=10)),
            ],
        ),
        migrations.AddField(
            model_name="domain",
            name="redirect_until",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddConstraint(
            model_name="domain",
            constraint=models.UniqueConstraint(
                condition=models.Q(("is_primary", True)),
                fields=("tenant",),
                name="one_primary_host",
            ),
        ),
        migrations.AddField(
            model_name="domainclaim",
            name="partner",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="claims",
                to="tenants.partner",
            ),
        ),
        migrations.AddField(
            model_name="domainprobe",
            name="claim",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="probes",
                to="tenants.domainclaim",
            ),
        ),
        migrations.AddConstraint(
            model_name="domainclaim",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "routing__in",
                        ["draft", "moved", "pending", "released", "verified", "warning"],
                    )
                ),
                name="claim_routing_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="domainclaim",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("cert__in", ["active", "allowed", "error", "issuing", "none", "renewing"])
                ),
                name="claim_cert_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="domainclaim",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("cert", "none"), ("routing__in", ["verified", "warning"]), _connector="OR"
                ),
                name="claim_cert_needs_routing",
            ),
        ),
        migrations.AddConstraint(
            model_name="domainclaim",
            constraint=models.UniqueConstraint(
                condition=models.Q(("routing__in", ["verified", "warning"])),
                fields=("host",),
                name="one_owner_per_host",
            ),
        ),
        migrations.AddConstraint(
            model_name="domainclaim",
            constraint=models.UniqueConstraint(
                condition=models.Q(("routing__in", ["draft", "pending", "verified", "warning"])),
                fields=("partner", "host"),
                name="one_open_claim_per_host",
            ),
        ),
    ]
