"""Customers' months, filled from their days: days stay, so that both say the same of any month.

The recorder stands still while schemas are migrated, so no day grows between the two.
"""

from django.db import migrations, models

SUMS = (
    "lookups", "hits", "stores", "bytes_served", "tokens_saved", "cost_saved", "semantic_hits",
)  # fmt: skip
FILL = f"""INSERT INTO cache_api_customermonth (bucket_at, customer_id, livemode, {", ".join(SUMS)})
SELECT date_trunc('month', bucket_at, 'UTC'), customer_id, livemode,
    {", ".join(f"sum({name})" for name in SUMS)}
FROM cache_api_customerday GROUP BY 1, 2, 3"""


class Migration(migrations.Migration):
    dependencies = [("cache_api", "0007_unused")]

    operations = [
        migrations.CreateModel(
            name="CustomerMonth",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "bucket_at",
                        "customer_id",
                        "livemode",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("bucket_at", models.DateTimeField()),
                ("customer_id", models.UUIDField()),
                ("livemode", models.BooleanField()),
                *[(one, models.BigIntegerField()) for one in SUMS],
            ],
            options={
                "indexes": [
                    models.Index(fields=["customer_id", "bucket_at"], name="customermonth_customer")
                ]
            },
        ),
        migrations.RunSQL([(FILL, None)], migrations.RunSQL.noop),
    ]
