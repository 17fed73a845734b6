"""Partners' own counts: kept as they were sent, final, each partner's own."""

from django.db import migrations, models

import tenants.rules.ids
from tenants.db.grants import share_table

FINAL = """
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE ON billing_countfile
    FOR EACH ROW EXECUTE FUNCTION billing_refuse_change();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON billing_countfile
    FOR EACH STATEMENT EXECUTE FUNCTION billing_refuse_change();
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0013_money_guards")]

    operations = [
        migrations.CreateModel(
            name="CountFile",
            fields=[
                ("id", models.UUIDField(default=tenants.rules.ids.uuid7, editable=False,
                                        primary_key=True, serialize=False)),
                ("partner_id", models.UUIDField(db_index=True)),
                ("name", models.CharField(max_length=160)),
                ("measure", models.CharField(
                    choices=[("lookups", "Lookups"), ("cached_requests", "Cached requests")],
                    max_length=20)),
                ("tolerance_bps", models.PositiveIntegerField()),
                ("content", models.BinaryField()),
                ("sha256", models.CharField(max_length=64)),
                ("rows", models.PositiveIntegerField()),
                ("first_hour", models.DateTimeField()),
                ("last_hour", models.DateTimeField()),
                ("uploaded_by", models.CharField(max_length=254)),
                ("uploaded_at", models.DateTimeField()),
            ],
            options={"ordering": ["-uploaded_at", "-id"]},
        ),
        migrations.AddConstraint(
            "countfile",
            models.UniqueConstraint(
                fields=["partner_id", "sha256", "measure", "tolerance_bps"], name="count_file_once"
            ),
        ),
        migrations.AddConstraint(
            "countfile",
            models.CheckConstraint(
                condition=models.Q(tolerance_bps__lte=10_000), name="count_tolerance_at_most_all"
            ),
        ),
        migrations.RunSQL(FINAL, migrations.RunSQL.noop),
        share_table("billing_countfile", partner="select, insert", console="select"),
    ]  # fmt: skip
