"""Switches, failed jobs and looks of our staff at partners' portals, with who may touch them."""

import django.db.models.deletion
from django.db import migrations, models

import tenants.rules.ids
from tenants.db.grants import share_table

OWN = "partner_id = substr(current_user::text, 3)::uuid"
# On its own host a look is opened, counted and ended in the partner's role: it sees its own only.
LOOKS = f"""
GRANT UPDATE (opened_at, pages, ended_at, ended_how) ON tenants_supportlook TO ac_partner;
CREATE POLICY partner_change ON tenants_supportlook FOR UPDATE TO ac_partner
    USING ({OWN}) WITH CHECK ({OWN});
"""
ENDS = "select, update (ended_at, ended_how)"


class Migration(migrations.Migration):
    dependencies = [
        ("tenants", "0011_company_facts"),
    ]

    operations = [
        migrations.CreateModel(
            name="FailedJob",
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
                ("task", models.CharField(max_length=80)),
                ("kwargs", models.JSONField(default=dict)),
                ("partner_id", models.UUIDField(blank=True, null=True)),
                ("error", models.CharField(max_length=500)),
                ("failures", models.PositiveIntegerField(default=1)),
                ("first_at", models.DateTimeField()),
                ("last_at", models.DateTimeField()),
                ("queued_again_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("task", "kwargs"), name="one_failed_job")
                ],
            },
        ),
        migrations.CreateModel(
            name="SupportLook",
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
                ("viewer", models.CharField(max_length=254)),
                ("reason", models.CharField(max_length=300)),
                ("ticket_sha256", models.CharField(max_length=64, unique=True)),
                ("started_at", models.DateTimeField()),
                ("ends_at", models.DateTimeField()),
                ("opened_at", models.DateTimeField(blank=True, null=True)),
                ("pages", models.PositiveIntegerField(default=0)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                ("ended_how", models.CharField(blank=True, default="", max_length=20)),
                (
                    "partner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, to="tenants.partner"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at__isnull", True)),
                        fields=("viewer",),
                        name="one_look_a_person",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Switch",
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
                ("kind", models.CharField(max_length=20)),
                ("region", models.CharField(blank=True, default="", max_length=31)),
                ("reason", models.CharField(max_length=300)),
                ("set_by", models.CharField(max_length=254)),
                ("set_at", models.DateTimeField()),
                ("until", models.DateTimeField(blank=True, null=True)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                ("ended_by", models.CharField(blank=True, default="", max_length=254)),
                (
                    "partner",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="tenants.partner",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "kind__in",
                                ["payouts_held", "read_only", "region_drained", "semantic_off"],
                            )
                        ),
                        name="switch_kind_known",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at__isnull", True)),
                        fields=("kind", "partner", "region"),
                        name="one_switch_in_force",
                        nulls_distinct=False,
                    ),
                ],
            },
        ),
        share_table(
            "tenants_switch",
            partner="select",
            settle="select",
            recorder="select",
            console="select, insert, update (ended_at, ended_by)",
        ),
        share_table(
            "tenants_failedjob",
            console="select, update (queued_again_at), delete",
            settle="select, insert, update, delete",
        ),
        share_table(
            "tenants_supportlook",
            partner="select",
            settle=ENDS,
            console=ENDS.replace("select", "select, insert"),
        ),
        migrations.RunSQL(LOOKS, migrations.RunSQL.noop),
    ]
