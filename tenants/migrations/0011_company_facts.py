"""What partners say about their companies: entered by them, read where papers are made."""

import django.db.models.deletion
from django.db import migrations, models

import tenants.rules.ids
from tenants.db.grants import share_table

GUARD = """
CREATE TRIGGER company_facts_are_append_only BEFORE UPDATE OR DELETE ON tenants_companyfacts
    FOR EACH ROW EXECUTE FUNCTION tenants_refuse_change();
CREATE TRIGGER company_facts_are_never_truncated BEFORE TRUNCATE ON tenants_companyfacts
    FOR EACH STATEMENT EXECUTE FUNCTION tenants_refuse_change();
"""


class Migration(migrations.Migration):
    dependencies = [("tenants", "0010_prospect_rights")]

    operations = [
        migrations.CreateModel(
            name="CompanyFacts",
            fields=[
                ("id", models.UUIDField(default=tenants.rules.ids.uuid7, editable=False,
                                        primary_key=True, serialize=False)),
                ("number", models.PositiveIntegerField()),
                ("address", models.TextField(blank=True, default="")),
                ("country", models.CharField(blank=True, default="", max_length=2)),
                ("tax_id", models.CharField(blank=True, default="", max_length=40)),
                ("email", models.CharField(blank=True, default="", max_length=254)),
                ("language", models.CharField(default="en", max_length=5)),
                ("entered_by", models.CharField(max_length=254)),
                ("entered_at", models.DateTimeField()),
                ("partner", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE,
                                              related_name="company_facts",
                                              to="tenants.partner")),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("partner", "number"),
                                                        name="company_facts_in_order")],
            },
        ),
        share_table("tenants_companyfacts", partner="select, insert", console="select, insert",
                    settle="select"),
        migrations.RunSQL(GUARD, migrations.RunSQL.noop),
    ]  # fmt: skip
