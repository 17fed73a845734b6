"""`manage.py reconcile`: every conservation equation, OK or BREACH; exit 1 on a breach."""

import sys
from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from billing.queries.seals import head_of_seals
from billing.reconcile import CHECKS as BILLING_CHECKS
from billing.reconcile import SEALED, sealed_rows
from cache_api.reconcile import CHECKS as USAGE_CHECKS


class Command(BaseCommand):
    """Runs in CI, hourly in production, and after each flow test."""

    help = "Check that usage and money add up everywhere. Exit code 1 on a breach."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """All equations, or those whose name contains a word; heads noted from earlier runs."""
        parser.add_argument("--only", default="", metavar="WORD",
                            help="equations with it in their name, such as journal")  # fmt: skip
        parser.add_argument("--noted", default=[], metavar="STEP:HASH", type=_head, nargs="+",
                            help="heads that an earlier run printed")  # fmt: skip

    def handle(self, *args: Any, **options: Any) -> None:
        """Each equation on a line of its own, its breaches below."""
        breached = 0
        noted = sealed_rows(dict(options["noted"]))
        known = [noted if one.name == SEALED else one for one in (*USAGE_CHECKS, *BILLING_CHECKS)]
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
        self.stdout.write(f"newest seal: {head_of_seals() or 'none yet'}")
        if breached:
            sys.exit(1)


def _head(text: str) -> tuple[int, str]:
    step, _colon, sha256 = text.partition(":")
    if not step.isdecimal() or len(sha256) != 64:
        raise ArgumentTypeError(f"{text!r} is no STEP:HASH as reconcile prints it")
    return int(step), sha256
