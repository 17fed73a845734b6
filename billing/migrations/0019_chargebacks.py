"""Card payments disputed at the bank, what they moved, and what of the share they took."""

import django.db.models.deletion
from django.db import migrations, models

import tenants.rules.ids
from tenants.db.grants import share_table

GUARDS = """
CREATE TRIGGER refuse_change BEFORE DELETE ON billing_chargeback
    FOR EACH ROW EXECUTE FUNCTION billing_refuse_change();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON billing_chargeback
    FOR EACH STATEMENT EXECUTE FUNCTION billing_refuse_change();
CREATE TRIGGER guard_columns BEFORE UPDATE ON billing_chargeback FOR EACH ROW
    EXECUTE FUNCTION billing_guard_columns('status', 'answer_by', 'changed_at');
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE ON billing_chargebackmove
    FOR EACH ROW EXECUTE FUNCTION billing_refuse_change();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON billing_chargebackmove
    FOR EACH STATEMENT EXECUTE FUNCTION billing_refuse_change();
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0018_incidents_told")]

    operations = [
        migrations.AlterField(
            "carrieditem", "kind",
            models.CharField(choices=[("credit", "Credit"), ("bad_debt", "Bad Debt"),
                                      ("dispute", "Dispute"), ("chargeback", "Chargeback")],
                             max_length=10),
        ),
        migrations.CreateModel(
            name="Chargeback",
            fields=[
                ("id", models.UUIDField(default=tenants.rules.ids.uuid7, editable=False,
                                        primary_key=True, serialize=False)),
                ("partner_id", models.UUIDField(db_index=True)),
                ("remote_id", models.CharField(max_length=80, unique=True)),
                ("amount_minor", models.BigIntegerField()),
                ("currency", models.CharField(max_length=3)),
                ("reason", models.CharField(blank=True, default="", max_length=80)),
                ("status", models.CharField(db_index=True, max_length=30)),
                ("answer_by", models.DateTimeField(null=True)),
                ("opened_at", models.DateTimeField()),
                ("changed_at", models.DateTimeField()),
                ("document", models.ForeignKey(null=True, related_name="chargebacks",
                                               on_delete=django.db.models.deletion.PROTECT,
                                               to="billing.document")),
                ("payment", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT,
                                              related_name="chargebacks", to="billing.payment")),
            ],
            options={"ordering": ["-opened_at", "-id"]},
        ),
        migrations.CreateModel(
            name="ChargebackMove",
            fields=[
                ("id", models.UUIDField(default=tenants.rules.ids.uuid7, editable=False,
                                        primary_key=True, serialize=False)),
                ("partner_id", models.UUIDField(db_index=True)),
                ("remote_id", models.CharField(max_length=80, unique=True)),
                ("amount_minor", models.BigIntegerField()),
                ("fee_minor", models.BigIntegerField()),
                ("moved_at", models.DateTimeField()),
                ("chargeback", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT,
                                                 related_name="moves", to="billing.chargeback")),
            ],
            options={"ordering": ["moved_at", "id"]},
        ),
        migrations.AddConstraint(
            "chargeback",
            models.CheckConstraint(condition=models.Q(amount_minor__gt=0),
                                   name="chargeback_is_positive"),
        ),
        # Only the worker hears Stripe; the console reads, and closes invoices it then asks about.
        share_table("billing_chargeback", console="select", settle="select, insert, update"),
        share_table("billing_chargebackmove", console="select", settle="select, insert"),
        migrations.RunSQL(GUARDS, migrations.RunSQL.noop),
    ]  # fmt: skip
