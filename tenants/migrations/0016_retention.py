"""How long partners want cached answers kept: entered by them, read where the edges are told."""

import django.db.models.deletion
from django.db import migrations, models

import tenants.rules.ids
from tenants.db.grants import share_table

GUARD = """
CREATE TRIGGER retentions_are_append_only BEFORE UPDATE OR DELETE ON tenants_retention
    FOR EACH ROW EXECUTE FUNCTION tenants_refuse_change();
CREATE TRIGGER retentions_are_never_truncated BEFORE TRUNCATE ON tenants_retention
    FOR EACH STATEMENT EXECUTE FUNCTION tenants_refuse_change();
"""


class Migration(migrations.Migration):
    dependencies = [("tenants", "0015_legal_texts")]

    operations = [
        migrations.CreateModel(
            name="Retention",
            fields=[
                ("id", models.UUIDField(default=tenants.rules.ids.uuid7, editable=False,
                                        primary_key=True, serialize=False)),
                ("number", models.PositiveIntegerField()),
                ("hours", models.PositiveIntegerField()),
                ("entered_by", models.CharField(max_length=254)),
                ("entered_at", models.DateTimeField()),
                ("partner", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE,
                                              related_name="retentions", to="tenants.partner")),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("partner", "number"),
                                            name="retentions_in_order"),
                    models.CheckConstraint(condition=models.Q(("hours__gte", 1),
                                                              ("hours__lte", 720)),
                                           name="retention_within_bounds"),
                ],
            },
        ),
        share_table("tenants_retention", partner="select, insert", console="select",
                    settle="select", recorder="select"),
        migrations.RunSQL(GUARD, migrations.RunSQL.noop),
    ]  # fmt: skip
