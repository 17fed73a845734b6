"""Who may do what on the money tables: row security by role name, and nothing more than needed."""

from django.db import migrations

from tenants.db.grants import share_table

READ, ADD = "select", "select, insert"
CHANGE, REMAKE = "select, insert, update", "select, insert, delete"

# table → partner's role, console, settlement
RIGHTS: dict[str, tuple[str, str, str]] = {
    "billing_ratecard": (READ, ADD, READ),
    "billing_ratecardversion": (READ, CHANGE, READ),
    "billing_rate": (READ, ADD, READ),
    "billing_agreement": (READ, ADD, READ),
    "billing_agreementversion": (READ, CHANGE, READ),
    "billing_chargecomponent": (READ, ADD, READ),
    "billing_settlementrun": (READ, CHANGE, CHANGE),
    "billing_runevent": ("", ADD, ADD),
    "billing_runsnapshot": (READ, READ, ADD),
    "billing_runinput": (READ, READ, ADD),
    "billing_ratedline": (READ, READ, ADD),
    "billing_customershare": (READ, READ, ADD),
    "billing_draftdocument": ("", READ, REMAKE),
    "billing_draftline": ("", READ, REMAKE),
    "billing_numberseries": ("", READ, CHANGE),
    "billing_document": (READ, READ, ADD),
    "billing_documentline": (READ, READ, ADD),
    "billing_documentevent": (READ, ADD, ADD),
    "billing_journalentry": ("", READ, ADD),
    "billing_journalline": ("", READ, ADD),
    # A partner's page renders a document on first need and keeps the file for everybody.
    "billing_renderedfile": (ADD, ADD, ADD),
}

# The platform's own price lists belong to no partner; the public ones are everybody's to read.
# A partner sees terms once they are approved.
POLICIES = """
CREATE POLICY listed ON billing_ratecard FOR SELECT TO ac_partner
    USING (partner_id IS NULL AND audience = 'everyone');
CREATE POLICY listed ON billing_ratecardversion FOR SELECT TO ac_partner
    USING (partner_id IS NULL AND card_id IN (SELECT id FROM billing_ratecard));
CREATE POLICY listed ON billing_rate FOR SELECT TO ac_partner
    USING (partner_id IS NULL AND version_id IN (SELECT id FROM billing_ratecardversion));
CREATE POLICY approved_only ON billing_agreementversion AS RESTRICTIVE FOR SELECT TO ac_partner
    USING (approved_at IS NOT NULL);
GRANT USAGE ON SEQUENCE billing_numberseries_id_seq TO ac_settle;
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0002_guards"), ("tenants", "0001_initial")]

    operations = [
        *(
            share_table(table, partner=partner, console=console, settle=settle)
            for table, (partner, console, settle) in RIGHTS.items()
        ),
        migrations.RunSQL(POLICIES, migrations.RunSQL.noop),
    ]
