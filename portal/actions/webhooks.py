"""From facts to deliveries: what became known is kept as events, and sending is queued."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from cache_api.actions.hooks import events
from cache_api.queries.hooks import work_waits
from portal.actions.everywhere import for_each_partner
from portal.queries.facts import facts_since
from tenants.models import Partner


def sweep_hooks(*, queue: Callable[[Partner], None], now: datetime) -> int:
    """Keep new facts as events and `queue` each partner for which something waits; how many.

    Safe to repeat: a fact is one event, and a delivery that is under way is nobody else's.
    """

    def sweep(partner: Partner) -> int:
        since = events.unread_since(now)
        if since is not None:
            events.keep_events(facts=facts_since(partner.pk, since), now=now)
        if not work_waits(now):
            return 0
        queue(partner)
        return 1

    return for_each_partner(sweep)
