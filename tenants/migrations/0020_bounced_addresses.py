"""Addresses that take no mail: marked by the worker, cleared by their partner."""

import django.db.models.deletion
from django.db import migrations, models

import tenants.rules.ids
from tenants.db.grants import share_table

OWN = "partner_id = substr(current_user::text, 3)::uuid"
RIGHTS = f"""
GRANT DELETE ON tenants_bouncedaddress TO ac_partner;
CREATE POLICY partner_remove ON tenants_bouncedaddress FOR DELETE TO ac_partner USING ({OWN});
"""


class Migration(migrations.Migration):
    dependencies = [("tenants", "0019_customers_retention")]

    operations = [
        migrations.CreateModel(
            name="BouncedAddress",
            fields=[
                ("id", models.UUIDField(default=tenants.rules.ids.uuid7, editable=False,
                                        primary_key=True, serialize=False)),
                ("address", models.CharField(max_length=254)),
                ("status", models.CharField(max_length=11)),
                ("reason", models.CharField(blank=True, default="", max_length=300)),
                ("bounced_at", models.DateTimeField()),
                ("partner", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE,
                                              related_name="bounces", to="tenants.partner")),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("partner", "address"), name="one_bounce_each"),
                ],
            },
        ),
        share_table("tenants_bouncedaddress", partner="select", console="select",
                    settle="select, insert"),
        migrations.RunSQL(RIGHTS, migrations.RunSQL.noop),
    ]  # fmt: skip
