"""`manage.py set_quota SLUG CUSTOMER JSON`: how many lookups a customer may make."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from cache_api.actions.entitle import UnknownCustomer, set_quota
from cache_api.rules.entitlements import BadEntitlement
from tenants import queries, schema


class Command(BaseCommand):
    """Beyond the quota a lookup is a miss; with `hard` it is refused with 429."""

    help = 'Set a quota, such as {"day": 10000, "month": 200000, "hard": false}; null removes it.'

    def add_arguments(self, parser: CommandParser) -> None:
        """Whose, and how much."""
        parser.add_argument("slug", help="the partner")
        parser.add_argument("customer", help="the partner's own id for its customer")
        parser.add_argument(
            "quota", help="requests a UTC day, a UTC month, and whether more are refused; or null"
        )
        parser.add_argument("--as", dest="actor", required=True, help="your e-mail, for the audit")

    def handle(self, *args: Any, **options: Any) -> None:
        """One call; says whether anything changed."""
        with schema.in_console():
            partner = queries.partner_by_slug(options["slug"])
        if partner is None:
            raise CommandError(f"There is no partner {options['slug']!r}; nothing was changed.")
        try:
            quota = json.loads(options["quota"])
            with schema.in_partner(partner):
                changed = set_quota(
                    partner_id=partner.id, external_id=options["customer"], quota=quota,
                    actor=options["actor"], now=timezone.now(),
                )  # fmt: skip
        except (BadEntitlement, UnknownCustomer, json.JSONDecodeError) as error:
            raise CommandError(f"nothing was changed: {error}") from error
        self.stdout.write("set" if changed else "it was so already; nothing changed")
