"""`manage.py migrate_back CHECKOUT`: the database as the release in that checkout knows it."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from tenants.actions.go_back import NotBefore, go_back, newest_of


class Command(BaseCommand):
    """Run it by the later release, which knows how to take its migrations back."""

    help = "Take migrations back to those of an earlier release, in all schemas. Safe to repeat."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where the earlier release lies, and whether to do it."""
        parser.add_argument("checkout", type=Path, help="of the release to go back to")
        parser.add_argument("--check", action="store_true", help="only say what it would do")

    def handle(self, *args: Any, **options: Any) -> None:
        """One line an app, one a schema as it is done, then how many."""
        try:
            targets = newest_of(options["checkout"].resolve())
        except NotBefore as error:
            raise CommandError(str(error)) from error
        for app, name in targets.items():
            self.stdout.write(f"{app}: back to {name}")
        if not targets:
            self.stdout.write("nothing to take back: it has the same migrations")
        elif not options["check"]:
            done = go_back(targets, self._tell)
            self.stdout.write(f"done in {len(done)} schemas")

    def _tell(self, schema_name: str) -> None:
        self.stdout.write(f"  {schema_name}")
        self.stdout.flush()
