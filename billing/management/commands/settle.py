"""`manage.py settle 2026-10 --as EMAIL`: what the control room's button starts."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from billing.actions.open_runs import agreements_in, settle_period
from billing.actions.preview import preview_run
from billing.actions.settle import settle_run
from billing.models import SettlementRun
from billing.queries.people import acting_person
from billing.rules.errors import BillingError
from billing.rules.money import Money
from billing.rules.money_text import format_money
from billing.rules.periods import Period, parse_month
from billing.rules.runs import IN_REVIEW, PARKED, WORKING


class Command(BaseCommand):
    """Opens one run per agreement and queues a task for each; `--wait` settles them here."""

    help = "Settle a month: freeze, rate and submit one run per agreement."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The month, and who submits the runs."""
        parser.add_argument("month", help="YYYY-MM")
        parser.add_argument("--as", dest="email", required=True, metavar="EMAIL",
                            help="platform person who prepares the runs")  # fmt: skip
        parser.add_argument("--preview", action="store_true", help="compute only, write nothing")
        parser.add_argument("--wait", action="store_true",
                            help="settle in this process and print each result")  # fmt: skip

    def handle(self, *args: Any, **options: Any) -> None:
        """One line an agreement; exit status 1 when one is parked or refused."""
        try:
            period = parse_month(options["month"])
            actor = acting_person(options["email"], "runs.prepare")
            if options["preview"]:
                self._preview(period)
            else:
                self._settle(period, actor, options["wait"])
        except BillingError as error:
            raise CommandError(str(error)) from error

    def _settle(self, period: Period, actor: str, wait: bool) -> None:
        opened = settle_period(period=period, actor=actor, now=timezone.now())
        for run in opened.issued:
            self.stdout.write(f"{run.agreement.code}: issued already")
        bad = [f"{agreement.code}: not begun: {why}" for agreement, why in opened.refused]
        for run in opened.runs:
            done = settle_run(run_id=run.id, partner_id=run.partner_id, now=timezone.now()) \
                if wait else run  # fmt: skip
            self.stdout.write(self._line(done))
            if done.state == PARKED:
                bad.append(f"{run.agreement.code}: parked: {done.reason}")
        if not wait and any(run.state in WORKING for run in opened.runs):
            self.stdout.write("Queued; the control room shows progress (--wait settles here).")
        if bad:
            raise CommandError("\n".join(bad))

    def _line(self, run: SettlementRun) -> str:
        if not run.currency:
            return f"{run.agreement.code}: {run.state}"
        amounts = "  ".join(
            f"{name} {format_money(Money(value, run.currency))}"
            for name, value in (("gross", run.gross_minor), ("net", run.net_minor),
                                ("share", run.share_minor), ("shadow", run.shadow_minor))
        )  # fmt: skip
        who = f"  prepared by {run.preparer}" if run.state == IN_REVIEW else ""
        return f"{run.agreement.code}: {run.state}  {amounts}{who}"

    def _preview(self, period: Period) -> None:
        for agreement in agreements_in(period):
            totals = preview_run(agreement_id=agreement.id, period=period).totals
            shown = "  ".join(
                f"{name} {format_money(Money(value, totals.currency))}"
                for name, value in (("gross", totals.gross_minor), ("net", totals.platform_minor),
                                    ("share", totals.partner_minor),
                                    ("shadow", totals.shadow_minor))
            )  # fmt: skip
            self.stdout.write(f"{agreement.code}: preview  {shown}")
