"""`manage.py offboard_partner SLUG`: what leaving means; with --confirm SLUG it is done."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from billing.actions.offboard import CannotLeave, offboard_partner, receipt_problems
from billing.queries.leaving import hindrances, kept
from tenants import queries
from tenants.models import Partner


class Command(BaseCommand):
    """Runs as owner. Cannot be undone; safe to repeat, also after it was broken off."""

    help = "Offboard a partner: archive, closure, erasure, receipt. Without --confirm a dry run."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Who leaves, who says so, where the archive goes."""
        parser.add_argument("slug")
        parser.add_argument("--as", dest="actor", default="", help="your e-mail, for the audit")
        parser.add_argument("--folder", type=Path, help="where archive and receipt are written")
        parser.add_argument("--confirm", default="", help="the slug once more")
        parser.add_argument(
            "--verify", action="store_true", help="only compare receipt and archive in --folder"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Dry run, or one call."""
        slug, folder = options["slug"], options["folder"]
        partner = queries.partner_by_slug(slug)
        if partner is None:
            raise CommandError(f"There is no partner {slug!r}; nothing was changed.")
        if options["verify"]:
            self._verify(slug, folder or Path())
        elif not options["confirm"]:
            self._tell(partner)
        else:
            self._do(partner, options)

    def _tell(self, partner: Partner) -> None:
        now = timezone.now()
        reasons = [] if partner.state == Partner.State.CLOSED else hindrances(partner.id, now)
        for reason in reasons:
            self.stdout.write(f"first: {reason}")
        for name, count in kept(partner.id).items():
            self.stdout.write(f"kept: {count} {name.replace('_', ' ')}")
        self.stdout.write(
            f"{partner.slug} cannot leave yet; nothing was changed." if reasons else
            f"{partner.slug} can leave: its keys, hosts, cached answers, people and customers' "
            f"names go. Nothing was changed; add --folder, --as and --confirm {partner.slug}."
        )  # fmt: skip

    def _do(self, partner: Partner, options: dict[str, Any]) -> None:
        if options["confirm"] != partner.slug or not options["folder"] or not options["actor"]:
            raise CommandError(
                "--confirm must repeat the slug, --folder and --as be given; nothing was changed."
            )
        try:
            made = offboard_partner(
                partner_id=partner.id, folder=options["folder"], kek=settings.KEK,
                actor=options["actor"], now=timezone.now(),
            )  # fmt: skip
        except CannotLeave as error:
            raise CommandError("\n".join(["Nothing was changed:", *error.reasons])) from error
        self.stdout.write(f"{partner.slug} has left: {made.archive}, {made.receipt}")

    def _verify(self, slug: str, folder: Path) -> None:
        try:
            receipt = (folder / f"{slug}.receipt.json").read_bytes()
            archive = (folder / f"{slug}.zip").read_bytes()
        except OSError as error:
            raise CommandError(str(error)) from error
        problems = receipt_problems(receipt, archive)
        if problems:
            raise CommandError(" ".join(problems))
        self.stdout.write("receipt and archive are as they were signed")
