"""Tries to sign in on the console: it adds and reads them, the worker forgets old ones."""

from django.db import migrations

RIGHTS = """
GRANT SELECT, INSERT ON accounts_signin TO ac_console;
GRANT SELECT, DELETE ON accounts_signin TO ac_settle;
"""


class Migration(migrations.Migration):
    dependencies = [("tenants", "0012_operations"), ("accounts", "0007_sign_in")]

    operations = [migrations.RunSQL(RIGHTS, migrations.RunSQL.noop)]
