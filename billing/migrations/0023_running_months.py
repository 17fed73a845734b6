"""The running month as workers work it out: pages of its partner read it."""

import django.db.models.deletion
from django.db import migrations, models

import tenants.rules.ids
from tenants.db.grants import share_table


class Migration(migrations.Migration):
    dependencies = [("billing", "0022_two_people_enter")]

    operations = [
        migrations.CreateModel(
            name="RunningMonth",
            fields=[
                ("id", models.UUIDField(default=tenants.rules.ids.uuid7, editable=False,
                                        primary_key=True, serialize=False)),
                ("partner_id", models.UUIDField(db_index=True)),
                ("period_start", models.DateTimeField()),
                ("as_of", models.DateTimeField()),
                ("figures", models.JSONField()),
                ("agreement", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT,
                                                related_name="+", to="billing.agreement")),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("agreement", "period_start"),
                                            name="one_running_month"),
                ],
            },
        ),
        share_table("billing_runningmonth", partner="select", console="select",
                    settle="select, insert, update"),
    ]  # fmt: skip
