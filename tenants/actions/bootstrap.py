"""The first person of a new installation's console. In the public schema."""

from datetime import datetime

from django.db import transaction

from tenants import audit
from tenants.accounts.models import User
from tenants.rules.roles import OWNERS, Audience

SUPERADMIN = OWNERS[Audience.PLATFORM]


class AlreadyBegun(ValueError):
    """Somebody may invite people already; `str()` says who to ask."""


def first_superadmin(*, email: str, name: str, now: datetime) -> User:
    """The person who invites everybody else. No password yet: it is set by a mailed link.

    Safe to repeat: the same e-mail again returns the same person. Raises AlreadyBegun when another
    superadmin is active, ValueError without an address.
    """
    email = email.strip().lower()
    if "@" not in email:
        raise ValueError(f"{email!r} is no e-mail address.")
    with transaction.atomic():
        known = User.objects.select_for_update().filter(role=SUPERADMIN, is_active=True)
        found = known.filter(email=email).first()
        if found is not None:
            return found
        other = known.order_by("created_at").first()
        if other is not None:
            raise AlreadyBegun(f"{other.email} is superadmin already and can invite {email}.")
        person = User.objects.create_user(email, None, name=name.strip(), role=SUPERADMIN)
        audit.record(actor="command line", verb="person.bootstrapped", target=email, at=now)
    return person
