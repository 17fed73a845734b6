"""People of the scope."""

from tenants.accounts.models import User
from tenants.rules.roles import AUDIENCE_OF, allows


def people_with(permission: str) -> list[str]:
    """E-mails of the active people of this scope whose role holds the permission. One query."""
    roles = [role for role in AUDIENCE_OF if allows(role, permission)]
    rows = User.objects.filter(is_active=True, role__in=roles)
    return list(rows.order_by("email").values_list("email", flat=True))
