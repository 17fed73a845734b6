#!/usr/bin/env python
"""Django's command line; picks the database login each command is allowed to use."""

import os
import sys

from portal.demo import clock

# A command gets the narrowest login that can do its work; everything else runs as the web login.
LOGIN_BY_COMMAND = {
    "migrate_schemas": "owner",
    "migrate_partners": "owner",
    "migrate_back": "owner",
    "makemigrations": "owner",
    "bootstrap": "owner",
    "provision": "owner",
    "destroy_data_keys": "owner",
    "rotate_kek": "owner",
    "offboard_partner": "owner",
    "export_usage": "owner",
    "restore_usage": "owner",
    "load_demo": "owner",
    "record": "recorder",
    "import_usage": "recorder",
    "rebuild_rollups": "recorder",
    "demo_traffic": "recorder",
    "adopt_accounts": "settle",
    "settle": "settle",
    "waive_intake": "settle",
    "approve_run": "settle",
    "read_bounce": "settle",
    "reconcile": "settle",
}
NOBODY = (
    "Without DATABASE_URL the servers are those of DATA_DIR: is it the right folder, do they run "
    "(`make run`, or `python -m portal.servers up`)?"
)
NEXT = (
    "What was committed before stays; commands can be repeated. DATA_DIR and DATABASE_URL say whom "
    'they ask; docs/operating.md, "PostgreSQL is away", says what to do (--traceback shows more).'
)


def main() -> None:
    """Run one management command under its own database login."""
    if len(sys.argv) > 1 and not sys.argv[1].startswith("-"):
        sys.argv[1] = sys.argv[1].replace("-", "_")  # verify-statement is verify_statement
    command = sys.argv[1] if len(sys.argv) > 1 else ""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    os.environ.setdefault("AC_DB_LOGIN", LOGIN_BY_COMMAND.get(command, "web"))
    clock.begin()
    # Settings must be chosen before Django is imported.
    from django.core.management import BaseCommand, execute_from_command_line  # noqa: PLC0415

    # A system check reads every page of the portal, which takes twice as long as most commands do:
    # `check`, migrations and a worker's start make it.
    BaseCommand.requires_system_checks = []
    from django.core.exceptions import ImproperlyConfigured  # noqa: PLC0415
    from django.db import InterfaceError, OperationalError  # noqa: PLC0415

    try:
        execute_from_command_line(sys.argv)
    except (OperationalError, InterfaceError, ImproperlyConfigured) as error:
        if "--traceback" in sys.argv:
            raise
        said = str(error).strip()
        if isinstance(error, ImproperlyConfigured):
            sys.exit(f"{command}: {said}\n{NOBODY}")
        sys.exit(f"{command}: PostgreSQL does not answer as it should: {said}\n{NEXT}")


if __name__ == "__main__":
    main()
