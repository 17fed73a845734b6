"""Who may touch the public tables of this storey (second wall), and the append-only audit log."""

from django.db import migrations

from tenants.db.grants import share_table

FREEZE_AUDIT = """
CREATE FUNCTION tenants_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP
        USING HINT = 'Write a correcting row instead.';
END $$;
CREATE TRIGGER audit_is_append_only BEFORE UPDATE OR DELETE ON tenants_auditentry
    FOR EACH ROW EXECUTE FUNCTION tenants_refuse_change();
CREATE TRIGGER audit_is_never_truncated BEFORE TRUNCATE ON tenants_auditentry
    FOR EACH STATEMENT EXECUTE FUNCTION tenants_refuse_change();
"""
# The public copies of the account tables hold platform staff: the console alone reads them;
# settlement looks up who acts. Partner roles get nothing here.
STAFF = """
GRANT SELECT, INSERT, UPDATE, DELETE ON accounts_user, django_session, account_emailaddress,
    account_emailconfirmation TO ac_console;
GRANT SELECT ON django_content_type TO ac_console;
GRANT SELECT (id, email, name, role, is_active) ON accounts_user TO ac_settle;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("tenants", "0001_initial"),
        ("accounts", "0001_initial"),
        ("sessions", "0001_initial"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("account", "0009_emailaddress_unique_primary_email"),
    ]

    operations = [
        share_table(
            "tenants_partner", partner_column="id", partner="select", web="select",
            console="select, insert, update", settle="select", recorder="select",
        ),
        share_table(
            "tenants_domain", partner_column="tenant_id", partner="select", web="select",
            console="select, insert, update", settle="select", recorder="select",
        ),
        share_table(
            "tenants_brandrevision", partner="select", web="select",
            console="select, insert, update", settle="select",
        ),
        share_table("tenants_provisioningjob", console="select, insert, update"),
        share_table(
            "tenants_apikey", partner="select", console="select, insert, update",
            recorder="select, update",
        ),
        share_table("tenants_datakey", recorder="select"),
        share_table(
            "tenants_entitlement", partner="select", console="select, insert, update",
            settle="select, insert, update", recorder="select",
        ),
        share_table(
            "tenants_auditentry", partner="select, insert", console="select, insert",
            settle="select, insert", recorder="insert",
        ),
        migrations.RunSQL(FREEZE_AUDIT, migrations.RunSQL.noop),
        migrations.RunSQL(STAFF, migrations.RunSQL.noop),
    ]  # fmt: skip
