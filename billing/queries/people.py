"""Who acts: platform people by e-mail."""

from billing.rules.errors import BillingError
from tenants.accounts.models import User
from tenants.rules.roles import AUDIENCE_OF, Audience, allows
from tenants.rules.sayings import Said


class UnknownPerson(BillingError):
    """No active platform person has this e-mail."""


class NotAllowed(BillingError):
    """The person's role does not hold the permission."""


def acting_person(email: str, permission: str) -> str:
    """The e-mail, in lower case, of the platform person who may do this (public schema).

    Raises UnknownPerson, NotAllowed.
    """
    email = email.strip().lower()
    row = User.objects.filter(email=email, is_active=True).values_list("role", flat=True).first()
    if row is None or AUDIENCE_OF.get(row) is not Audience.PLATFORM:
        raise UnknownPerson(
            Said(
                "No active platform person has the e-mail %(email)s. Use the e-mail you log in to "
                "the console with.",
                email=f"{email!r}",
            )
        )
    if not allows(row, permission):
        raise NotAllowed(
            Said(
                "%(email)s has the role %(row)s, which lacks the permission %(permission)s. Ask "
                "somebody whose role has it.",
                email=email,
                row=row,
                permission=permission,
            )
        )
    return email
