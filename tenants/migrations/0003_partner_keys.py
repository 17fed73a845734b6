"""A partner's own people make, end and revoke its keys; nobody but the owner changes a secret."""

from django.db import migrations

OWN = "partner_id = substr(current_user::text, 3)::uuid"
RIGHTS = f"""
GRANT INSERT, UPDATE (label, expires_at, revoked_at) ON tenants_apikey TO ac_partner;
CREATE POLICY partner_add ON tenants_apikey FOR INSERT TO ac_partner WITH CHECK ({OWN});
CREATE POLICY partner_change ON tenants_apikey FOR UPDATE TO ac_partner
    USING ({OWN}) WITH CHECK ({OWN});
"""


class Migration(migrations.Migration):
    dependencies = [("tenants", "0002_rights")]

    operations = [migrations.RunSQL(RIGHTS, migrations.RunSQL.noop)]
