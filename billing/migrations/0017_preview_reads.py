"""A partner's own preview reads what its runs read: an early end, and the fees of payments.

Of payments only what the arithmetic needs: not who paid, nor the bank's text.
"""

from django.db import migrations

OWN = "partner_id = substr(current_user::text, 3)::uuid"
COLUMNS = {
    "billing_termination": "",
    "billing_payment": " (id, partner_id, amount_minor, fee_minor)",
    "billing_paymentapplication":
        " (id, partner_id, payment_id, document_id, amount_minor, applied_at)",
}  # fmt: skip


class Migration(migrations.Migration):
    dependencies = [("billing", "0016_credit_requests")]

    operations = [
        migrations.RunSQL(
            f"GRANT SELECT{columns} ON {table} TO ac_partner;"
            f"CREATE POLICY partner_own ON {table} FOR SELECT TO ac_partner USING ({OWN});",
            migrations.RunSQL.noop,
        )
        for table, columns in COLUMNS.items()
    ]
