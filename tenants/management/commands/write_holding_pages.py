"""`manage.py write_holding_pages`: for a machine that has Caddy and no worker, by a timer."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from tenants.actions.holding_pages import write_holding_pages


class Command(BaseCommand):
    """Safe to repeat: it writes what changed."""

    help = "Write each served host's page for the time when nothing of the portal runs."

    def add_arguments(self, parser: CommandParser) -> None:
        """The folder that Caddy reads."""
        parser.add_argument("--folder", type=Path, default=settings.HOLDING_DIR,
                            help="that Caddy reads (default: HOLDING_DIR)")  # fmt: skip

    def handle(self, *args: Any, **options: Any) -> None:
        """Write them and say how many."""
        folder = options["folder"]
        try:
            written = write_holding_pages(folder=folder)
        except OSError as error:
            raise CommandError(f"{folder} cannot be written: {error.strerror}.") from error
        self.stdout.write(f"{written} written to {folder}; the others were as they should be.")
