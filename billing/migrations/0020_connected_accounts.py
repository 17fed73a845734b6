"""Partners' own accounts at Stripe: asked for by the partner, kept by the worker."""

from django.db import migrations, models

import tenants.rules.ids
from tenants.db.grants import share_table

KINDS = ("customer", "invoice", "credit_note", "refund", "transfer", "account", "account_link")
# A partner's owner may ask for an account of its own and for the way there, and for nothing else.
PARTNER = """
GRANT INSERT ON billing_remoteintent TO ac_partner;
CREATE POLICY partner_add ON billing_remoteintent FOR INSERT TO ac_partner
    WITH CHECK (partner_id = substr(current_user::text, 3)::uuid);
CREATE POLICY partner_asks ON billing_remoteintent AS RESTRICTIVE FOR INSERT TO ac_partner
    WITH CHECK (kind IN ('account', 'account_link') AND remote_id = '' AND url = ''
                AND state = 'pending' AND steps = '{}'::jsonb);
"""
GUARDS = """
CREATE TRIGGER refuse_change BEFORE DELETE ON billing_connectedaccount
    FOR EACH ROW EXECUTE FUNCTION billing_refuse_change();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON billing_connectedaccount
    FOR EACH STATEMENT EXECUTE FUNCTION billing_refuse_change();
CREATE TRIGGER guard_columns BEFORE UPDATE ON billing_connectedaccount FOR EACH ROW
    EXECUTE FUNCTION billing_guard_columns(
        'country', 'details_submitted', 'payouts_enabled', 'missing', 'seen_at');
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0019_chargebacks")]

    operations = [
        migrations.AlterField(
            "remoteintent", "kind",
            models.CharField(choices=[(kind, kind.replace("_", " ").title()) for kind in KINDS],
                             max_length=12),
        ),
        migrations.CreateModel(
            name="ConnectedAccount",
            fields=[
                ("id", models.UUIDField(default=tenants.rules.ids.uuid7, editable=False,
                                        primary_key=True, serialize=False)),
                ("partner_id", models.UUIDField(db_index=True)),
                ("remote_id", models.CharField(max_length=80, unique=True)),
                ("country", models.CharField(blank=True, default="", max_length=2)),
                ("details_submitted", models.BooleanField(default=False)),
                ("payouts_enabled", models.BooleanField(default=False)),
                ("missing", models.JSONField(default=list)),
                ("created_at", models.DateTimeField()),
                ("seen_at", models.DateTimeField()),
            ],
            options={"ordering": ["-created_at", "-id"]},
        ),
        share_table("billing_connectedaccount", partner="select", console="select",
                    settle="select, insert, update"),
        *(migrations.RunSQL(sql, migrations.RunSQL.noop) for sql in (PARTNER, GUARDS)),
    ]  # fmt: skip
