"""Partners' legal texts: entered by them, read by whoever opens their portal."""

import django.db.models.deletion
from django.db import migrations, models

import tenants.rules.ids
from tenants.db.grants import share_table

GUARD = """
CREATE TRIGGER legal_texts_are_append_only BEFORE UPDATE OR DELETE ON tenants_legaltext
    FOR EACH ROW EXECUTE FUNCTION tenants_refuse_change();
CREATE TRIGGER legal_texts_are_never_truncated BEFORE TRUNCATE ON tenants_legaltext
    FOR EACH STATEMENT EXECUTE FUNCTION tenants_refuse_change();
"""


class Migration(migrations.Migration):
    dependencies = [("tenants", "0014_sender_address")]

    operations = [
        migrations.CreateModel(
            name="LegalText",
            fields=[
                ("id", models.UUIDField(default=tenants.rules.ids.uuid7, editable=False,
                                        primary_key=True, serialize=False)),
                ("kind", models.CharField(max_length=20)),
                ("number", models.PositiveIntegerField()),
                ("text", models.TextField(blank=True, default="")),
                ("entered_by", models.CharField(max_length=254)),
                ("entered_at", models.DateTimeField()),
                ("partner", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE,
                                              related_name="legal_texts", to="tenants.partner")),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("kind__in", ["imprint", "privacy", "subprocessors", "terms"])
                        ),
                        name="legal_kind_known",
                    ),
                    models.UniqueConstraint(fields=("partner", "kind", "number"),
                                            name="legal_texts_in_order"),
                ],
            },
        ),
        share_table("tenants_legaltext", partner="select, insert", console="select"),
        migrations.RunSQL(GUARD, migrations.RunSQL.noop),
    ]  # fmt: skip
