"""`manage.py read_bounce < MAIL`: what a mail server pipes here when mail comes back."""

import os
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from django.utils import timezone

from billing.actions.bounces import note_bounces
from tenants.rules.bounces import MOST_BYTES, NoReport


class Command(BaseCommand):
    """Ends with 0 for mail that is no report, too: nobody shall answer a report."""

    help = "Take in a delivery report (RFC 3464) from a file or standard input. Safe to repeat."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The mail."""
        parser.add_argument("file", nargs="?", type=Path, help="standard input without it")

    def handle(self, *args: Any, **options: Any) -> None:
        """A line an address; exit status 75 (try again later) while PostgreSQL is away."""
        try:
            with open(options["file"] or sys.stdin.fileno(), "rb") as mail:
                raw = mail.read(MOST_BYTES + 1)
        except OSError as error:
            raise CommandError(str(error)) from error
        try:
            found = note_bounces(raw=raw, now=timezone.now())
        except NoReport as error:
            self.stdout.write(f"ignored: {error}")
            return
        except DatabaseError as error:
            raise CommandError(str(error), returncode=os.EX_TEMPFAIL) from error
        for one in found:
            told = "marked" if one.is_marked else "noted"
            self.stdout.write(f"{told}: {one.address} {one.status}" if one.address
                              else f"ignored: no mail of ours, {one.status}")  # fmt: skip
        if not found:
            self.stdout.write("ignored: nothing failed for good")
