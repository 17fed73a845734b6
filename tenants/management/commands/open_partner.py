"""`manage.py open_partner SLUG`: leave the same request the console page leaves, then watch it."""

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from tenants import queries, schema
from tenants.actions.partners import UnableToOpenPartner, request_partner
from tenants.models import Partner, ProvisioningJob


class Command(BaseCommand):
    """Ask for a partner and show the provisioner's progress."""

    help = "Open a partner: its schema, database role, hosts, data key, brand and first owner."

    def add_arguments(self, parser: CommandParser) -> None:
        """The facts a partner starts with."""
        parser.add_argument("slug", help="in addresses and names for good: a-z, 0-9 and -")
        parser.add_argument("--name", required=True, help="as people read it")
        parser.add_argument("--kind", required=True, choices=Partner.Kind.values,
                            help="what it sells")  # fmt: skip
        parser.add_argument("--host", default="", help="the partner's own hostname")
        parser.add_argument("--seed", default="#3355CC", help="brand colour, like #FF4438")
        parser.add_argument("--product", default="", help="product name shown to customers")
        parser.add_argument("--legal-name", default="", help="its company, on papers")
        parser.add_argument("--owner", default="", help="e-mail of the first owner")
        parser.add_argument("--as", dest="actor", default="command line",
                            help="your e-mail, for the audit")  # fmt: skip
        parser.add_argument("--no-wait", action="store_true", help="do not wait for the opening")

    def handle(self, *args: Any, **options: Any) -> None:
        """One call, then progress until the job is done."""
        with schema.in_console():
            try:
                job = request_partner(
                    slug=options["slug"], name=options["name"], kind=options["kind"],
                    host=options["host"], seed_hex=options["seed"], actor=options["actor"],
                    owner_email=options["owner"], product_name=options["product"],
                    legal_name=options["legal_name"], now=timezone.now(),
                )  # fmt: skip
            except UnableToOpenPartner as error:
                raise CommandError(str(error)) from error
            self.stdout.write(f"requested {options['slug']} ({job.partner_id})")
            if not options["no_wait"]:
                self._watch(job)

    def _watch(self, job: ProvisioningJob) -> None:
        shown, deadline = "", time.monotonic() + 60
        while time.monotonic() < deadline:
            row = queries.provisioning_job(job.partner_id)
            if row is not None and row.step != shown:
                shown = row.step
                self.stdout.write(f"  {shown}")
            if row is not None and row.state == ProvisioningJob.State.DONE:
                return
            if row is not None and row.state == ProvisioningJob.State.FAILED:
                raise CommandError(f"Opening failed at {row.detail}")
            time.sleep(0.2)
        raise CommandError(
            "The provisioner has not taken the job within a minute. Is `manage.py provision` "
            "running? The request is kept; it goes on when the provisioner starts."
        )
