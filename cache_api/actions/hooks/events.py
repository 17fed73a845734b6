"""Facts become events, and events deliveries. Runs in the partner's schema.

The fact's own row, written in its own transaction by whoever did it, is what waits to be told: it
cannot be lost, and nothing is told that did not happen. Its id is the event's, so that looking at
the same facts again makes nothing new.
"""

import uuid
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta

from django.db import transaction

from cache_api.actions.hooks.endpoints import HookRefused
from cache_api.models import Customer, DeliveryState, HookDelivery, HookEndpoint, HookEvent
from cache_api.rules.hooks import catalogue
from cache_api.rules.hooks.catalogue import MADE_HERE, TEST, Fact
from cache_api.rules.leaves import first_id
from tenants.rules.ids import unix_ms, uuid7
from tenants.rules.sayings import Said

KEEP = timedelta(days=30)
# Ids are minted before their transaction commits: none commits a day later.
_OVERLAP_MS = 24 * 3600 * 1000


def unread_since(now: datetime) -> uuid.UUID | None:
    """From which id on facts may not be events yet; None where no endpoint would hear them."""
    oldest = HookEndpoint.objects.order_by("id").values_list("id", flat=True).first()
    if oldest is None:
        return None
    told = HookEvent.objects.exclude(type__in=MADE_HERE).order_by("-id")
    known = told.values_list("id", flat=True).first()
    bounds = [oldest, first_id(now - KEEP + timedelta(days=1))]
    if known is not None:
        bounds.append(uuid.UUID(int=max(0, unix_ms(known) - _OVERLAP_MS) << 80))
    return max(bounds)


def keep_events(*, facts: Collection[Fact], now: datetime) -> int:
    """Write down the facts that are new, with a delivery for each endpoint that hears them.

    Returns how many were new. Safe to repeat and at once from two workers.
    """
    known = HookEvent.objects.filter(id__in=[fact.id for fact in facts])
    fresh = {fact.id: fact for fact in facts}
    for found in known.values_list("id", flat=True):
        del fresh[found]
    if not fresh:
        return 0
    with transaction.atomic():
        _insert(fresh.values(), now)
    return len(fresh)


def send_test(*, endpoint: HookEndpoint, now: datetime) -> uuid.UUID:
    """A `webhook.test` for one endpoint; its delivery's id. Each call sends one.

    Raises HookRefused while the endpoint is disabled, as the replays do.
    """
    _check_enabled(endpoint)
    fact = Fact(uuid7(), TEST, now, {"says": "This is a test."})
    with transaction.atomic():
        event = HookEvent.objects.create(id=fact.id, type=TEST, body=catalogue.body_of(fact),
                                         at=now)  # fmt: skip
        made = HookDelivery.objects.create(event=event, endpoint=endpoint, next_at=now)
    return made.id


def replay(
    *, endpoint: HookEndpoint, start: datetime, end: datetime, now: datetime
) -> int:  # fmt: skip
    """Send again, under the same ids, what the endpoint hears of [start, end); how many.

    Also what it missed while it was disabled. Safe to repeat: it is sent once more each time.
    """
    _check_enabled(endpoint)
    rows = HookEvent.objects.filter(at__gte=start, at__lt=end, type__in=endpoint.types)
    external = _external_ids([endpoint])
    heard = [row.id for row in rows if _hears(endpoint, _fact(row), external)]
    with transaction.atomic():
        HookDelivery.objects.bulk_create(
            [HookDelivery(event_id=one, endpoint=endpoint, next_at=now) for one in sorted(heard)],
            batch_size=1000, update_conflicts=True, unique_fields=["event", "endpoint"],
            update_fields=["state", "tries", "next_at", "done_at"],
        )  # fmt: skip
    return len(heard)


def replay_one(*, delivery: HookDelivery, now: datetime) -> None:
    """Send one delivery again under the same id, with all its tries."""
    _check_enabled(delivery.endpoint)
    HookDelivery.objects.filter(pk=delivery.pk).update(
        state=DeliveryState.PENDING, tries=0, next_at=now, done_at=None
    )


def forget(*, now: datetime) -> int:
    """Remove events older than KEEP with their deliveries; how many."""
    return HookEvent.objects.filter(id__lt=first_id(now - KEEP), at__lt=now - KEEP).delete()[0]


def _check_enabled(endpoint: HookEndpoint) -> None:
    if endpoint.disabled_at is not None:
        raise HookRefused("", Said("This endpoint is disabled: enable it first."))


def _insert(facts: Iterable[Fact], now: datetime) -> None:
    facts = list(facts)
    HookEvent.objects.bulk_create(
        [HookEvent(id=fact.id, type=fact.type, customer=fact.customer, at=fact.at,
                   hears=sorted(fact.hears), body=catalogue.body_of(fact)) for fact in facts],
        batch_size=1000, ignore_conflicts=True,
    )  # fmt: skip
    endpoints = list(HookEndpoint.objects.filter(disabled_at=None))
    external = _external_ids(endpoints)
    HookDelivery.objects.bulk_create(
        [HookDelivery(event_id=fact.id, endpoint=endpoint, next_at=now)
         for fact in facts for endpoint in endpoints
         if fact.id > endpoint.id and _hears(endpoint, fact, external)],
        batch_size=1000, ignore_conflicts=True,
    )  # fmt: skip


def _hears(endpoint: HookEndpoint, fact: Fact, external: dict[uuid.UUID, str]) -> bool:
    customer = None if endpoint.customer_id is None else external.get(endpoint.customer_id, "")
    return catalogue.hears(fact, types=frozenset(endpoint.types), customer=customer)


def _external_ids(endpoints: Sequence[HookEndpoint]) -> dict[uuid.UUID, str]:
    ids = {one.customer_id for one in endpoints if one.customer_id}
    return dict(Customer.objects.filter(id__in=ids).values_list("id", "external_id"))


def _fact(row: HookEvent) -> Fact:
    return Fact(row.id, row.type, row.at, {}, row.customer, frozenset(row.hears))
