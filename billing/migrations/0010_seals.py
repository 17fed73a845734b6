"""Checkpoints of the journal: no posted row changes without a seal that no longer fits."""

import django.db.models.deletion
from django.db import migrations, models

from tenants.db.grants import share_table

GUARD = """
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION billing_refuse_change();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION billing_refuse_change();
"""
TABLES = ("billing_journalseal", "billing_sealedentry")


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0009_paper_guards"),
    ]

    operations = [
        migrations.CreateModel(
            name="JournalSeal",
            fields=[
                ("step", models.PositiveIntegerField(primary_key=True, serialize=False)),
                ("previous_sha256", models.CharField(blank=True, default="", max_length=64)),
                ("sha256", models.CharField(max_length=64)),
                ("entries", models.PositiveIntegerField()),
                ("sealed_at", models.DateTimeField()),
            ],
            options={
                "ordering": ["step"],
            },
        ),
        migrations.CreateModel(
            name="SealedEntry",
            fields=[
                (
                    "entry",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="sealed",
                        serialize=False,
                        to="billing.journalentry",
                    ),
                ),
                ("sha256", models.CharField(max_length=64)),
                (
                    "seal",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="sealed",
                        to="billing.journalseal",
                    ),
                ),
            ],
        ),
        *(share_table(table, console="select", settle="select, insert") for table in TABLES),
        *(migrations.RunSQL(GUARD.format(table=table), migrations.RunSQL.noop) for table in TABLES),
    ]
