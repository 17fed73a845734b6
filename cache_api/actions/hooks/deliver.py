"""Send what is due. Runs in the partner's schema, in a worker.

A delivery is leased, sent outside any transaction, and then noted. A worker that dies in between
leaves a lease that ends: the message is sent again under the same id, at least once in all.
"""

import uuid
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from django.db import transaction

from cache_api.actions.hooks.endpoints import disable, secrets_of
from cache_api.gateways.receivers import Answer, Post, post_all
from cache_api.models import DeliveryState, HookDelivery, HookEndpoint
from cache_api.rules.hooks import schedule, signing
from tenants.rules.sayings import Said
from tenants.rules.targets import BadTarget, target

LEASE = timedelta(seconds=60)
BATCH = 48
KEPT_ATTEMPTS = 20
Send = Callable[[Sequence[Post]], list[Answer]]


def deliver_due(
    *, kek: bytes, loopback: bool, now: datetime, send: Send = post_all, most: int = BATCH
) -> int:
    """Send up to `most` deliveries that are due and note what came back; how many were sent.

    Safe to repeat and at once from two workers: what one has leased the other leaves alone.
    """
    leased = _lease(now, most)
    posts, sent = [], []
    for row in leased:
        try:
            posts.append(_post(row, kek, loopback, now))
            sent.append(row.pk)
        except BadTarget as error:
            note_attempt(delivery_id=row.pk, answer=Answer(None, 0, error=str(error)), now=now)
    for delivery_id, answer in zip(sent, send(posts) if posts else [], strict=True):
        note_attempt(delivery_id=delivery_id, answer=answer, now=now)
    return len(leased)


def note_attempt(*, delivery_id: uuid.UUID, answer: Answer, now: datetime) -> None:
    """Write down one attempt, and what follows for the delivery and its endpoint."""
    with transaction.atomic():
        # The endpoint first, as everybody who changes both locks them.
        found = HookDelivery.objects.filter(pk=delivery_id).values_list("endpoint_id", flat=True)
        endpoint = HookEndpoint.objects.select_for_update(no_key=True).filter(pk__in=found).first()
        row = HookDelivery.objects.select_for_update().filter(pk=delivery_id).first()
        if endpoint is None or row is None:
            return  # removed meanwhile
        row.tries += 1
        entry = {"at": now.isoformat(), "status": answer.status, "ms": answer.ms,
                 "error": answer.error, "answer": answer.text}  # fmt: skip
        row.attempts = [*row.attempts, entry][-KEPT_ATTEMPTS:]
        if schedule.succeeded(answer.status):
            row.state, row.next_at, row.done_at = DeliveryState.DELIVERED, None, now
            _healthy(endpoint)
        elif row.state == DeliveryState.PENDING:
            row.next_at = schedule.next_at(row.tries, now)
            if row.next_at is None or answer.status == schedule.GONE:
                row.state, row.next_at, row.done_at = DeliveryState.FAILED, None, now
        row.save(update_fields=["tries", "attempts", "state", "next_at", "done_at"])
        if not schedule.succeeded(answer.status) and endpoint.disabled_at is None:
            _failing(endpoint, answer, row.tries, now)


def _lease(now: datetime, most: int) -> list[HookDelivery]:
    with transaction.atomic():
        due = HookDelivery.objects.filter(
            state=DeliveryState.PENDING, next_at__lte=now, endpoint__disabled_at=None
        )
        rows = list(
            due.select_for_update(skip_locked=True, of=("self",))
            .select_related("event", "endpoint").order_by("next_at", "id")[:most]
        )  # fmt: skip
        HookDelivery.objects.filter(pk__in=[row.pk for row in rows]).update(next_at=now + LEASE)
    return rows


def _post(row: HookDelivery, kek: bytes, loopback: bool, now: datetime) -> Post:
    # Checked again: what was allowed when it was written down may not be any more.
    where = target(row.endpoint.url, loopback=loopback)
    keys = secrets_of(row.endpoint, kek, now)
    return Post(where, signing.headers(row.event_id, row.event.body, keys, now), row.event.body)


def _healthy(endpoint: HookEndpoint) -> None:
    if endpoint.failing_since is not None:
        endpoint.failing_since = endpoint.warned_at = None
        endpoint.save(update_fields=["failing_since", "warned_at"])


def _failing(endpoint: HookEndpoint, answer: Answer, tries: int, now: datetime) -> None:
    endpoint.failing_since = endpoint.failing_since or now
    said = schedule.verdict(
        status=answer.status, tries=tries, failing_since=endpoint.failing_since,
        warned=endpoint.warned_at is not None, now=now,
    )  # fmt: skip
    if said == "disable":
        reason = Said("it failed for days")
        if answer.status == schedule.GONE:
            reason = Said("it answered 410 Gone")
        disable(endpoint, reason, now, notice="disabled")
        return
    if said == "warn":
        endpoint.warned_at, endpoint.notice = now, "failing"
    endpoint.save(update_fields=["failing_since", "warned_at", "notice"])
