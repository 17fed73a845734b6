"""Credit notes by two people: what one asked for, and no note of a person without the other."""

import django.db.models.deletion
import django.db.models.functions.text
from django.db import migrations, models

import tenants.rules.ids
from tenants.db.grants import share_table

CHANGE = "select, insert, update"
GUARDS = """
CREATE TRIGGER refuse_change BEFORE DELETE ON billing_creditrequest
    FOR EACH ROW EXECUTE FUNCTION billing_refuse_change();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON billing_creditrequest
    FOR EACH STATEMENT EXECUTE FUNCTION billing_refuse_change();
CREATE TRIGGER guard_columns BEFORE UPDATE ON billing_creditrequest FOR EACH ROW
    EXECUTE FUNCTION billing_guard_columns(
        'approved_by', 'declined_by', 'declined_why', 'decided_at');
CREATE FUNCTION billing_two_people_credit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM billing_creditrequest r WHERE r.id = NEW.id
                   AND r.document_id = NEW.corrects_id AND r.approved_by <> '') THEN
        RAISE EXCEPTION 'credit note %: a second person has to approve it', NEW.number
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER two_people BEFORE INSERT ON billing_document FOR EACH ROW
    WHEN (NEW.kind = 'credit_note' AND NEW.run_id IS NULL)
    EXECUTE FUNCTION billing_two_people_credit();
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0015_sales_reports")]

    operations = [
        migrations.CreateModel(
            name="CreditRequest",
            fields=[
                ("id", models.UUIDField(default=tenants.rules.ids.uuid7, editable=False,
                                        primary_key=True, serialize=False)),
                ("partner_id", models.UUIDField(db_index=True)),
                ("key", models.CharField(max_length=160)),
                ("reason", models.TextField()),
                ("by_line", models.JSONField(null=True)),
                ("net_minor", models.BigIntegerField(null=True)),
                ("asked_by", models.CharField(max_length=254)),
                ("asked_at", models.DateTimeField()),
                ("approved_by", models.CharField(blank=True, default="", max_length=254)),
                ("declined_by", models.CharField(blank=True, default="", max_length=254)),
                ("declined_why", models.TextField(blank=True, default="")),
                ("decided_at", models.DateTimeField(null=True)),
                ("document", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT,
                                               related_name="credit_requests",
                                               to="billing.document")),
            ],
            options={"ordering": ["asked_at", "id"]},
        ),
        migrations.AddConstraint(
            "creditrequest",
            models.CheckConstraint(
                condition=~models.Q(approved_by=models.F("asked_by")),
                name="credit_request_four_eyes",
            ),
        ),
        migrations.AddConstraint(
            "creditrequest",
            models.CheckConstraint(
                condition=models.Q(asked_by=django.db.models.functions.text.Lower("asked_by"))
                & models.Q(approved_by=django.db.models.functions.text.Lower("approved_by")),
                name="credit_request_people_in_lower_case",
            ),
        ),
        migrations.AddConstraint(
            "creditrequest",
            models.CheckConstraint(
                condition=models.Q(approved_by="") | models.Q(declined_by=""),
                name="credit_request_decided_once",
            ),
        ),
        share_table("billing_creditrequest", console=CHANGE, settle=CHANGE),
        migrations.RunSQL(GUARDS, migrations.RunSQL.noop),
    ]  # fmt: skip
