"""`manage.py rebuild_rollups [--partner SLUG] [--since DATE]`: rollups again, from the events."""

from argparse import ArgumentParser, ArgumentTypeError
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from cache_api.actions.rebuild_rollups import Rebuilt, UnknownPartner, rebuild_rollups


def day_given(text: str) -> date:
    """A day of the command line. Raises ArgumentTypeError."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r} is not a day; write YYYY-MM-DD") from error


class Command(BaseCommand):
    """Changes nothing when the rollups were right."""

    help = "Make the usage rollups again from the usage events."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Whose, and from which day."""
        parser.add_argument("--partner", metavar="SLUG", help="only this partner (default: all)")
        parser.add_argument("--since", type=day_given, metavar="YYYY-MM-DD",
                            help="from this UTC day on (default: the first event's)")  # fmt: skip

    def handle(self, *args: Any, **options: Any) -> None:
        """One call, a line for each partner as it is done."""
        try:
            rebuild_rollups(
                now=timezone.now(), partner_slug=options["partner"], since=options["since"],
                tell=self._tell,
            )  # fmt: skip
        except UnknownPartner as error:
            raise CommandError(str(error)) from error

    def _tell(self, one: Rebuilt) -> None:
        since = f"from {one.first_day}" if one.first_day else "no events"
        self.stdout.write(f"{one.slug}: rebuilt, {since}")
        self.stdout.flush()
