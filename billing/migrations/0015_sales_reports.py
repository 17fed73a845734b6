"""Partners' sales reports: kept as they were sent, final, each partner's own."""

import django.db.models.deletion
from django.db import migrations, models

import tenants.rules.ids
from tenants.db.grants import share_table

TABLES = ("billing_salesreport", "billing_salesline")


def _final(table: str) -> str:
    return (
        f"CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE ON {table}"
        " FOR EACH ROW EXECUTE FUNCTION billing_refuse_change();"
        f"CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON {table}"
        " FOR EACH STATEMENT EXECUTE FUNCTION billing_refuse_change();"
    )


class Migration(migrations.Migration):
    dependencies = [("billing", "0014_count_file")]

    operations = [
        migrations.CreateModel(
            name="SalesReport",
            fields=[
                ("id", models.UUIDField(default=tenants.rules.ids.uuid7, editable=False,
                                        primary_key=True, serialize=False)),
                ("partner_id", models.UUIDField(db_index=True)),
                ("period_start", models.DateTimeField()),
                ("name", models.CharField(max_length=160)),
                ("content", models.BinaryField()),
                ("sha256", models.CharField(max_length=64)),
                ("rows", models.PositiveIntegerField()),
                ("is_late", models.BooleanField()),
                ("uploaded_by", models.CharField(max_length=254)),
                ("uploaded_at", models.DateTimeField()),
                ("agreement", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT,
                                                related_name="sales_reports",
                                                to="billing.agreement")),
            ],
            options={"ordering": ["-uploaded_at", "-id"]},
        ),
        migrations.CreateModel(
            name="SalesLine",
            fields=[
                ("id", models.UUIDField(default=tenants.rules.ids.uuid7, editable=False,
                                        primary_key=True, serialize=False)),
                ("partner_id", models.UUIDField(db_index=True)),
                ("position", models.PositiveIntegerField()),
                ("customer_id", models.UUIDField()),
                ("customer_external_id", models.TextField()),
                ("amount_minor", models.BigIntegerField()),
                ("currency", models.CharField(max_length=3)),
                ("reference", models.CharField(blank=True, default="", max_length=120)),
                ("report", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT,
                                             related_name="lines", to="billing.salesreport")),
            ],
            options={"ordering": ["position"]},
        ),
        migrations.AddIndex(
            "salesreport",
            models.Index(fields=["agreement", "period_start"], name="sales_by_month"),
        ),
        migrations.AddConstraint(
            "salesline",
            models.UniqueConstraint(fields=["report", "position"], name="sales_line_position"),
        ),
        *(migrations.RunSQL(_final(table), migrations.RunSQL.noop) for table in TABLES),
        *(
            share_table(table, partner="select, insert", console="select", settle="select")
            for table in TABLES
        ),
    ]  # fmt: skip
