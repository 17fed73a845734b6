"""`manage.py tour`: the checks of the console's tour page, against the running demo."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from portal.demo import summary
from portal.demo.tour.running import run_checks
from portal.demo.tour.table import AT_LENGTH, ROWS, SIMULATED
from tenants import schema


class Command(BaseCommand):
    """A line a system, then what takes long; exit code 1 when one fails."""

    help = "Check S1–S21 and all totals against the running demo. Exit code 1 when a check fails."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """All rows, or some."""
        parser.add_argument("rows", nargs="*", metavar="S1", help="only these")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run, print as results come, end with what is simulated."""
        wanted = options["rows"]
        rows = [row for row in (*ROWS, *AT_LENGTH) if not wanted or row.key in wanted]
        facts = summary.read()
        if not settings.DEMO or not facts:
            raise CommandError("There is no demo here: start it with `make run`, then try again.")
        if unknown := set(wanted) - {row.key for row in rows}:
            raise CommandError(f"Not a row of the tour: {', '.join(sorted(unknown))}.")
        failed = 0
        with schema.in_console():
            for result in run_checks(rows, facts):
                failed += not result.ok
                self.stdout.write(
                    f"{'ok' if result.ok else 'FAILED':6} {result.row.key:3} "
                    f"{result.row.name}: {result.said} ({result.took_ms:,.0f} ms)"
                )
                self.stdout.flush()
        self.stdout.write("\nSimulated in the demo:")
        for name, how in SIMULATED:
            self.stdout.write(f"  {name}: {how}")
        self.stdout.write(f"\n{len(rows) - failed} of {len(rows)} checks hold")
        if failed:
            sys.exit(1)
