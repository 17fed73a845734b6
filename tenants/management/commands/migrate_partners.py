"""`manage.py migrate_partners`: bring every partner's schema to the current migrations."""

import logging
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from tenants.actions.provision import migrate_partner
from tenants.db import ddl
from tenants.models import Partner

log = logging.getLogger(__name__)
# Others have no schema, or one that the provisioner is still making and migrating.
OPENED = (Partner.State.ACTIVE, Partner.State.SUSPENDED, Partner.State.CLOSED)


class Command(BaseCommand):
    """Skips schemas whose recorded migrations equal the graph, so a no-op is cheap.

    One that fails does not hold up the others; run again, it goes on with what is left.
    """

    help = "Migrate all partner schemas; those already current are skipped."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Do it, or look."""
        parser.add_argument(
            "--check", action="store_true", help="change nothing; exit code 1 where one is behind"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """One line a partner that was behind, and a count."""
        wanted = set(MigrationLoader(None).graph.leaf_nodes())
        partners = list(Partner.objects.filter(state__in=OPENED).order_by("slug"))
        behind = [one for one in partners if not wanted <= self._recorded(one.schema_name)]
        if options["check"]:
            return self._tell(behind, len(partners))
        failed = [one.slug for one in behind if not self._migrated(one)]
        told = f"{len(behind) - len(failed)} migrated, {len(partners) - len(behind)} current"
        self.stdout.write(told)
        if failed:
            raise CommandError(
                f"{len(failed)} failed, run it again once mended: {', '.join(failed)}"
            )
        return None

    def _tell(self, behind: list[Partner], total: int) -> None:
        for partner in behind:
            self.stdout.write(f"{partner.slug}: behind")
        self.stdout.write(f"{len(behind)} behind, {total - len(behind)} current")
        if behind:
            raise CommandError("run migrate_partners")

    def _migrated(self, partner: Partner) -> bool:
        try:
            migrate_partner(schema_name=partner.schema_name)
            ddl.grant_partner_schema(partner.schema_name)
        except Exception as error:  # whatever it is, the other partners' schemas are wanted
            log.exception("migrating %s failed", partner.slug)
            connection.close()
            connection.set_schema_to_public()  # type: ignore[attr-defined]
            self.stderr.write(f"{partner.slug}: FAILED: {str(error).strip()}")
            return False
        self.stdout.write(f"{partner.slug}: migrated")
        return True

    def _recorded(self, schema_name: str) -> set[tuple[str, str]]:
        with connection.cursor() as cursor:
            cursor.execute("select to_regclass(%s)", [f'"{schema_name}".django_migrations'])
            if cursor.fetchone()[0] is None:
                return set()
            cursor.execute(f'select app, name from "{schema_name}".django_migrations')
            return set(cursor.fetchall())
