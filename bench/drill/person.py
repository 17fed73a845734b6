"""`python -m bench.drill.person SLUG EMAIL PASSWORD`: an owner at a partner who can log in."""

import os
import sys

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
os.environ.setdefault("AC_DB_LOGIN", "owner")

import django

django.setup()

from django.contrib.auth.hashers import make_password  # noqa: E402

from tenants import schema  # noqa: E402
from tenants.accounts.models import User  # noqa: E402
from tenants.models import Partner  # noqa: E402


def main(slug: str, email: str, password: str) -> None:
    """Create the row in the partner's schema."""
    with schema.in_partner(Partner.objects.get(slug=slug)):
        User.objects.create(email=email, password=make_password(password), role="owner")


if __name__ == "__main__":
    main(*sys.argv[1:])
