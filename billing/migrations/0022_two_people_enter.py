"""Rates, tax status and write-offs by two people; a tax status of a part of the charges."""

import django.db.models.deletion
import django.db.models.functions.text
from django.db import migrations, models

import tenants.rules.ids
from tenants.db.grants import share_table

CHANGE = "select, insert, update"
GUARDS = """
CREATE TRIGGER refuse_change BEFORE DELETE ON billing_financerequest
    FOR EACH ROW EXECUTE FUNCTION billing_refuse_change();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON billing_financerequest
    FOR EACH STATEMENT EXECUTE FUNCTION billing_refuse_change();
CREATE TRIGGER guard_columns BEFORE UPDATE ON billing_financerequest FOR EACH ROW
    EXECUTE FUNCTION billing_guard_columns(
        'approved_by', 'declined_by', 'declined_why', 'decided_at');
"""
# What is written is what was asked for, column by column, and approved by somebody else.
ENTRIES = """
CREATE FUNCTION billing_two_people_entry() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM billing_financerequest r WHERE r.id = NEW.id AND r.kind = TG_ARGV[0]
        AND r.approved_by <> '' AND NOT EXISTS (
            SELECT 1 FROM jsonb_each_text(r.facts) f
            WHERE (to_jsonb(NEW) ->> f.key) IS DISTINCT FROM f.value)) THEN
        RAISE EXCEPTION '%: a second person has to approve it as it was asked', TG_ARGV[0]
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER two_people BEFORE INSERT ON billing_fxrate FOR EACH ROW
    EXECUTE FUNCTION billing_two_people_entry('fx_rate');
CREATE TRIGGER two_people BEFORE INSERT ON billing_taxrate FOR EACH ROW
    EXECUTE FUNCTION billing_two_people_entry('tax_rate');
CREATE TRIGGER two_people BEFORE INSERT ON billing_taxstatus FOR EACH ROW
    EXECUTE FUNCTION billing_two_people_entry('tax_status');
"""
WRITE_OFFS = """
CREATE FUNCTION billing_two_people_write_off() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM billing_financerequest r WHERE r.id::text = NEW.source_id
        AND r.kind = 'write_off' AND r.document_id = NEW.document_id AND r.approved_by <> '') THEN
        RAISE EXCEPTION 'write-off: a second person has to approve it'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER two_people BEFORE INSERT ON billing_documentevent FOR EACH ROW
    WHEN (NEW.kind = 'uncollectible') EXECUTE FUNCTION billing_two_people_write_off();
"""
TREATMENTS = ("standard", "reduced", "reverse_charge", "exempt", "withholding", "none")


class Migration(migrations.Migration):
    dependencies = [("billing", "0021_plans")]

    operations = [
        migrations.AddField(
            "taxstatus", "charges",
            models.CharField(blank=True, default="", max_length=8,
                             choices=[("", ""), ("fixed", "fixed"), ("usage", "usage")]),
        ),
        migrations.AlterField(
            "taxstatus", "treatment",
            models.CharField(max_length=16, choices=[(one, one) for one in TREATMENTS]),
        ),
        migrations.CreateModel(
            name="FinanceRequest",
            fields=[
                ("id", models.UUIDField(default=tenants.rules.ids.uuid7, editable=False,
                                        primary_key=True, serialize=False)),
                ("partner_id", models.UUIDField(db_index=True, null=True)),
                ("kind", models.CharField(max_length=12, choices=[
                    (one, one) for one in ("fx_rate", "tax_rate", "tax_status", "write_off")])),
                ("facts", models.JSONField()),
                ("asked_by", models.CharField(max_length=254)),
                ("asked_at", models.DateTimeField()),
                ("approved_by", models.CharField(blank=True, default="", max_length=254)),
                ("declined_by", models.CharField(blank=True, default="", max_length=254)),
                ("declined_why", models.TextField(blank=True, default="")),
                ("decided_at", models.DateTimeField(null=True)),
                ("document", models.ForeignKey(null=True, related_name="finance_requests",
                                               on_delete=django.db.models.deletion.PROTECT,
                                               to="billing.document")),
            ],
            options={"ordering": ["asked_at", "id"]},
        ),
        *(
            migrations.AddConstraint(
                "financerequest", models.CheckConstraint(condition=condition, name=name)
            )
            for name, condition in (
                ("finance_request_four_eyes", ~models.Q(approved_by=models.F("asked_by"))),
                ("finance_request_people_in_lower_case",
                 models.Q(asked_by=django.db.models.functions.text.Lower("asked_by"))
                 & models.Q(approved_by=django.db.models.functions.text.Lower("approved_by"))),
                ("finance_request_decided_once",
                 models.Q(approved_by="") | models.Q(declined_by="")),
            )
        ),
        share_table("billing_financerequest", console=CHANGE, settle=CHANGE),
        *(migrations.RunSQL(sql, migrations.RunSQL.noop) for sql in (GUARDS, ENTRIES, WRITE_OFFS)),
    ]  # fmt: skip
