"""Proposals and their decision, terminations, renewal notices, and the written agreement."""

import django.db.models.deletion
from django.db import migrations, models

import tenants.rules.ids
from tenants.db.grants import share_table

# A proposal is decided once; the rest of a version never changes but for an earlier end.
GUARD = """
CREATE OR REPLACE FUNCTION billing_guard_version() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    may text[] := ARRAY['valid_to'];
BEGIN
    IF TG_TABLE_NAME = 'billing_agreementversion' AND to_jsonb(OLD)->>'approved_at' IS NULL
       AND to_jsonb(OLD)->>'declined_at' IS NULL THEN
        may := may || ARRAY['approved_by', 'approved_at', 'declined_by', 'declined_at'];
    END IF;
    IF to_jsonb(NEW) - may <> to_jsonb(OLD) - may
       OR (NEW.valid_to IS DISTINCT FROM OLD.valid_to
           AND (NEW.valid_to IS NULL OR NEW.valid_to > coalesce(OLD.valid_to, 'infinity'))) THEN
        RAISE EXCEPTION '% % is in force: only an earlier end can be set', TG_TABLE_NAME, OLD.id
            USING ERRCODE = 'restrict_violation', HINT = 'Sign a new version instead.';
    END IF;
    RETURN NEW;
END $$;
"""
TERMINATIONS = """
CREATE FUNCTION billing_guard_termination() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    may text[] := ARRAY['approved_by', 'approved_at'];
BEGIN
    IF OLD.approved_at IS NOT NULL OR to_jsonb(NEW) - may <> to_jsonb(OLD) - may THEN
        RAISE EXCEPTION 'termination % can only be approved, once', OLD.id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER guard_termination BEFORE UPDATE ON billing_termination
    FOR EACH ROW EXECUTE FUNCTION billing_guard_termination();
"""
# A partner sees the paper of terms that are approved.
PAPERS = """
CREATE POLICY approved_only ON billing_agreementpaper AS RESTRICTIVE FOR SELECT TO ac_partner
    USING (version_id IN (SELECT id FROM billing_agreementversion));
CREATE POLICY approved_only ON billing_agreementpaperevent AS RESTRICTIVE FOR SELECT TO ac_partner
    USING (paper_id IN (SELECT id FROM billing_agreementpaper));
"""
FINAL_TABLES = (
    "billing_agreementpaper", "billing_agreementpaperevent", "billing_renewalnotice",
)  # fmt: skip


def _final(table: str, row_events: str = "UPDATE OR DELETE") -> str:
    return (
        f"CREATE TRIGGER refuse_change BEFORE {row_events} ON {table}"
        " FOR EACH ROW EXECUTE FUNCTION billing_refuse_change();"
        f"CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON {table}"
        " FOR EACH STATEMENT EXECUTE FUNCTION billing_refuse_change();"
    )


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0006_exceptions"),
    ]

    operations = [
        migrations.CreateModel(
            name="AgreementPaper",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=tenants.rules.ids.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("partner_id", models.UUIDField(db_index=True)),
                ("canonical", models.BinaryField()),
                ("sha256", models.CharField(max_length=64)),
                ("pdf", models.BinaryField()),
                ("pdf_sha256", models.CharField(max_length=64)),
                ("made_at", models.DateTimeField()),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="AgreementPaperEvent",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=tenants.rules.ids.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("partner_id", models.UUIDField(db_index=True)),
                ("kind", models.CharField(max_length=10)),
                ("actor", models.CharField(max_length=254)),
                ("note", models.TextField(blank=True, default="")),
                ("file", models.BinaryField(null=True)),
                ("file_sha256", models.CharField(blank=True, default="", max_length=64)),
                ("at", models.DateTimeField()),
            ],
            options={
                "ordering": ["at", "id"],
            },
        ),
        migrations.CreateModel(
            name="RenewalNotice",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=tenants.rules.ids.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("partner_id", models.UUIDField(db_index=True)),
                ("days_before", models.PositiveIntegerField()),
                ("at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Termination",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=tenants.rules.ids.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("partner_id", models.UUIDField(db_index=True)),
                ("ends_at", models.DateTimeField()),
                ("reason", models.TextField()),
                ("rest_of_term_minor", models.BigIntegerField(default=0)),
                ("currency", models.CharField(max_length=3)),
                ("asked_by", models.CharField(max_length=254)),
                ("asked_at", models.DateTimeField()),
                ("approved_by", models.CharField(blank=True, default="", max_length=254)),
                ("approved_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.AddField(
            model_name="agreementversion",
            name="declined_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="agreementversion",
            name="declined_by",
            field=models.CharField(blank=True, default="", max_length=254),
        ),
        migrations.AddField(
            model_name="agreementversion",
            name="reason",
            field=models.TextField(blank=True, default=""),
        ),
        migrations.AddConstraint(
            model_name="agreementversion",
            constraint=models.CheckConstraint(
                condition=models.Q(("approved_at", None), ("declined_at", None), _connector="OR"),
                name="agreement_version_one_decision",
            ),
        ),
        migrations.AddField(
            model_name="agreementpaper",
            name="version",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="paper",
                to="billing.agreementversion",
            ),
        ),
        migrations.AddField(
            model_name="agreementpaperevent",
            name="paper",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="events",
                to="billing.agreementpaper",
            ),
        ),
        migrations.AddField(
            model_name="renewalnotice",
            name="version",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="notices",
                to="billing.agreementversion",
            ),
        ),
        migrations.AddField(
            model_name="termination",
            name="agreement",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="termination",
                to="billing.agreement",
            ),
        ),
        migrations.AddConstraint(
            model_name="agreementpaperevent",
            constraint=models.UniqueConstraint(
                fields=("paper", "kind", "file_sha256"), name="agreement_paper_event_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="renewalnotice",
            constraint=models.UniqueConstraint(
                fields=("version", "days_before"), name="renewal_notice_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="termination",
            constraint=models.CheckConstraint(
                condition=models.Q(("approved_by", models.F("asked_by")), _negated=True),
                name="termination_four_eyes",
            ),
        ),
        *[
            migrations.RunSQL(sql, migrations.RunSQL.noop)
            for sql in (
                GUARD,
                TERMINATIONS,
                *(_final(table) for table in FINAL_TABLES),
                _final("billing_termination", "DELETE"),
            )
        ],
        share_table("billing_termination", console="select, insert, update", settle="select"),
        share_table("billing_renewalnotice", console="select", settle="select, insert"),
        share_table("billing_agreementpaper", partner="select", console="select, insert"),
        share_table("billing_agreementpaperevent", partner="select", console="select, insert"),
        migrations.RunSQL(PAPERS, migrations.RunSQL.noop),
    ]
