"""`manage.py bootstrap EMAIL`: the first console person of a real installation."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.urls import reverse
from django.utils import timezone

from tenants import schema
from tenants.accounts.links import password_path
from tenants.accounts.models import User
from tenants.actions.bootstrap import AlreadyBegun, first_superadmin


class Command(BaseCommand):
    """Make the superadmin who invites everybody else, and say how to get in."""

    help = "Make the first superadmin of the console and print the link that sets the password."

    def add_arguments(self, parser: CommandParser) -> None:
        """Who it is."""
        parser.add_argument("email", help="of the first superadmin")
        parser.add_argument("--name", default="", help="as colleagues read it")

    def handle(self, *args: Any, **options: Any) -> None:
        """One call; then where to go on."""
        try:
            with schema.in_public():
                person = first_superadmin(
                    email=options["email"], name=options["name"], now=timezone.now()
                )
                said, path = _way_in(person)
        except (AlreadyBegun, ValueError) as refused:
            raise CommandError(str(refused)) from refused
        self.stdout.write(f"{person.email} is superadmin. {said}\n  {settings.CONSOLE_URL}{path}")


def _way_in(person: User) -> tuple[str, str]:
    """What to do next, and the path of the page. A mail may not arrive yet: the link is printed."""
    if person.has_usable_password():
        return "Sign in:", reverse("account_login", urlconf=settings.CONSOLE_URLCONF)
    return "This link sets a password, once:", password_path(person, settings.CONSOLE_URLCONF)
