"""`manage.py enter_rates … --as EMAIL`: exchange and tax rates and tax status, by two people."""

from argparse import ArgumentParser, ArgumentTypeError
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from billing.actions.decide_request import approve_request
from billing.actions.finance_requests import decline_request
from billing.actions.taxes import ask_fx_rate, ask_party_status, ask_tax_rate
from billing.models import FinanceRequest
from billing.queries.people import acting_person
from billing.rules.errors import BillingError
from billing.rules.facts import CHARGES, TREATMENTS
from billing.rules.finance_requests import RATES, told
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
    """One person asks, a second one approves; then it is a row that never changes."""

    help = (
        "Enter what runs freeze: fx, tax (a country's rate), status (how a party is taxed). "
        "A second person approves what is waiting."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """One of three facts and who asks for it; or a decision and who makes it."""
        parser.add_argument("--as", dest="email", required=True, metavar="EMAIL",
                            help="platform person who asks, or another who decides")  # fmt: skip
        facts = parser.add_subparsers(dest="fact", required=True)
        fx = facts.add_parser("fx", help="fx 2026-09-30 USD EUR 0.92")
        fx.add_argument("day", type=_day, help="YYYY-MM-DD, the last of the month it is for")
        fx.add_argument("base", help="currency, such as USD")
        fx.add_argument("quote", help="currency, such as EUR")
        fx.add_argument("rate", type=_number, help="what one of the first is in the second")
        tax = facts.add_parser("tax", help="tax GB VAT 20 --from 2026-01-01")
        tax.add_argument("country", help="two letters, such as GB")
        tax.add_argument("label", help="as papers call the tax, such as VAT")
        tax.add_argument("percent", type=_number, help="such as 20 or 8.1")
        status = facts.add_parser("status", help="status redis-labs standard --customer acme …")
        status.add_argument("partner", help="slug")
        status.add_argument("treatment", choices=TREATMENTS, help="how the party is taxed")
        status.add_argument("--customer", default="", help="the partner's own id; else the partner")
        status.add_argument("--country", default="", help="two letters, where it is not its own")
        status.add_argument("--percent", type=_number, help="of a treatment with a rate of its own")
        status.add_argument("--charges", choices=CHARGES, default="", help="of these alone")
        status.add_argument("--reason", default="", help="printed where no tax is charged")
        facts.add_parser("waiting", help="what a second person has to decide on")
        for name in ("approve", "decline"):
            facts.add_parser(name).add_argument("request", type=UUID, help="its id in `waiting`")
        facts.choices["decline"].add_argument("reason", help="for whoever asked")
        for one in (tax, status):
            one.add_argument("--from", dest="valid_from", type=_day, required=True,
                             help="YYYY-MM-DD, the first day it holds")  # fmt: skip

    def handle(self, *args: Any, **options: Any) -> None:
        """Ask, list or decide; a refusal says why."""
        decides = options["fact"] in ("approve", "decline")
        try:
            with in_console():
                right = "runs.approve" if decides else "runs.prepare"
                by = {"actor": acting_person(options["email"], right), "now": timezone.now()}
                self.stdout.write(getattr(self, f"_{options['fact']}")(options, by))
        except BillingError as error:
            raise CommandError(str(error)) from error

    def _waiting(self, _given: dict[str, Any], _by: dict[str, Any]) -> str:
        rows = FinanceRequest.objects.filter(approved_by="", declined_by="", kind__in=RATES)
        return "\n".join(
            f"{row.id} {row.kind}: {told(row.facts)}; asked by {row.asked_by}"
            for row in rows
        ) or "nothing waits"  # fmt: skip

    def _approve(self, given: dict[str, Any], by: dict[str, Any]) -> str:
        return f"entered {approve_request(request_id=given['request'], **by).id}"

    def _decline(self, given: dict[str, Any], by: dict[str, Any]) -> str:
        row = decline_request(request_id=given["request"], reason=given["reason"], **by)
        return f"declined {row.id}"

    def _fx(self, given: dict[str, Any], by: dict[str, Any]) -> str:
        names = ("day", "base", "quote", "rate")
        return _asked(ask_fx_rate(**{name: given[name] for name in names}, **by))

    def _tax(self, given: dict[str, Any], by: dict[str, Any]) -> str:
        names = ("country", "label", "percent", "valid_from")
        return _asked(ask_tax_rate(**{name: given[name] for name in names}, **by))

    def _status(self, given: dict[str, Any], by: dict[str, Any]) -> str:
        names = ("treatment", "country", "percent", "reason", "valid_from", "charges")
        facts = {name: given[name] for name in names}
        return _asked(ask_party_status(slug=given["partner"], external_id=given["customer"],
                                       **facts, **by))  # fmt: skip


def _asked(row: FinanceRequest) -> str:
    return f"asked {row.id}: a second person enters it with `enter_rates … approve {row.id}`"
