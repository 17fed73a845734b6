"""`manage.py rotate_kek --as YOU`: everything under the first platform key of KEK_FILE."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from billing.queries.payouts import sealed_by
from cache_api.actions.hooks import endpoints
from tenants import queries, schema
from tenants.actions import senders, sso
from tenants.actions.datakeys import rewrap_data_keys
from tenants.resolve import SERVED
from tenants.rules.datakeys import BadKek, CannotUnwrap, kek_id, parse_kek
from tenants.rules.sealing import CannotOpen


class Command(BaseCommand):
    """Runs as owner. Online: whoever reads the file with both keys opens what either wrapped."""

    help = "Wrap data keys and secrets anew after a platform key was added. Repeatable."

    def add_arguments(self, parser: CommandParser) -> None:
        """Who says so."""
        parser.add_argument("--as", dest="actor", required=True, help="your e-mail, for the audit")

    def handle(self, *args: Any, **options: Any) -> None:
        """Data keys, then each partner's secrets; says which older key is still needed."""
        kek, secrets = settings.KEK, 0
        try:
            current = kek_id(parse_kek(kek)).hex()
            keys = rewrap_data_keys(kek=kek, actor=options["actor"], now=timezone.now())
            secrets += senders.rewrap_sender_keys(kek=kek)
            for partner in queries.partner_list():
                if partner.state in SERVED:
                    with schema.in_partner(partner):
                        secrets += endpoints.rewrap_secrets(kek=kek) + sso.rewrap_secrets(kek=kek)
        except (BadKek, CannotUnwrap, CannotOpen) as error:
            raise CommandError(f"{error}. What was done before stays; nothing is lost.") from error
        self.stdout.write(f"under {current}: {keys} data keys and {secrets} secrets wrapped anew")
        older = {
            name: count for name, count in sealed_by(timezone.now()).items() if name != current
        }
        for name, count in older.items():
            self.stdout.write(
                f"{count} payout details are sealed by {name}: keep its line in the file until "
                "their partners have entered them anew"
            )
        if not older:
            self.stdout.write("nothing else is under an older key: take its line out and restart")
