"""What every page knows: whose host it is, who looks, what the menu may show."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from portal import nav
from portal.queries.status import troubles
from tenants.accounts.permissions import eyes
from tenants.rules import roles


def page(request: HttpRequest) -> dict[str, Any]:
    """The owner's brand, the person's audience, permissions and menu, and the demo mark."""
    owner = getattr(request, "owner", None)
    user: Any = getattr(request, "user", None)
    signed_in = bool(user is not None and user.is_authenticated)
    audience = str(eyes(request).audience or "") if signed_in else ""
    may = roles.permissions_of(eyes(request).role) if signed_in else frozenset[str]()
    return {
        "owner": owner,
        "brand": owner.brand if owner else None,
        "audience": audience,
        "may": may,
        "nav": nav.menu(request, audience, may),
        "overlay": getattr(request, "overlay", None),
        "is_demo": settings.DEMO,
        "stripe_simulated": settings.STRIPE_SIMULATED,
        "requires_mfa": settings.REQUIRE_MFA,
        "troubles": troubles() if signed_in else [],
    }
