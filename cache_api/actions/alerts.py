"""What is watched: added, paused, removed; and the look that lets alerts fire (partner's schema).

`owner` limits a call to one customer's own alerts; None is the partner itself.
"""

import uuid
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import QuerySet

from cache_api.actions.hooks.events import keep_events
from cache_api.models import Alert, AlertFiring, AlertKind, Customer
from cache_api.queries import alert_figures as figures
from cache_api.rules import alerts as rules
from cache_api.rules.alerts import BadAlert, Fired
from cache_api.rules.hooks.catalogue import CUSTOMER, PARTNER, Fact
from tenants import audit
from tenants.gateways.turns import wait_in_line
from tenants.rules.ids import uuid7
from tenants.rules.sayings import Said

MOST_ALERTS = 50
# Money charged in the running month (major units) and the part of it that is over; None: unknown.
Spent = Callable[[uuid.UUID | None], tuple[Decimal, Decimal] | None]


def add_alert(
    *, partner_id: uuid.UUID, owner: uuid.UUID | None, kind: str, name: str, limit: Decimal,
    customer: uuid.UUID | None, by_mail: bool, actor: str, now: datetime,
) -> Alert:  # fmt: skip
    """Watch one thing. Each call makes one. Raises BadAlert, also beyond MOST_ALERTS."""
    checked = rules.checked_limit(kind, limit)
    if not name.strip() or len(name) > 80 or not name.isprintable():
        raise BadAlert("name", Said("A name has 1 to 80 printable characters."))
    with transaction.atomic():
        wait_in_line(f"alerts {partner_id}")
        if _own(owner).count() >= MOST_ALERTS:
            raise BadAlert(
                "",
                Said(
                    "There are %(most_alerts)s alerts; remove one first.", most_alerts=MOST_ALERTS
                ),
            )
        row = Alert.objects.create(
            owner_id=owner, customer_id=owner or customer, kind=kind, name=name.strip(),
            limit=checked, by_mail=by_mail, created_by=actor, created_at=now,
        )  # fmt: skip
        _note(partner_id, "added", row, actor, now)
    return row


def set_paused(
    *, partner_id: uuid.UUID, owner: uuid.UUID | None, alert_id: uuid.UUID, paused: bool,
    actor: str, now: datetime,
) -> bool:  # fmt: skip
    """Stop or go on watching; whether it changed. Safe to repeat. Raises UnknownAlert."""
    with transaction.atomic():
        row = _locked(owner, alert_id)
        if row.paused == paused:
            return False
        Alert.objects.filter(pk=row.pk).update(paused=paused)
        _note(partner_id, "paused" if paused else "resumed", row, actor, now)
    return True


def remove_alert(
    *, partner_id: uuid.UUID, owner: uuid.UUID | None, alert_id: uuid.UUID, actor: str,
    now: datetime,
) -> None:  # fmt: skip
    """The alert and its history, for good. Raises UnknownAlert, also when repeated."""
    with transaction.atomic():
        row = _locked(owner, alert_id)
        _note(partner_id, "removed", row, actor, now)
        row.delete()


def watch(*, spent: Spent, now: datetime) -> int:
    """Look at every alert once; how many fired. Safe to repeat: once a period and step."""
    return sum(_watch(alert, spent, now) for alert in Alert.objects.filter(paused=False))


def told(*, firing_id: uuid.UUID, now: datetime) -> None:
    """The mail about a firing was taken. Safe to repeat."""
    AlertFiring.objects.filter(pk=firing_id, told_at=None).update(told_at=now)


class UnknownAlert(LookupError):
    """There is no such alert, or it is somebody else's."""


def _watch(alert: Alert, spent: Spent, now: datetime) -> int:
    return sum(_fire(alert, one, now) for one in _look(alert, spent, now))


def _look(alert: Alert, spent: Spent, now: datetime) -> list[Fired]:
    who = alert.customer_id
    if alert.kind == AlertKind.BUDGET:
        known = spent(who)
        return rules.budget(*known, alert.limit, now) if known else []
    if alert.kind == AlertKind.HIT_RATE:
        return rules.hit_rate(*figures.rates(who, now), alert.limit, now)
    if alert.kind == AlertKind.LATENCY:
        return rules.latency(*figures.hit_latency(who, now), alert.limit, now)
    return rules.quota(figures.quota_uses(who, now), alert.limit, now)


def _fire(alert: Alert, fired: Fired, now: datetime) -> bool:
    with transaction.atomic():
        row, made = AlertFiring.objects.get_or_create(
            alert=alert, period=fired.period, step=fired.step,
            defaults={"value": fired.value, "at": now,
                      "told_at": None if alert.by_mail else now},
        )  # fmt: skip
        if made:
            keep_events(facts=[_fact(alert, row)], now=now)
    return made


def _fact(alert: Alert, row: AlertFiring) -> Fact:
    customer = ""
    if alert.customer_id is not None:
        found = Customer.objects.filter(pk=alert.customer_id)
        customer = found.values_list("external_id", flat=True).first() or ""
    data = {
        "alert_id": str(alert.id), "name": alert.name, "kind": alert.kind, "period": row.period,
        "step": row.step, "value": row.value, "limit": alert.limit_text,
        "customer": customer,
    }  # fmt: skip
    hears = frozenset({PARTNER if alert.owner_id is None else CUSTOMER})
    return Fact(uuid7(), "alert.fired", row.at, data, customer=customer, hears=hears)


def _own(owner: uuid.UUID | None) -> QuerySet[Alert]:
    return Alert.objects.filter(owner_id=owner)


def _locked(owner: uuid.UUID | None, alert_id: uuid.UUID) -> Alert:
    row = _own(owner).filter(pk=alert_id).select_for_update().first()
    if row is None:
        raise UnknownAlert(str(alert_id))
    return row


def _note(partner_id: uuid.UUID, verb: str, row: Alert, actor: str, now: datetime) -> None:
    data = {"name": row.name, "kind": row.kind, "limit": str(row.limit),
            **audit.of_customer(row.owner_id)}  # fmt: skip
    audit.record(actor=actor, verb=f"alert.{verb}", target=str(row.id), at=now,
                 partner_id=partner_id, data=data)  # fmt: skip
