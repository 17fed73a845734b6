"""`manage.py restore_usage --folder F --since YYYY-MM-DD --as YOU`: exported usage comes back."""

from argparse import ArgumentParser
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from cache_api.actions.usage_days import restore_days
from cache_api.management.commands.rebuild_rollups import day_given
from cache_api.rules.day_files import BadDayFile


class Command(BaseCommand):
    """Runs as owner. Safe to repeat and to break off."""

    help = "Bring exported usage events back into PostgreSQL, every day since one."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where from, and since when."""
        parser.add_argument("--folder", type=Path, required=True, help="what export_usage wrote")
        parser.add_argument("--since", type=day_given, metavar="YYYY-MM-DD", required=True,
                            help="this UTC day and all after it that are gone")  # fmt: skip
        parser.add_argument("--as", dest="actor", required=True, help="your e-mail, for the audit")

    def handle(self, *args: Any, **options: Any) -> None:
        """One call, a line for each day as it is back."""
        try:
            done = restore_days(
                since=options["since"], folder=options["folder"], actor=options["actor"],
                now=timezone.now(), tell=self._tell,
            )  # fmt: skip
        except BadDayFile as error:
            raise CommandError(str(error)) from error
        if not done:
            self.stdout.write(f"nothing since {options['since']} is gone and exported there")

    def _tell(self, day: date, events: int) -> None:
        self.stdout.write(f"{day}: {events} events are back")
        self.stdout.flush()
