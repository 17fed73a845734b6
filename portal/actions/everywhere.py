"""One deed for each partner, in its own schema."""

from __future__ import annotations

from collections.abc import Callable, Collection

from tenants import schema
from tenants.models import Partner

ACTIVE = (Partner.State.ACTIVE,)
OPEN_PORTALS = (Partner.State.ACTIVE, Partner.State.SUSPENDED)


def for_each_partner(deed: Callable[[Partner], int], states: Collection[str] = ACTIVE) -> int:
    """The sum of what `deed` returned, by slug, each call inside its partner's schema and role.

    Safe to repeat as far as `deed` is.
    """
    done = 0
    for partner in Partner.objects.filter(state__in=states).order_by("slug"):
        with schema.in_partner(partner):
            done += deed(partner)
    return done
