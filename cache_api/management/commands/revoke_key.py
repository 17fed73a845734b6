"""`manage.py revoke_key SLUG KEY_ID`: a key stops working everywhere within five seconds."""

import uuid
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError
from django.utils import timezone
from django.utils.translation import gettext as _

from cache_api.actions.revoke_now import UnknownKey, entomb_key
from cache_api.gateways import servers
from cache_api.queries.key_activity import KeyActivity, key_activity
from tenants import queries, schema
from tenants.actions.key_notices import tell_of_revocation
from tenants.actions.keys import revoke_key
from tenants.models import Partner


class Command(BaseCommand):
    """The 12 characters after `acp_live_` are the key's id; the secret is not needed."""

    help = "Revoke an API key by its id. Safe to repeat."

    def add_arguments(self, parser: CommandParser) -> None:
        """Which key of which partner."""
        parser.add_argument("slug", help="the partner")
        parser.add_argument("key_id", help="the 12 characters after acp_live_ or acp_test_")
        parser.add_argument("--as", dest="actor", required=True, help="your e-mail, for the audit")
        parser.add_argument(
            "--emergency", action="store_true",
            help="first in every region, without PostgreSQL if need be; then says what the key did "
                 "in its last 24 hours, and mails the partner's owners and admins",
        )  # fmt: skip

    def handle(self, *args: Any, **options: Any) -> None:
        """Tombstones where asked for, then the row; says whether anything changed."""
        if options["emergency"]:
            self._everywhere(options["slug"], options["key_id"])
        try:
            with schema.in_console():
                self._in_postgres(options)
        except DatabaseError as error:
            if not options["emergency"]:
                raise
            raise CommandError(
                f"The key is stopped, but PostgreSQL does not know it: {error}".strip()
                + "\nNothing is audited or mailed yet: repeat the command when it is back."
            ) from error

    def _everywhere(self, slug: str, key_id: str) -> None:
        try:
            told = entomb_key(
                slug=slug, key_id=key_id, regions=servers.regions(), now=timezone.now()
            )
        except (UnknownKey, servers.BadConfig) as error:
            raise CommandError(str(error)) from error
        for region, trouble in told.items():
            self.stdout.write(f"{region}: {trouble or 'stopped, for all within five seconds'}")
        if any(told.values()):
            self.stderr.write("Repeat the command until every region has stopped it.")

    def _in_postgres(self, options: dict[str, Any]) -> None:
        slug, key_id = options["slug"], options["key_id"]
        partner = queries.partner_by_slug(slug)
        if partner is None:
            raise CommandError(f"There is no partner {slug!r}; nothing was changed.")
        known = {key.id: key for key in queries.api_keys(partner.id)}
        if key_id not in known:
            raise CommandError(
                f"{slug} has no key {key_id!r}; nothing was changed. "
                f"Its keys: {', '.join(known) or 'none'}."
            )
        changed = revoke_key(
            partner_id=partner.id, key_id=key_id, actor=options["actor"], now=timezone.now()
        )
        self.stdout.write("revoked" if changed else "it was revoked already; nothing changed")
        if options["emergency"]:
            self._tell(partner.id, key_id, changed)

    def _tell(self, partner_id: uuid.UUID, key_id: str, changed: bool) -> None:
        with schema.in_partner(Partner.objects.get(pk=partner_id)):
            did = key_activity(partner_id, key_id, timezone.now())
        self.stdout.write(activity_text(did))
        if changed:
            taken = tell_of_revocation(partner_id=partner_id, key_id=key_id,
                                       activity=lambda: activity_text(did))  # fmt: skip
            self.stdout.write(f"{taken} people were mailed")


def activity_text(did: KeyActivity) -> str:
    """Plain lines for the terminal and the mail, in the language in force."""
    if did.first_at is None or did.last_at is None:
        return _("In the last 24 hours no request of this key was recorded.")
    said = _("%(n)s requests were recorded in the last 24 hours, the first at %(first)s UTC, the "
             "last at %(last)s UTC.")  # fmt: skip
    lines = [said % {"n": did.requests, "first": f"{did.first_at:%Y-%m-%d %H:%M:%S}",
                     "last": f"{did.last_at:%Y-%m-%d %H:%M:%S}"}]  # fmt: skip
    for words, rows in (
        (_("By outcome: %(found)s."), did.outcomes),
        (_("By customer: %(found)s."), did.customers),
        (_("By model: %(found)s."), did.models),
        (_("By region: %(found)s."), did.regions),
    ):
        found = ", ".join(f"{one or _('unknown')} {count}" for one, count in rows)
        lines.append(words % {"found": found})
    return "\n".join(lines)
