"""`manage.py migrate_partners`: bring every partner's schema to the current migrations."""

from typing import Any

from django.core.management.base import BaseCommand
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from tenants.actions.provision import migrate_partner
from tenants.db import ddl
from tenants.models import Partner


class Command(BaseCommand):
    """Skips schemas whose recorded migrations equal the graph, so a no-op is cheap."""

    help = "Migrate all partner schemas; those already current are skipped."

    def handle(self, *args: Any, **options: Any) -> None:
        """One line a partner that was migrated, and a count."""
        wanted = set(MigrationLoader(None).graph.leaf_nodes())
        current = migrated = 0
        for partner in Partner.objects.exclude(state=Partner.State.REQUESTED).order_by("slug"):
            if wanted <= self._recorded(partner.schema_name):
                current += 1
                continue
            migrate_partner(schema_name=partner.schema_name)
            ddl.grant_partner_schema(partner.schema_name)
            migrated += 1
            self.stdout.write(f"{partner.slug}: migrated")
        self.stdout.write(f"{migrated} migrated, {current} current")

    def _recorded(self, schema_name: str) -> set[tuple[str, str]]:
        with connection.cursor() as cursor:
            cursor.execute("select to_regclass(%s)", [f'"{schema_name}".django_migrations'])
            if cursor.fetchone()[0] is None:
                return set()
            cursor.execute(f'select app, name from "{schema_name}".django_migrations')
            return set(cursor.fetchall())
