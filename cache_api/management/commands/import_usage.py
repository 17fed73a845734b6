"""`manage.py import_usage FILE --partner SLUG`: bring in usage from a CSV or Parquet file."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from cache_api.actions.import_usage import UnableToImport, import_usage
from cache_api.gateways.usage_files import UnreadableFile
from cache_api.rules.usage_file import COLUMNS, REQUIRED


class Command(BaseCommand):
    """All rows or none; the same file twice changes nothing."""

    help = "Import a partner's usage. --columns lists the columns a file may have."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The file, whose it is, and what to do with bad rows."""
        parser.add_argument("file", type=Path, nargs="?", help="CSV or JSON lines")
        parser.add_argument("--partner", metavar="SLUG", help="whose usage it is")
        parser.add_argument(
            "--skip-bad", action="store_true", help="import the good rows, write FILE.rejects.csv"
        )
        parser.add_argument("--as", dest="actor", default="command line", metavar="WHO",
                            help="your e-mail, for the audit")  # fmt: skip
        parser.add_argument("--columns", action="store_true", help="list the columns and end")

    def handle(self, *args: Any, **options: Any) -> None:
        """One call; every bad value on a line of its own."""
        if options["columns"]:
            for name, column in COLUMNS.items():
                must = " (required)" if name in REQUIRED else ""
                self.stdout.write(f"{name:20} {column.about}{must}")
            return
        if options["file"] is None or not options["partner"]:
            raise CommandError("Give a FILE and --partner SLUG (or --columns).")
        try:
            done = import_usage(
                path=options["file"], partner_slug=options["partner"], now=timezone.now(),
                skip_bad=options["skip_bad"], actor=options["actor"],
            )  # fmt: skip
        except UnreadableFile as error:
            raise CommandError(str(error)) from error
        except UnableToImport as error:
            for problem in error.problems:
                self.stderr.write(str(problem))
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"{done.rows} rows: {done.inserted} new events, {done.known} already known, "
            f"{done.rejected} rejected"
        )
        if done.rejects_path:
            self.stdout.write(f"rejected rows: {done.rejects_path}")
