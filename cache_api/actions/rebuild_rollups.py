"""Rollups are derived: throw them away and make them again from the usage events."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db import transaction

from cache_api.metering import store
from tenants.models import Partner


class UnknownPartner(ValueError):
    """No partner of that name has a schema."""


@dataclass(frozen=True)
class Rebuilt:
    """One partner's rollups, made again from `first_day` on (None: there are no events)."""

    slug: str
    first_day: date | None


def rebuild_rollups(
    *,
    now: datetime,
    partner_slug: str | None = None,
    since: date | None = None,
    tell: Callable[[Rebuilt], object] = lambda _: None,
) -> list[Rebuilt]:
    """Make hour, day, month, latency and channel rollups again, of one partner or of all.

    Begins at the oldest UTC day whose events are kept, or later with `since`; earlier rollups stay,
    but months, which are made from days, begin at `since` whatever is kept.
    One transaction a partner; the recorder waits for that partner meanwhile and readers see the
    old rows until the end. The new rows equal the incremental ones, so it is safe to repeat. Runs
    in the public schema as recorder or owner; `tell` hears of each. Raises UnknownPartner.
    """
    partners = Partner.objects.order_by("slug")
    if partner_slug is not None:
        partners = partners.filter(slug=partner_slug)
    schemas = store.schemas(list(partners.values_list("pk", flat=True)))
    chosen = [partner for partner in partners if partner.pk in schemas]
    if partner_slug is not None and not chosen:
        raise UnknownPartner(f"There is no open partner {partner_slug!r}.")
    done = []
    for partner in chosen:
        done.append(Rebuilt(partner.slug, _rebuild(partner.pk, schemas[partner.pk], since, now)))
        tell(done[-1])
    return done


def _rebuild(partner_id: UUID, schema: str, since: date | None, now: datetime) -> date | None:
    with transaction.atomic():
        oldest = store.oldest_day()
        if oldest is None:
            return None
        first_day = max(oldest, since) if since else oldest
        store.lock_partners([partner_id], now)
        store.prepare()
        store.fresh_from_events(partner_id, first_day)
        store.clear_rollups(partner_id, schema, first_day)
        store.add_customers(partner_id, schema, now)
        store.add_rollups(partner_id, schema)
        store.add_channel()
        store.make_months(schema, since or first_day)
    return first_day
