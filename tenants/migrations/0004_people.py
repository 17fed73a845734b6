"""The console's rights on its own copies of the tables about people that have come since."""

from django.db import migrations

RIGHTS = """
GRANT SELECT, INSERT, UPDATE, DELETE ON accounts_invitation, mfa_authenticator,
    usersessions_usersession TO ac_console;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("tenants", "0003_partner_keys"),
        ("accounts", "0002_invitation"),
        ("mfa", "0003_authenticator_type_uniq"),
        ("usersessions", "0001_initial"),
    ]

    operations = [migrations.RunSQL(RIGHTS, migrations.RunSQL.noop)]
