"""`manage.py adopt_accounts --as EMAIL`: Stripe accounts named before Connect become ours."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from billing.actions.adopt_accounts import KNOWN, NOT_READY, READY, adopt_accounts
from billing.gateways import stripe_api
from billing.queries.people import acting_person
from billing.rules.errors import BillingError
from tenants.queries import partner_names


class Command(BaseCommand):
    """One line an account; exit status 1 when one stays out."""

    help = "Connect the Stripe accounts that partners gave as payout details before Connect."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Who does it."""
        parser.add_argument("--as", dest="email", required=True, metavar="EMAIL",
                            help="platform person who may approve money")  # fmt: skip

    def handle(self, *args: Any, **options: Any) -> None:
        """Look at each at Stripe and say what became of it; accounts are masked."""
        stripe = stripe_api.connect()
        if stripe is None:
            raise CommandError("Set STRIPE_API_KEY first: the accounts are looked at at Stripe.")
        try:
            actor = acting_person(options["email"], "money.approve")
            found = adopt_accounts(stripe=stripe, kek=settings.KEK, actor=actor,
                                   now=timezone.now())  # fmt: skip
        except BillingError as error:
            raise CommandError(str(error)) from error
        names = partner_names()
        for one in found:
            self.stdout.write(f"{names.get(one.partner_id, '?')} {one.masked}: {one.outcome}")
        out = [one for one in found if one.outcome not in (READY, NOT_READY, KNOWN)]
        if out:
            raise CommandError(f"{len(out)} of {len(found)} stay out; see above.")
        self.stdout.write(f"{len(found)} looked at")
