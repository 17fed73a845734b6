"""The worker tells partners of incidents by webhook, so it reads what was said of them."""

from django.db import migrations

RIGHTS = """
CREATE POLICY all_for_ac_settle ON tenants_incident FOR SELECT TO ac_settle USING (true);
CREATE POLICY all_for_ac_settle ON tenants_incidentupdate FOR SELECT TO ac_settle USING (true);
GRANT SELECT ON tenants_incident, tenants_incidentupdate TO ac_settle;
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0017_preview_reads"), ("tenants", "0006_incidents")]

    operations = [migrations.RunSQL(RIGHTS, migrations.RunSQL.noop)]
