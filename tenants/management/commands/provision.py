"""`manage.py provision`: the provisioner. Takes queued openings one by one."""

import signal
import threading
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.db import DatabaseError, InterfaceError, connection
from django.utils import timezone

from tenants.actions.provision import claim_job, open_partner


class Command(BaseCommand):
    """The only process with the owner's credentials; it serves no HTTP."""

    help = "Open partners that were asked for. Runs until stopped; --once empties the queue."

    def add_arguments(self, parser: CommandParser) -> None:
        """Run forever, or once for scripts and tests."""
        parser.add_argument("--once", action="store_true", help="empty the queue, then end")

    def handle(self, *args: Any, **options: Any) -> None:
        """Claim, open, repeat; a database that is away is waited for."""
        stop = threading.Event()
        if not options["once"]:
            signal.signal(signal.SIGTERM, lambda *_: stop.set())
            signal.signal(signal.SIGINT, lambda *_: stop.set())
        while not stop.is_set():
            try:
                job = claim_job(now=timezone.now())
                if job is not None:
                    open_partner(job=job, kek=settings.KEK, clock=timezone.now)
                    self.stdout.write(f"{job.partner.slug}: worked")
                    continue
            except (DatabaseError, InterfaceError) as error:
                self.stderr.write(f"database away: {error}")
                connection.close()
            if options["once"]:
                return
            stop.wait(0.3)
