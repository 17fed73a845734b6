"""`manage.py enter_rates … --as EMAIL`: exchange rates, tax rates and tax status, by finance."""

from argparse import ArgumentParser, ArgumentTypeError
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from billing.actions.taxes import enter_fx_rate, enter_party_status, enter_tax_rate
from billing.queries.people import acting_person
from billing.rules.errors import BillingError
from billing.rules.facts import TREATMENTS
from tenants.schema import in_console


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is not a day such as 2026-09-30") from None


def _number(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise ArgumentTypeError(f"{text!r} is not a number such as 0.92") from None


class Command(BaseCommand):
    """Each fact is one row that is never changed; entering it again later counts instead."""

    help = "Enter what runs freeze: fx, tax (a country's rate), status (how a party is taxed)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """One of three facts, and who enters it."""
        parser.add_argument("--as", dest="email", required=True, metavar="EMAIL")
        facts = parser.add_subparsers(dest="fact", required=True)
        fx = facts.add_parser("fx", help="fx 2026-09-30 USD EUR 0.92")
        fx.add_argument("day", type=_day)
        fx.add_argument("base")
        fx.add_argument("quote")
        fx.add_argument("rate", type=_number)
        tax = facts.add_parser("tax", help="tax GB VAT 20 --from 2026-01-01")
        tax.add_argument("country")
        tax.add_argument("label")
        tax.add_argument("percent", type=_number)
        status = facts.add_parser("status", help="status redis-labs standard --customer acme …")
        status.add_argument("partner", help="slug")
        status.add_argument("treatment", choices=TREATMENTS)
        status.add_argument("--customer", default="", help="the partner's own id; else the partner")
        status.add_argument("--country", default="")
        status.add_argument("--percent", type=_number)
        status.add_argument("--reason", default="")
        for one in (tax, status):
            one.add_argument("--from", dest="valid_from", type=_day, required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        """Enter one fact; a refusal says why."""
        try:
            with in_console():
                actor = acting_person(options["email"], "runs.prepare")
                by = {"actor": actor, "now": timezone.now()}
                row = getattr(self, f"_{options['fact']}")(options, by)
        except BillingError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"entered {row.id}")

    def _fx(self, given: dict[str, Any], by: dict[str, Any]) -> Any:
        return enter_fx_rate(**{name: given[name] for name in ("day", "base", "quote", "rate")},
                             **by)  # fmt: skip

    def _tax(self, given: dict[str, Any], by: dict[str, Any]) -> Any:
        names = ("country", "label", "percent", "valid_from")
        return enter_tax_rate(**{name: given[name] for name in names}, **by)

    def _status(self, given: dict[str, Any], by: dict[str, Any]) -> Any:
        names = ("treatment", "country", "percent", "reason", "valid_from")
        return enter_party_status(slug=given["partner"], external_id=given["customer"],
                                  **{name: given[name] for name in names}, **by)  # fmt: skip
