"""`manage.py bootstrap EMAIL`: the first console person of a real installation."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from tenants import schema
from tenants.actions.bootstrap import AlreadyBegun, first_superadmin


class Command(BaseCommand):
    """Make the superadmin who invites everybody else; the password is set by a mailed link."""

    help = "Make the first superadmin of the console. Run it as AC_DB_LOGIN=owner."

    def add_arguments(self, parser: CommandParser) -> None:
        """Who it is."""
        parser.add_argument("email")
        parser.add_argument("--name", default="")

    def handle(self, *args: Any, **options: Any) -> None:
        """One call; then where to go on."""
        try:
            with schema.in_public():
                person = first_superadmin(
                    email=options["email"], name=options["name"], now=timezone.now()
                )
        except (AlreadyBegun, ValueError) as refused:
            raise CommandError(str(refused)) from refused
        scheme = "https" if settings.HTTPS else "http"
        self.stdout.write(
            f"{person.email} is superadmin. Set a password by mail:\n"
            f"  {scheme}://{settings.CONSOLE_HOST}/accounts/password/reset/"
        )
