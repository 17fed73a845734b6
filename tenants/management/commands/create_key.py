"""`manage.py create_key SLUG`: an API key for a partner, or for one of its customers."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from tenants import queries, schema
from tenants.actions.keys import create_key


class Command(BaseCommand):
    """Prints the key once; only its hash is kept."""

    help = "Make an API key. It works within seconds, once the recorder has published it."

    def add_arguments(self, parser: CommandParser) -> None:
        """For whom, and in which mode."""
        parser.add_argument("slug", help="the partner")
        parser.add_argument("--as", dest="actor", required=True, help="your e-mail, for the audit")
        parser.add_argument("--customer", help="bind the key to this customer's external id")
        parser.add_argument("--test", action="store_true", help="test mode: never billed")
        parser.add_argument("--label", default="", help="what people call it")

    def handle(self, *args: Any, **options: Any) -> None:
        """One call; the key goes to standard output alone, so that it can be piped."""
        with schema.in_console():
            partner = queries.partner_by_slug(options["slug"])
            if partner is None:
                raise CommandError(f"There is no partner {options['slug']!r}; nothing was made.")
            _, text = create_key(
                partner_id=partner.id, livemode=not options["test"], label=options["label"],
                customer_external_id=options["customer"], actor=options["actor"],
                now=timezone.now(),
            )  # fmt: skip
        self.stderr.write("This key is shown once. Keep it where secrets are kept.")
        self.stdout.write(text)
