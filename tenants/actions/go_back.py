"""The way back to the release before: its tables, so that its programs run again."""

from collections.abc import Callable
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from tenants.models import Partner
from tenants.schema import PUBLIC

NOTHING = "zero"


class NotBefore(ValueError):
    """The folder is no checkout of an earlier release."""


def newest_of(before: Path) -> dict[str, str]:
    """App → the last migration that the release in a checkout has; only apps that have more now.

    Raises NotBefore: it is no checkout, or has migrations that are unknown here.
    """
    if not (before / "manage.py").is_file():
        raise NotBefore(f"{before} is no checkout: it has no manage.py.")
    found = {}
    for app, here in sorted(_ours().items()):
        place = Path(apps.get_app_config(app).path).relative_to(settings.BASE_DIR) / "migrations"
        there = {one.stem for one in (before / place).glob("[0-9]*.py")}
        if there - here:
            unknown = ", ".join(sorted(there - here))
            raise NotBefore(f"{before} is no earlier release: {app} has {unknown} there.")
        if there != here:
            found[app] = max(there, default=NOTHING)
    return found


def go_back(targets: dict[str, str], tell: Callable[[str], object] = lambda _: None) -> list[str]:
    """Take migrations back to these, in each schema (owner); the schemas. Safe to repeat. `tell`
    hears of each schema that is done.

    What only the later release knows goes with its tables and columns. Begin when no process runs.
    """
    partners = Partner.objects.order_by("slug").values_list("schema_name", flat=True)
    places = [*filter(_is_there, partners), PUBLIC]
    for place in places:
        for app, name in targets.items():
            if _has_later(place, app, name):
                call_command("migrate_schemas", app, name, schema_name=place, interactive=False,
                             verbosity=0)  # fmt: skip
        tell(place)
    return places


def _has_later(place: str, app: str, name: str) -> bool:
    """Whether a migration behind this one made something in the schema."""
    if place != PUBLIC and apps.get_app_config(app).name not in settings.TENANT_APPS:
        return False  # it is only noted there
    with connection.cursor() as cursor:
        cursor.execute(f'select name from "{place}".django_migrations where app = %s', [app])
        return any(name == NOTHING or row > name for (row,) in cursor.fetchall())


def _ours() -> dict[str, set[str]]:
    """App → its migrations; not of apps that come in packages."""
    storeys = [settings.BASE_DIR / name for name in ("tenants", "cache_api", "billing", "portal")]
    found: dict[str, set[str]] = {}
    for app, name in MigrationLoader(None).disk_migrations:
        if any(Path(apps.get_app_config(app).path).is_relative_to(one) for one in storeys):
            found.setdefault(app, set()).add(name)
    return found


def _is_there(schema_name: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("select to_regclass(%s)", [f'"{schema_name}".django_migrations'])
        return cursor.fetchone()[0] is not None
