"""People are told by mail about webhooks that fail and alerts that fired."""

from __future__ import annotations

from datetime import datetime

from cache_api.actions import alerts
from cache_api.actions.hooks import endpoints
from cache_api.queries.alerts import untold
from cache_api.queries.hooks import notices
from portal.actions.everywhere import for_each_partner
from portal.notices import house_of, told_about_endpoint, told_about_firing
from tenants.models import Partner


def mail_notices(*, now: datetime) -> int:
    """Mail what waits, in each partner's brand; how many were told of.

    Safe to repeat: what a mail server took is marked as told; what it refused waits.
    """

    def tell(partner: Partner) -> int:
        waiting, fired, done = notices(), untold(), 0
        house = house_of(partner.pk) if waiting or fired else None
        if house is None:
            return 0
        for row in waiting:
            if told_about_endpoint(house, row):
                endpoints.told(endpoint_id=row.pk, notice=row.notice)
                done += 1
        for firing in fired:
            if told_about_firing(house, firing):
                alerts.told(firing_id=firing.pk, now=now)
                done += 1
        return done

    return for_each_partner(tell)
