"""`manage.py reconcile`: every conservation equation, OK or BREACH; exit 1 on a breach."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from billing.reconcile import CHECKS as BILLING_CHECKS
from cache_api.reconcile import CHECKS as USAGE_CHECKS


class Command(BaseCommand):
    """Runs in CI, hourly in production, and after each flow test."""

    help = "Check that usage and money add up everywhere. Exit code 1 on a breach."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """All equations, or those whose name contains a word."""
        parser.add_argument("--only", default="", metavar="WORD",
                            help="equations with it in their name, such as journal")  # fmt: skip

    def handle(self, *args: Any, **options: Any) -> None:
        """Each equation on a line of its own, its breaches below."""
        breached = 0
        known = (*USAGE_CHECKS, *BILLING_CHECKS)
        checks = [one for one in known if options["only"] in one.name]
        if not checks:
            raise CommandError(
                f"No equation has {options['only']!r} in its name: nothing was checked. "
                "Without --only all of them run and print their names."
            )
        for check in checks:
            breaches = check.run()
            breached += bool(breaches)
            self.stdout.write(f"{'BREACH' if breaches else 'OK':6}  {check.name}")
            for breach in breaches:
                self.stdout.write(f"        {breach.partner or 'platform'}: {breach.detail}")
        self.stdout.write(f"{len(checks) - breached} of {len(checks)} equations hold")
        if breached:
            sys.exit(1)
