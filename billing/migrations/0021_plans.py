"""Plans: a partner's own price lists, their drafts and versions, and who pays by which from when."""

import django.db.models.deletion
from django.db import migrations, models

import tenants.rules.ids
from tenants.db.grants import share_table

READ, ADD = "select", "select, insert"
OWN = "partner_id = substr(current_user::text, 3)::uuid"


def _final(table: str, row_events: str) -> str:
    return (
        f"CREATE TRIGGER refuse_change BEFORE {row_events} ON {table}"
        " FOR EACH ROW EXECUTE FUNCTION billing_refuse_change();"
        f"CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON {table}"
        " FOR EACH STATEMENT EXECUTE FUNCTION billing_refuse_change();"
    )


def _own_changes(table: str, column: str) -> str:
    """The partner's role may change one column of its own rows."""
    return (
        f"GRANT UPDATE ({column}) ON {table} TO ac_partner;"
        f"CREATE POLICY partner_change ON {table} FOR UPDATE TO ac_partner"
        f" USING ({OWN}) WITH CHECK ({OWN});"
    )


def _guarded(table: str, column: str) -> str:
    return (
        f"CREATE TRIGGER guard_columns BEFORE UPDATE ON {table}"
        f" FOR EACH ROW EXECUTE FUNCTION billing_guard_columns('{column}');"
    )


def _own_additions(table: str) -> str:
    """Price lists of its own: a partner's role adds them as it adds its other rows."""
    return (
        f"GRANT INSERT ON {table} TO ac_partner;"
        f"CREATE POLICY partner_add ON {table} FOR INSERT TO ac_partner WITH CHECK ({OWN});"
    )


# Keys look past row security: a row of a partner hangs on a row of the same partner only, so that
# nobody adds a price to a list of somebody else's.
SAME_PARTNER = """
CREATE FUNCTION billing_same_partner() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    parent uuid := (to_jsonb(NEW)->>TG_ARGV[1])::uuid;
    theirs uuid;
BEGIN
    EXECUTE format('SELECT partner_id FROM %I WHERE id = $1', TG_ARGV[0]) INTO theirs USING parent;
    IF parent IS NOT NULL AND theirs IS DISTINCT FROM NEW.partner_id THEN
        RAISE EXCEPTION '% %: its % is of another partner', TG_TABLE_NAME, NEW.id, TG_ARGV[0]
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
"""
PARENTS = (
    ("billing_ratecardversion", "billing_ratecard", "card_id"),
    ("billing_rate", "billing_ratecardversion", "version_id"),
    ("billing_plan", "billing_ratecard", "card_id"),
    ("billing_planversion", "billing_plan", "plan_id"),
    ("billing_planversion", "billing_ratecardversion", "prices_id"),
    ("billing_planassignment", "billing_planversion", "version_id"),
)


def _same_partner(table: str, parent: str, column: str) -> str:
    return (
        f"CREATE TRIGGER same_partner_{column} BEFORE INSERT ON {table} FOR EACH ROW"
        f" EXECUTE FUNCTION billing_same_partner('{parent}', '{column}');"
    )


# Prices of a partner are for its own customers, never offered to another partner or agreement.
CARDS = """
ALTER TABLE billing_ratecard ADD CONSTRAINT partners_own_cards_are_its_own CHECK (
    partner_id IS NULL OR audience = 'partner');
"""
STARTS = """
ALTER TABLE billing_planassignment ADD CONSTRAINT plan_assignment_starts_a_month CHECK (
    starts_at = date_trunc('month', starts_at, 'UTC'));
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0020_connected_accounts")]

    operations = [
        migrations.CreateModel(
            name="Plan",
            fields=[
                ("id", models.UUIDField(default=tenants.rules.ids.uuid7, editable=False,
                                        primary_key=True, serialize=False)),
                ("partner_id", models.UUIDField(db_index=True)),
                ("draft", models.JSONField(null=True)),
                ("created_at", models.DateTimeField()),
                ("card", models.OneToOneField(on_delete=django.db.models.deletion.PROTECT,
                                              related_name="plan", to="billing.ratecard")),
            ],
            options={"abstract": False},
        ),
        migrations.CreateModel(
            name="PlanVersion",
            fields=[
                ("id", models.UUIDField(default=tenants.rules.ids.uuid7, editable=False,
                                        primary_key=True, serialize=False)),
                ("partner_id", models.UUIDField(db_index=True)),
                ("quota", models.JSONField(null=True)),
                ("plan", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT,
                                           related_name="versions", to="billing.plan")),
                ("prices", models.OneToOneField(on_delete=django.db.models.deletion.PROTECT,
                                                related_name="plan_version",
                                                to="billing.ratecardversion")),
            ],
            options={"ordering": ["prices__number"]},
        ),
        migrations.CreateModel(
            name="PlanAssignment",
            fields=[
                ("id", models.UUIDField(default=tenants.rules.ids.uuid7, editable=False,
                                        primary_key=True, serialize=False)),
                ("partner_id", models.UUIDField(db_index=True)),
                ("customer_id", models.UUIDField()),
                ("starts_at", models.DateTimeField()),
                ("assigned_by", models.CharField(max_length=254)),
                ("assigned_at", models.DateTimeField()),
                ("quota_set_at", models.DateTimeField(null=True)),
                ("version", models.ForeignKey(null=True, related_name="assignments",
                                              on_delete=django.db.models.deletion.PROTECT,
                                              to="billing.planversion")),
            ],
            options={
                "ordering": ["starts_at", "assigned_at", "id"],
                "indexes": [
                    models.Index(fields=["partner_id", "starts_at"], name="plan_assignment_month"),
                    models.Index(fields=["starts_at"], name="plan_assignment_due",
                                 condition=models.Q(quota_set_at=None)),
                ],
            },
        ),
        share_table("billing_plan", partner=ADD, console=READ, settle=READ),
        share_table("billing_planversion", partner=ADD, console=READ, settle=READ),
        share_table("billing_planassignment", partner=ADD, console=READ,
                    settle="select, update (quota_set_at)"),
        *(
            migrations.RunSQL(sql, migrations.RunSQL.noop)
            for sql in (
                _final("billing_planversion", "UPDATE OR DELETE"),
                _final("billing_plan", "DELETE"),
                _final("billing_planassignment", "DELETE"),
                _guarded("billing_plan", "draft"),
                _guarded("billing_planassignment", "quota_set_at"),
                _own_changes("billing_plan", "draft"),
                _own_changes("billing_planassignment", "quota_set_at"),
                _own_changes("billing_ratecardversion", "valid_to"),
                *(_own_additions(f"billing_{name}")
                  for name in ("ratecard", "ratecardversion", "rate")),
                SAME_PARTNER,
                *(_same_partner(*names) for names in PARENTS),
                CARDS,
                STARTS,
            )
        ),
    ]  # fmt: skip
