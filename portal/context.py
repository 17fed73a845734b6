"""What every page knows: whose host it is, who looks, what the menu may show."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from tenants.rules import roles


def page(request: HttpRequest) -> dict[str, Any]:
    """The owner's brand, the person's audience and permissions, and the demo mark."""
    owner = getattr(request, "owner", None)
    user: Any = getattr(request, "user", None)
    signed_in = bool(user is not None and user.is_authenticated)
    return {
        "owner": owner,
        "brand": owner.brand if owner else None,
        "audience": str(user.audience or "") if signed_in else "",
        "may": roles.permissions_of(user.role) if signed_in else frozenset(),
        "is_demo": settings.DEMO,
    }
