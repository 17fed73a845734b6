"""Customers' applications with an SDK. A recorder of the version before does not write them."""

from django.db import migrations, models

from tenants.db.grants import share_table


class Migration(migrations.Migration):
    dependencies = [("metering", "0004_day_root")]

    operations = [
        migrations.CreateModel(
            name="Implementation",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "partner_id",
                        "customer",
                        "sdk",
                        "application",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("partner_id", models.UUIDField()),
                ("customer", models.TextField()),
                ("sdk", models.TextField()),
                ("application", models.TextField()),
                ("first_day", models.DateField()),
                ("last_day", models.DateField()),
            ],
            options={
                "db_table": "implementation",
                "indexes": [models.Index(fields=["last_day"], name="implementation_last_day")],
            },
        ),
        share_table(
            "implementation",
            partner="select",
            console="select",
            recorder="select, insert, update",
        ),
    ]
