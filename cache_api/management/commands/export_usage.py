"""`manage.py export_usage --folder F`: old usage as hashed Parquet; `--drop` takes it out."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from cache_api.actions.usage_days import NotYet, drop_day, export_day, old_days, verify_days
from cache_api.rules.day_files import BadDayFile


class Command(BaseCommand):
    """Runs as owner. Safe to repeat and to break off; a day at a time, the oldest first."""

    help = "Export usage events older than 95 days as hashed Parquet files, a folder a day."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where to, and whether they leave PostgreSQL."""
        parser.add_argument("--folder", type=Path, required=True, help="where the files go")
        parser.add_argument(
            "--drop", action="store_true",
            help="check the files and take those days out of PostgreSQL; without it nothing goes",
        )  # fmt: skip
        parser.add_argument(
            "--verify", action="store_true", help="only compare what left with its files"
        )
        parser.add_argument("--as", dest="actor", default="", help="your e-mail, for the audit")

    def handle(self, *args: Any, **options: Any) -> None:
        """One or two calls a day."""
        folder, now = options["folder"], timezone.now()
        if options["verify"]:
            return self._verify(folder)
        if options["drop"] and not options["actor"]:
            raise CommandError("--drop needs --as; nothing was changed.")
        days = old_days(now)
        for day in days:
            try:
                made = export_day(day=day, folder=folder, now=now)
                told = f"{day}: {sum(one.events for one in made.files)} events"
                if options["drop"]:
                    drop_day(day=day, folder=folder, actor=options["actor"], now=now)
                    told += ", no longer in PostgreSQL"
            except (NotYet, BadDayFile) as error:
                raise CommandError(str(error)) from error
            self.stdout.write(told)
        if not days:
            self.stdout.write("no day is older than 95 days")
        return None

    def _verify(self, folder: Path) -> None:
        days, problems = verify_days(folder=folder)
        if problems:
            raise CommandError("\n".join(problems))
        self.stdout.write(f"{days} days have left; their files are as they left")
