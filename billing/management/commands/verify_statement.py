"""`manage.py verify_statement FILE`: recompute a settled month from its archive alone."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from billing.rules.errors import BillingError
from billing.rules.money import Money
from billing.rules.money_text import format_money
from billing.rules.trust.archive import read_archive
from billing.rules.trust.recompute import recompute


class Command(BaseCommand):
    """Reads the file only: no database, no network. Exit status 1 when something does not fit."""

    help = "Recompute a downloaded statement archive to the cent; name every changed file."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The archive."""
        parser.add_argument("file", type=Path, help="the .zip downloaded beside a statement")

    def handle(self, *args: Any, **options: Any) -> None:
        """One line a document, then what differs."""
        try:
            with options["file"].open("rb") as source:
                files, damaged = read_archive(source)
            found = recompute(files) if not damaged else None
        except (OSError, BillingError, ValueError, KeyError) as error:
            raise CommandError(f"{options['file']} cannot be recomputed: {error}") from error
        wrong = damaged or list(found.changed) if found is None or found.changed else []
        for number, (stated, computed) in (found.totals if found else {}).items():
            told = format_money(Money(stated, found.currency))
            due = format_money(Money(computed, found.currency))
            self.stdout.write(f"{number}: {told} stated, {due} computed")
        wrong += [
            f"{one.document}, {one.what}: stated {one.stated}, computed {one.computed}"
            for one in (found.differences if found else ())
        ]
        if wrong:
            raise CommandError("\n".join(wrong))
        self.stdout.write(f"Everything comes out. Seal {found.seal}")
