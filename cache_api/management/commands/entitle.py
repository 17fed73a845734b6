"""`manage.py entitle SLUG limits|brand_api|hide_powered_by|… JSON`: what a partner is granted."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from cache_api.actions.entitle import CHECKS, entitle
from cache_api.gateways import embedder
from cache_api.gateways.embedder import EmbedderThread
from cache_api.rules.entitlements import BadEntitlement
from tenants import queries, schema

EXAMPLES = """examples:
  limits     {"key_rps": 100, "key_burst": 200, "partner_rps": 1000, "concurrency": 64}
  brand_api  {"header_prefix": "Redis-Cache", "cache_name": "RedisOverflow",
              "problem_base": "https://cache.redis.example/problems/", "key_prefix": "rcp"}
  hide_powered_by  {"granted": true}
  semantic   {"threshold": 0.92, "budget_bps": 100, "shadow_bps": 200}
  upstreams  {"openai": "https://api.openai.com/v1", "anthropic": "https://api.anthropic.com"}"""


class Command(BaseCommand):
    """The value replaces the one before it; every edge follows within seconds."""

    help = f"Grant a partner {' or '.join(CHECKS)}. {EXAMPLES}"

    def add_arguments(self, parser: CommandParser) -> None:
        """To whom, and what."""
        parser.add_argument("slug", help="the partner")
        parser.add_argument("name", choices=sorted(CHECKS), help="what it is granted")
        parser.add_argument("value", help="a JSON object; it replaces what was there")
        parser.add_argument("--as", dest="actor", required=True, help="your e-mail, for the audit")

    def handle(self, *args: Any, **options: Any) -> None:
        """One call."""
        try:
            value = json.loads(options["value"])
            with schema.in_console():
                partner = queries.partner_by_slug(options["slug"])
                if partner is None:
                    raise CommandError(f"There is no partner {options['slug']!r}.")
                entitle(
                    partner_id=partner.id, name=options["name"], value=value,
                    actor=options["actor"], now=timezone.now(),
                )  # fmt: skip
        except (BadEntitlement, json.JSONDecodeError) as error:
            raise CommandError(f"nothing was changed: {error}") from error
        self.stdout.write("granted")
        if options["name"] == "semantic":
            model = EmbedderThread(embedder.named(), deadline_s=60.0)
            self.stdout.write(f"the model on this machine: {model.wait_until_loaded()}")
            model.close()
