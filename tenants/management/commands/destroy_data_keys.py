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
        parser.add_argument("slug", help="the partner")
        parser.add_argument("--as", dest="actor", required=True, help="your e-mail, for the audit")
        parser.add_argument(
            "--confirm", default="", help="the slug once more; without it a dry run"
        )
        parser.add_argument(
            "--no-fresh-key", dest="renew", action="store_false",
            help="for a partner that leaves: its API answers 503 from then on",
        )  # fmt: skip

    def handle(self, *args: Any, **options: Any) -> None:
        """Dry run, or one call; says how many keys go."""
        if options["confirm"] not in ("", options["slug"]):
            raise CommandError("--confirm must repeat the slug; nothing was changed.")
        partner = queries.partner_by_slug(options["slug"])
        if partner is None:
            raise CommandError(f"There is no partner {options['slug']!r}; nothing was changed.")
        if not options["confirm"]:
            self.stdout.write(
                f"{queries.data_key_count(partner.id)} data keys of {partner.slug} would be "
                "destroyed: nothing it has cached could be opened any more, in no copy. "
                f"Nothing was changed; add --confirm {partner.slug}."
            )
            return
        destroyed = destroy_data_keys(
            partner_id=partner.id, kek=settings.KEK, actor=options["actor"], now=timezone.now(),
            renew=options["renew"],
        )  # fmt: skip
        self.stdout.write(f"{destroyed} data keys of {partner.slug} destroyed")
