"""Exchange rates, tax rates and tax status as finance enters them; nothing of it ever changes."""

from django.db import migrations, models

import tenants.rules.ids
from tenants.db.grants import share_table

FINAL_TABLES = ("billing_fxrate", "billing_taxrate", "billing_taxstatus")

# Rates are the same for everybody: a partner's preview reads them too.
LISTED = """
GRANT SELECT ON billing_fxrate, billing_taxrate TO ac_partner;
CREATE POLICY listed ON billing_fxrate FOR SELECT TO ac_partner USING (true);
CREATE POLICY listed ON billing_taxrate FOR SELECT TO ac_partner USING (true);
"""


def _final(table: str) -> str:
    return (
        f"CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE ON {table}"
        " FOR EACH ROW EXECUTE FUNCTION billing_refuse_change();"
        f"CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON {table}"
        " FOR EACH STATEMENT EXECUTE FUNCTION billing_refuse_change();"
    )


class Migration(migrations.Migration):
    dependencies = [("billing", "0010_seals")]

    operations = [
        migrations.CreateModel(
            name='FxRate',
            fields=[
                ('id', models.UUIDField(default=tenants.rules.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('day', models.DateField()),
                ('base', models.CharField(max_length=3)),
                ('quote', models.CharField(max_length=3)),
                ('rate', models.DecimalField(decimal_places=12, max_digits=24)),
                ('entered_by', models.CharField(max_length=254)),
                ('entered_at', models.DateTimeField()),
            ],
            options={
                'ordering': ['day', 'entered_at', 'id'],
                'indexes': [models.Index(fields=['day', 'base', 'quote'], name='fx_rate_of_a_day')],
                'constraints': [models.CheckConstraint(condition=models.Q(('rate__gt', 0)), name='fx_rate_above_zero')],
            },
        ),
        migrations.CreateModel(
            name='TaxRate',
            fields=[
                ('id', models.UUIDField(default=tenants.rules.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('country', models.CharField(max_length=2)),
                ('label', models.CharField(max_length=40)),
                ('percent', models.DecimalField(decimal_places=4, max_digits=7)),
                ('valid_from', models.DateField()),
                ('entered_by', models.CharField(max_length=254)),
                ('entered_at', models.DateTimeField()),
            ],
            options={
                'ordering': ['country', 'valid_from', 'entered_at', 'id'],
                'constraints': [models.CheckConstraint(condition=models.Q(('percent__gte', 0), ('percent__lte', 100)), name='tax_rate_percent')],
            },
        ),
        migrations.CreateModel(
            name='TaxStatus',
            fields=[
                ('id', models.UUIDField(default=tenants.rules.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('partner_id', models.UUIDField(db_index=True)),
                ('customer_id', models.UUIDField(null=True)),
                ('treatment', models.CharField(choices=[('standard', 'standard'), ('reverse_charge', 'reverse_charge'), ('exempt', 'exempt'), ('withholding', 'withholding'), ('none', 'none')], max_length=16)),
                ('country', models.CharField(blank=True, default='', max_length=2)),
                ('percent', models.DecimalField(decimal_places=4, max_digits=7, null=True)),
                ('reason', models.TextField(blank=True, default='')),
                ('valid_from', models.DateField()),
                ('entered_by', models.CharField(max_length=254)),
                ('entered_at', models.DateTimeField()),
            ],
            options={
                'ordering': ['valid_from', 'entered_at', 'id'],
                'indexes': [models.Index(fields=['partner_id', 'customer_id'], name='tax_status_of_party')],
            },
        ),
        share_table("billing_fxrate", console="select, insert", settle="select"),
        share_table("billing_taxrate", console="select, insert", settle="select"),
        share_table("billing_taxstatus", partner="select", console="select, insert",
                    settle="select"),
        *(migrations.RunSQL(sql, migrations.RunSQL.noop)
          for sql in (*(_final(table) for table in FINAL_TABLES), LISTED)),
    ]  # fmt: skip
