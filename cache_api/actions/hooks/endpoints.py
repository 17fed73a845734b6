"""A partner's or a customer's webhook endpoints: added, changed, rolled, enabled, removed.

Everything runs in the partner's schema. `customer` limits a call to that customer's endpoints;
None is the partner itself. A secret leaves this file once, in the return value.
"""

import uuid
from collections.abc import Collection
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet

from cache_api.models import DeliveryState, HookDelivery, HookEndpoint
from cache_api.rules.hooks import catalogue, signing
from tenants import audit
from tenants.gateways.turns import wait_in_line
from tenants.rules import datakeys
from tenants.rules.meanwhile import mark, refuse_changed
from tenants.rules.sayings import Said
from tenants.rules.targets import BadTarget, target

MOST_ENDPOINTS = 20
OVERLAPS = (timedelta(0), timedelta(hours=1), timedelta(days=1), timedelta(days=7))


class HookRefused(ValueError):
    """It was not done; `field` names the member of the form, `str()` says what would do."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(text)
        self.field = field


def add_endpoint(
    *, partner_id: uuid.UUID, customer: uuid.UUID | None, url: str, label: str,
    types: Collection[str], loopback: bool, kek: bytes, actor: str, now: datetime,
) -> tuple[HookEndpoint, str]:  # fmt: skip
    """A new endpoint and its secret as text. Not safe to repeat: each call makes one.

    Raises HookRefused for an address, label or event that cannot be, or beyond MOST_ENDPOINTS.
    """
    facts = _checked(customer, url, label, types, loopback)
    with transaction.atomic():
        wait_in_line(f"hooks {partner_id}")
        if _own(customer).count() >= MOST_ENDPOINTS:
            raise HookRefused(
                "",
                Said(
                    "There are %(most_endpoints)s endpoints; remove one first.",
                    most_endpoints=MOST_ENDPOINTS,
                ),
            )
        row = HookEndpoint(customer_id=customer, created_by=actor, created_at=now, **facts)
        secret = signing.new_secret()
        row.secret = _seal(kek, row.id, secret)
        row.save(force_insert=True)
        _note(partner_id, "added", row, actor, now)
    return row, signing.secret_text(secret)


def change_endpoint(
    *, partner_id: uuid.UUID, customer: uuid.UUID | None, endpoint_id: uuid.UUID, url: str,
    label: str, types: Collection[str], loopback: bool, actor: str, now: datetime,
    seen: str | None = None,
) -> bool:  # fmt: skip
    """Set address, label and events; whether anything changed. Safe to repeat.

    `seen`: the `mark` of the `facts_of` it that a form was opened on. Raises HookRefused,
    UnknownEndpoint, ChangedMeanwhile.
    """
    facts = _checked(customer, url, label, types, loopback)
    with transaction.atomic():
        row = _locked(customer, endpoint_id)
        if all(getattr(row, name) == value for name, value in facts.items()):
            return False
        refuse_changed(seen, *facts_of(row))
        HookEndpoint.objects.filter(pk=row.pk).update(**facts)
        row.refresh_from_db(fields=["url"])
        _note(partner_id, "changed", row, actor, now)
    return True


def facts_of(row: HookEndpoint) -> tuple[str, str, list[str]]:
    """What a form of an endpoint shows."""
    return row.url, row.label, list(row.types)


def endpoint_mark(row: HookEndpoint) -> str:
    """What tells one state of an endpoint from another."""
    return mark(*_facts(row))


def _facts(row: HookEndpoint) -> tuple[object, ...]:
    return row.url, row.label, sorted(row.types)


def roll_secret(
    *, partner_id: uuid.UUID, customer: uuid.UUID | None, endpoint_id: uuid.UUID,
    overlap: timedelta, kek: bytes, actor: str, now: datetime,
) -> str:  # fmt: skip
    """A new secret as text; messages carry signatures of both for `overlap`.

    Raises HookRefused while an earlier overlap still runs (a second call makes no second secret),
    UnknownEndpoint.
    """
    if overlap not in OVERLAPS:
        raise HookRefused(
            "overlap", Said("Let the old secret work on for 0 or 1 hour, 1 or 7 days.")
        )
    with transaction.atomic():
        row = _locked(customer, endpoint_id)
        if row.old_secret_until is not None and row.old_secret_until > now:
            raise HookRefused(
                "overlap", Said("The secret was rolled already, and both still work.")
            )
        secret = signing.new_secret()
        row.old_secret = row.secret if overlap else None
        row.old_secret_until = now + overlap if overlap else None
        row.secret = _seal(kek, row.id, secret)
        row.save(update_fields=["old_secret", "old_secret_until", "secret"])
        _note(partner_id, "rolled", row, actor, now)
    return signing.secret_text(secret)


def set_enabled(
    *, partner_id: uuid.UUID, customer: uuid.UUID | None, endpoint_id: uuid.UUID, enabled: bool,
    actor: str, now: datetime,
) -> bool:  # fmt: skip
    """Send again, or send no more; whether it changed. Safe to repeat. Raises UnknownEndpoint."""
    with transaction.atomic():
        row = _locked(customer, endpoint_id)
        if (row.disabled_at is None) == enabled:
            return False
        disable(row, "" if enabled else Said("by hand"), None if enabled else now)
        _note(partner_id, "enabled" if enabled else "disabled", row, actor, now)
    return True


def remove_endpoint(
    *, partner_id: uuid.UUID, customer: uuid.UUID | None, endpoint_id: uuid.UUID, actor: str,
    now: datetime,
) -> None:  # fmt: skip
    """The endpoint and its deliveries, for good. Raises UnknownEndpoint, also when repeated."""
    with transaction.atomic():
        row = _locked(customer, endpoint_id)
        _note(partner_id, "removed", row, actor, now)
        row.delete()


def told(*, endpoint_id: uuid.UUID, notice: str) -> None:
    """The mail about this notice was taken. Safe to repeat; a newer notice stays."""
    HookEndpoint.objects.filter(pk=endpoint_id, notice=notice).update(notice="")


def disable(row: HookEndpoint, reason: str, at: datetime | None, notice: str = "") -> None:
    """Set a locked endpoint off (`at`) or on (None); what waited for it has failed."""
    row.disabled_at, row.disabled_reason, row.notice = at, reason, notice
    row.failing_since = row.warned_at = None
    row.save(update_fields=["disabled_at", "disabled_reason", "notice", "failing_since",
                            "warned_at"])  # fmt: skip
    if at is not None:
        waiting = HookDelivery.objects.filter(endpoint=row, state=DeliveryState.PENDING)
        waiting.update(state=DeliveryState.FAILED, next_at=None, done_at=at)


def secrets_of(row: HookEndpoint, kek: bytes, now: datetime) -> list[bytes]:
    """What a message of `now` is signed with, the newest first."""
    sealed = [row.secret]
    if row.old_secret is not None and row.old_secret_until and row.old_secret_until > now:
        sealed.append(row.old_secret)
    key = datakeys.parse_kek(kek)
    return [datakeys.unwrap(key, bytes(one), partner_id=row.id, number=0) for one in sealed]


def rewrap_secrets(*, kek: bytes) -> int:
    """Seal this partner's webhook secrets by the first platform key; how many were not yet.

    Partner's schema. Safe to repeat. Raises CannotUnwrap for a secret that no key opens.
    """
    several, done = datakeys.parse_kek(kek), 0
    for pk in HookEndpoint.objects.values_list("pk", flat=True):
        with transaction.atomic():
            row = HookEndpoint.objects.select_for_update().filter(pk=pk).first()
            if row is None:
                continue
            for name in ("secret", "old_secret"):
                sealed = getattr(row, name)
                found = sealed and datakeys.rewrap(
                    several, bytes(sealed), partner_id=row.id, number=0
                )
                if found:
                    setattr(row, name, found)
                    done += 1
            row.save(update_fields=["secret", "old_secret"])
    return done


class UnknownEndpoint(LookupError):
    """There is no such endpoint, or it is somebody else's."""


def _seal(kek: bytes, endpoint_id: uuid.UUID, secret: bytes) -> bytes:
    # Bound to the endpoint: one endpoint's secret never opens as another's.
    return datakeys.wrap(datakeys.parse_kek(kek), secret, partner_id=endpoint_id, number=0)


def _own(customer: uuid.UUID | None) -> QuerySet[HookEndpoint]:
    return HookEndpoint.objects.filter(customer_id=customer)


def _locked(customer: uuid.UUID | None, endpoint_id: uuid.UUID) -> HookEndpoint:
    row = _own(customer).filter(pk=endpoint_id).select_for_update(no_key=True).first()
    if row is None:
        raise UnknownEndpoint(str(endpoint_id))
    return row


def _checked(
    customer: uuid.UUID | None, url: str, label: str, types: Collection[str], loopback: bool
) -> dict[str, object]:
    audience = catalogue.PARTNER if customer is None else catalogue.CUSTOMER
    known = [one.name for one in catalogue.offered(audience)]
    if not types or not set(types) <= set(known):
        raise HookRefused("types", Said("Choose at least one of the events that are offered."))
    if len(label) > 80 or not (label.isprintable() or not label):
        raise HookRefused("label", Said("A label has at most 80 printable characters."))
    try:
        where = target(url, loopback=loopback)
    except BadTarget as error:
        raise HookRefused("url", str(error)) from error
    return {"url": where.url, "label": label, "types": [name for name in known if name in types]}


def _note(
    partner_id: uuid.UUID, verb: str, row: HookEndpoint, actor: str, now: datetime
) -> None:  # fmt: skip
    audit.record(actor=actor, verb=f"webhook.{verb}", target=str(row.id), at=now,
                 partner_id=partner_id,
                 data={"url": row.url[:200], **audit.of_customer(row.customer_id)})  # fmt: skip
