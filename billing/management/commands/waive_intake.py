"""`manage.py waive_intake 2026-10 --as EMAIL --reason WHY`: asked by one, confirmed by another."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from billing.actions.waive_intake import waive_intake
from billing.queries.people import acting_person
from billing.rules.errors import BillingError
from billing.rules.periods import parse_month


class Command(BaseCommand):
    """Lets a month be settled while an edge still holds usage back on its disk."""

    help = "Let a month be closed although usage is on its way (two people, one after the other)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The month, who says so, and why."""
        parser.add_argument("month", help="YYYY-MM")
        parser.add_argument("--as", dest="email", required=True, metavar="EMAIL",
                            help="platform person who says so; another one confirms")  # fmt: skip
        parser.add_argument("--reason", required=True, help="kept with the run, for auditors")

    def handle(self, *args: Any, **options: Any) -> None:
        """Says what is still missing: the second person, or nothing."""
        try:
            waiver = waive_intake(
                period=parse_month(options["month"]), reason=options["reason"],
                actor=acting_person(options["email"], "runs.approve"), now=timezone.now(),
            )  # fmt: skip
        except BillingError as error:
            raise CommandError(str(error)) from error
        if waiver.confirmed_by:
            self.stdout.write(f"Waived by {waiver.asked_by} and {waiver.confirmed_by}.")
        else:
            self.stdout.write("Asked for. A second person has to confirm it the same way.")
