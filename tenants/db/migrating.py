"""Migrations of one schema: those of apps that have no table in it are only noted there.

For each of their operations Django would build models anew, to learn from the router that there is
nothing to do: most of what opening a partner took.
"""

from typing import Any

from django.core.management.commands import migrate
from django.db import router
from django.db.migrations import Migration
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.state import ProjectState


class Executor(MigrationExecutor):
    """Django's, but for what the router keeps out of the schema as a whole.

    No model of an app that has a place here may refer to one that has none; Django would say so.
    """

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self._noted: list[Migration] = []

    def migrate(self, *args: Any, **named: Any) -> ProjectState:
        """The state afterwards knows every model, as Django's."""
        state = super().migrate(*args, **named)
        if self._noted:
            state.__dict__.pop("apps", None)  # built anew, once, by whoever asks
        for migration in self._noted:
            state = migration.mutate_state(state, preserve=False)
        return state

    def apply_migration(
        self, state: ProjectState, migration: Migration, fake: bool = False,
        fake_initial: bool = False,
    ) -> ProjectState:  # fmt: skip
        """Run one migration, or note that it has been here."""
        if router.allow_migrate(self.connection.alias, migration.app_label):
            return super().apply_migration(state, migration, fake, fake_initial)
        self._noted.append(migration)
        self.record_migration(migration)  # type: ignore[call-arg,arg-type]
        return state


class Command(migrate.Command):
    """Django's command with this executor (`TENANT_BASE_MIGRATE_COMMAND`)."""

    def handle(self, *args: Any, **options: Any) -> None:
        """Django's command takes the executor from its module."""
        before, migrate.MigrationExecutor = migrate.MigrationExecutor, Executor  # type: ignore[attr-defined]
        try:
            super().handle(*args, **options)
        finally:
            migrate.MigrationExecutor = before  # type: ignore[attr-defined]
