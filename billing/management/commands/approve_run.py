"""`manage.py approve_run 2026-10 --as EMAIL`: the second person's yes to a month's clean runs."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from billing.actions.review import approve_period
from billing.actions.settle import issue_approved
from billing.queries.people import acting_person
from billing.rules.errors import BillingError
from billing.rules.periods import parse_month
from billing.rules.runs import PARKED


class Command(BaseCommand):
    """Approves as one set and queues the issue; `--wait` issues in this process."""

    help = "Approve a month's runs in review (not your own) and issue their documents."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The month, and who approves."""
        parser.add_argument("month", help="YYYY-MM")
        parser.add_argument("--as", dest="email", required=True, metavar="EMAIL",
                            help="platform person who approves, not who prepared")  # fmt: skip
        parser.add_argument("--wait", action="store_true", help="issue in this process")

    def handle(self, *args: Any, **options: Any) -> None:
        """One line a run; exit status 1 when one is parked."""
        try:
            period = parse_month(options["month"])
            actor = acting_person(options["email"], "runs.approve")
            runs = approve_period(period=period, actor=actor, now=timezone.now())
        except BillingError as error:
            raise CommandError(str(error)) from error
        bad = []
        for run in runs:
            done = issue_approved(run_id=run.id, partner_id=run.partner_id, now=timezone.now()) \
                if options["wait"] else run  # fmt: skip
            self.stdout.write(f"{run.agreement.code}: {done.state}")
            if done.state == PARKED:
                bad.append(f"{run.agreement.code}: parked: {done.reason}")
        if bad:
            raise CommandError("\n".join(bad))
