"""The pipeline is the console's alone: no partner reads what is planned with it or with others."""

from django.db import migrations

from tenants.db.grants import share_table

GUARD = """
CREATE TRIGGER prospect_entry_is_append_only BEFORE UPDATE OR DELETE ON tenants_prospectentry
    FOR EACH ROW EXECUTE FUNCTION tenants_refuse_change();
CREATE TRIGGER prospect_entry_is_never_truncated BEFORE TRUNCATE ON tenants_prospectentry
    FOR EACH STATEMENT EXECUTE FUNCTION tenants_refuse_change();
"""


class Migration(migrations.Migration):
    dependencies = [("tenants", "0009_prospects")]

    operations = [
        share_table("tenants_prospect", console="select, insert, update"),
        share_table("tenants_prospectentry", console="select, insert"),
        migrations.RunSQL(GUARD, migrations.RunSQL.noop),
    ]
