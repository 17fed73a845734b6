"""`manage.py revoke_key SLUG KEY_ID`: a key stops working everywhere within five seconds."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from tenants import queries, schema
from tenants.actions.keys import revoke_key


class Command(BaseCommand):
    """The 12 characters after `acp_live_` are the key's id; the secret is not needed."""

    help = "Revoke an API key by its id. Safe to repeat."

    def add_arguments(self, parser: CommandParser) -> None:
        """Which key of which partner."""
        parser.add_argument("slug")
        parser.add_argument("key_id", help="the 12 characters after acp_live_ or acp_test_")
        parser.add_argument("--as", dest="actor", required=True, help="your e-mail, for the audit")

    def handle(self, *args: Any, **options: Any) -> None:
        """One call; says whether anything changed."""
        with schema.in_console():
            partner = queries.partner_by_slug(options["slug"])
            if partner is None:
                raise CommandError(f"There is no partner {options['slug']!r}; nothing was changed.")
            known = {key.id: key for key in queries.api_keys(partner.id)}
            if options["key_id"] not in known:
                raise CommandError(
                    f"{options['slug']} has no key {options['key_id']!r}; nothing was changed. "
                    f"Its keys: {', '.join(known) or 'none'}."
                )
            changed = revoke_key(
                partner_id=partner.id, key_id=options["key_id"], actor=options["actor"],
                now=timezone.now(),
            )  # fmt: skip
        self.stdout.write("revoked" if changed else "it was revoked already; nothing changed")
