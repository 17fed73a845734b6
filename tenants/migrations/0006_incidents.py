"""Incidents and what was said of them: a partner reads those that concern it, the console writes."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

import tenants.rules.ids

CONCERNED = "cardinality(partner_ids) = 0 OR substr(current_user::text, 3)::uuid = ANY(partner_ids)"
# An update is seen with its incident: the inner query is read under the reader's own policies.
SEEN = "EXISTS (SELECT 1 FROM tenants_incident i WHERE i.id = incident_id)"
RIGHTS = f"""
ALTER TABLE tenants_incident ENABLE ROW LEVEL SECURITY;
ALTER TABLE tenants_incident FORCE ROW LEVEL SECURITY;
ALTER TABLE tenants_incidentupdate ENABLE ROW LEVEL SECURITY;
ALTER TABLE tenants_incidentupdate FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_all ON tenants_incident TO ac_owner USING (true) WITH CHECK (true);
CREATE POLICY owner_all ON tenants_incidentupdate TO ac_owner USING (true) WITH CHECK (true);
CREATE POLICY partner_own ON tenants_incident FOR SELECT TO ac_partner USING ({CONCERNED});
CREATE POLICY partner_own ON tenants_incidentupdate FOR SELECT TO ac_partner USING ({SEEN});
CREATE POLICY all_for_ac_console ON tenants_incident TO ac_console USING (true) WITH CHECK (true);
CREATE POLICY all_for_ac_console ON tenants_incidentupdate TO ac_console
    USING (true) WITH CHECK (true);
GRANT SELECT ON tenants_incident, tenants_incidentupdate TO ac_partner;
GRANT SELECT, INSERT ON tenants_incident, tenants_incidentupdate TO ac_console;
GRANT UPDATE (resolved_at) ON tenants_incident TO ac_console;
CREATE TRIGGER what_was_said_stays BEFORE UPDATE OR DELETE ON tenants_incidentupdate
    FOR EACH ROW EXECUTE FUNCTION tenants_refuse_change();
"""


class Migration(migrations.Migration):
    dependencies = [("tenants", "0005_brand")]

    operations = [
        migrations.CreateModel(
            name="Incident",
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
                ("title", models.CharField(max_length=120)),
                ("component", models.CharField(max_length=20)),
                (
                    "impact",
                    models.CharField(
                        choices=[
                            ("maintenance", "Maintenance"),
                            ("degraded", "Degraded"),
                            ("outage", "Outage"),
                        ],
                        max_length=12,
                    ),
                ),
                (
                    "partner_ids",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.UUIDField(), blank=True, default=list, size=None
                    ),
                ),
                ("started_at", models.DateTimeField(db_index=True)),
                ("resolved_at", models.DateTimeField(blank=True, null=True)),
            ],
        ),
        migrations.CreateModel(
            name="IncidentUpdate",
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
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("investigating", "Investigating"),
                            ("identified", "Identified"),
                            ("monitoring", "Monitoring"),
                            ("resolved", "Resolved"),
                        ],
                        max_length=14,
                    ),
                ),
                ("text", models.CharField(max_length=1000)),
                ("actor", models.CharField(max_length=254)),
                ("at", models.DateTimeField()),
                (
                    "incident",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="updates",
                        to="tenants.incident",
                    ),
                ),
            ],
        ),
        migrations.RunSQL(RIGHTS, migrations.RunSQL.noop),
    ]
