"""`manage.py destroy_data_keys SLUG --as YOU --confirm SLUG`: erase what a partner has cached."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from tenants import queries
from tenants.actions.datakeys import destroy_data_keys


class Command(BaseCommand):
    """Runs as owner, like the provisioner. Cannot be undone."""

    help = "Destroy a partner's data keys: nothing sealed with them can be opened any more."

    def add_arguments(self, parser: CommandParser) -> None:
        """Whose keys, who says so, and the name once more."""
        parser.add_argument("slug")
        parser.add_argument("--as", dest="actor", required=True, help="your e-mail, for the audit")
        parser.add_argument("--confirm", required=True, help="the slug once more")
        parser.add_argument(
            "--no-fresh-key", dest="renew", action="store_false",
            help="for a partner that leaves: its API answers 503 from then on",
        )  # fmt: skip

    def handle(self, *args: Any, **options: Any) -> None:
        """One call; says how many keys went."""
        if options["confirm"] != options["slug"]:
            raise CommandError("--confirm must repeat the slug; nothing was changed.")
        partner = queries.partner_by_slug(options["slug"])
        if partner is None:
            raise CommandError(f"There is no partner {options['slug']!r}; nothing was changed.")
        destroyed = destroy_data_keys(
            partner_id=partner.id, kek=settings.KEK, actor=options["actor"], now=timezone.now(),
            renew=options["renew"],
        )  # fmt: skip
        self.stdout.write(f"{destroyed} data keys of {partner.slug} destroyed")
