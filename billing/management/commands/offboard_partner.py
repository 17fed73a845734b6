"""`manage.py offboard_partner SLUG`: what leaving means; with --confirm SLUG it is done."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from billing.actions.drop_partner import drop_partner
from billing.actions.offboard import LEFT, CannotLeave, Farewell, offboard_partner
from billing.queries.leaving import hindrances, hindrances_to_drop, kept
from tenants import queries
from tenants.models import Partner

_GOES = "its keys, hosts, cached answers, people and customers' names go"
_DROPPED = "its schema and database role go, with all that is in them"


class Command(BaseCommand):
    """Runs as owner. Cannot be undone; safe to repeat, also after it was broken off."""

    help = (
        "Offboard a partner: archive, closure, erasure, receipt; years later, with --drop, the end "
        "of its schema. Without --confirm a dry run."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Who leaves, who says so, where the archive goes."""
        parser.add_argument("slug", help="the partner who leaves")
        parser.add_argument("--as", dest="actor", default="", help="your e-mail, for the audit")
        parser.add_argument("--folder", type=Path, help="where archive and receipts are written")
        parser.add_argument("--confirm", default="", help="the slug once more")
        parser.add_argument(
            "--drop", action="store_true", help="of one that left: drop its schema and role"
        )
        parser.add_argument(
            "--verify", action="store_true", help="only compare receipts and archive in --folder"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Dry run, or one call."""
        slug, folder = options["slug"], options["folder"]
        partner = queries.partner_by_slug(slug)
        if partner is None:
            raise CommandError(f"There is no partner {slug!r}; nothing was changed.")
        if options["verify"]:
            self._verify(Farewell.of(slug, folder or Path()))
        elif not options["confirm"]:
            self._tell(partner, options["drop"])
        else:
            self._do(partner, options)

    def _tell(self, partner: Partner, is_drop: bool) -> None:
        reasons = self._reasons(partner, is_drop)
        for reason in reasons:
            self.stdout.write(f"first: {reason}")
        for name, count in kept(partner.id).items():
            self.stdout.write(f"kept: {count} {name.replace('_', ' ')}")
        verb, what = ("be dropped", _DROPPED) if is_drop else ("leave", _GOES)
        self.stdout.write(
            f"{partner.slug} cannot {verb} yet; nothing was changed." if reasons else
            f"{partner.slug} can {verb}: {what}. "
            f"Nothing was changed; add --folder, --as and --confirm {partner.slug}."
        )  # fmt: skip

    def _reasons(self, partner: Partner, is_drop: bool) -> list[str]:
        now = timezone.now()
        if is_drop:
            is_gone = partner.state == Partner.State.GONE
            return [] if is_gone else hindrances_to_drop(partner, now)
        return [] if partner.state in LEFT else hindrances(partner.id, now)

    def _do(self, partner: Partner, options: dict[str, Any]) -> None:
        if options["confirm"] != partner.slug or not options["folder"] or not options["actor"]:
            raise CommandError(
                "--confirm must repeat the slug, --folder and --as be given; nothing was changed."
            )
        given = {"partner_id": partner.id, "folder": options["folder"],
                 "actor": options["actor"], "now": timezone.now()}  # fmt: skip
        try:
            if options["drop"]:
                receipt = drop_partner(**given)
                return self.stdout.write(f"{partner.slug} is gone: {receipt}")
            made = offboard_partner(kek=settings.KEK, **given)
        except CannotLeave as error:
            raise CommandError("\n".join(["Nothing was changed:", *error.reasons])) from error
        return self.stdout.write(f"{partner.slug} has left: {made.archive}, {made.receipt}")

    def _verify(self, made: Farewell) -> None:
        problems = made.problems()
        if problems:
            raise CommandError(" ".join(problems))
        self.stdout.write("receipt and archive are as they were signed")
