"""`manage.py promote_region NAME`: another region numbers purges and owns their log from now on."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error as DatabaseFailure
from django.utils import timezone

from cache_api.actions.promote_region import WAIT_MS, Refused, promote_region
from cache_api.gateways import servers
from cache_api.gateways.servers import BadConfig
from tenants import audit, schema


class Command(BaseCommand):
    """Needs the regions' `events` Valkeys only; the audit row is written when Postgres answers."""

    help = "Make a region the home, when the home is away or is to be switched off."

    def add_arguments(self, parser: CommandParser) -> None:
        """Which one, and what a person vouches for."""
        parser.add_argument("name", help="one of REGIONS")
        parser.add_argument("--as", dest="actor", required=True, help="your e-mail, for the audit")
        parser.add_argument(
            "--home-is-off", action="store_true",
            help="you made sure that what does not answer is switched off; needed where too few "
                 "regions can be reached. All of them then forget their entries",
        )  # fmt: skip

    def handle(self, *args: Any, **options: Any) -> None:
        """One call; says from when purges can be made."""
        name = options["name"]
        try:
            done = promote_region(
                regions=servers.regions(), name=name, home_is_off=options["home_is_off"]
            )
        except (Refused, BadConfig) as error:
            raise CommandError(f"nothing was promoted: {error}") from error
        if not done.changed:
            self.stdout.write(f"{name} is the home already (promotion {done.term.epoch})")
            return
        self.stdout.write(f"{name} is the home (promotion {done.term.epoch}); it takes purges in "
                          f"{WAIT_MS // 1000} s")  # fmt: skip
        if done.away:
            self.stdout.write(f"did not answer, and follow when they are back: "
                              f"{', '.join(done.away)}")  # fmt: skip
        if done.term.dropped:
            self.stdout.write("every region forgets its entries")
        data = {"epoch": done.term.epoch, "away": list(done.away), "dropped": done.term.dropped}
        try:
            with schema.in_console():
                audit.record(actor=options["actor"], verb="region.promoted", target=name,
                             at=timezone.now(), data=data)  # fmt: skip
        except DatabaseFailure as error:
            self.stderr.write(f"Postgres does not answer, so the audit log lacks this: {error}")
