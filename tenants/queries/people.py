"""People of the scope, and what they did."""

import uuid

from allauth.mfa.models import Authenticator

from tenants.accounts.models import Overlay, SignIn, User
from tenants.rules.roles import AUDIENCE_OF, allows


def people_with(permission: str) -> list[str]:
    """E-mails of the active people of this scope whose role holds the permission. One query."""
    roles = [role for role in AUDIENCE_OF if allows(role, permission)]
    rows = User.objects.filter(is_active=True, role__in=roles)
    return list(rows.order_by("email").values_list("email", flat=True))


def customer_people(customer_id: uuid.UUID, limit: int) -> list[User]:
    """A customer's people, those who may sign in first."""
    rows = User.objects.filter(customer_id=customer_id)
    return list(rows.order_by("-is_active", "email")[:limit])


def count_customer_people(customer_id: uuid.UUID, **more: str) -> int:
    """How many of a customer may sign in; `role` counts only those of that role."""
    return User.objects.filter(customer_id=customer_id, is_active=True, **more).count()


def factors_of(person_id: uuid.UUID) -> list[Authenticator]:
    """A person's second factors, oldest first."""
    return list(Authenticator.objects.filter(user_id=person_id).order_by("created_at"))


def sign_ins_of(person_id: uuid.UUID, limit: int) -> list[SignIn]:
    """A person's last tries to sign in, newest first."""
    return list(SignIn.objects.filter(person_id=person_id).order_by("-at")[:limit])


def looks_at_customer(
    customer_id: uuid.UUID, *, limit: int, offset: int
) -> tuple[list[Overlay], int]:
    """Looks of the partner's staff at a customer's portal, newest first, and how many there are."""
    rows = Overlay.objects.filter(customer_id=customer_id).order_by("-started_at")
    return list(rows[offset : offset + limit]), rows.count()
