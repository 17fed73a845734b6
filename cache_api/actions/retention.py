"""A partner chooses how long cached answers are kept: told if somebody was faster."""

import uuid
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from cache_api.rules import retention as rules
from tenants import audit, queries
from tenants.models import Retention
from tenants.rules.meanwhile import ChangedMeanwhile


def choose_retention(
    *, partner_id: uuid.UUID, hours: int, seen: int, actor: str, now: datetime
) -> bool:
    """Answers that are stored from now on live at most so long; whether anything changed.

    The publisher carries it to every edge within seconds. `seen` is the number of the choice that
    the form was opened on (0: none). Raises BadRetention and ChangedMeanwhile. Safe to repeat: what
    holds already is not entered again.
    """
    rules.checked(hours, queries.granted(partner_id, "ttl"))
    return _enter(partner_id, "", hours, seen, actor, now)


def choose_customer_retention(
    *, partner_id: uuid.UUID, customer: str, hours: int | None, seen: int, actor: str,
    now: datetime,
) -> bool:  # fmt: skip
    """The same for the answers of one customer (the partner's id of it): never longer than all of
    its partner's, which None makes them again. Should the partner's become shorter, the shorter
    counts."""
    if hours is not None:
        rules.within(hours, held_hours(partner_id))
    return _enter(partner_id, customer, hours, seen, actor, now)


def held_hours(partner_id: uuid.UUID) -> int:
    """How long a partner's answers live at most, as it stands (partner or console)."""
    row = queries.retention(partner_id)
    return rules.held_hours(queries.granted(partner_id, "ttl"), row.hours if row else None)


def _enter(
    partner_id: uuid.UUID, customer: str, hours: int | None, seen: int, actor: str, now: datetime
) -> bool:
    with transaction.atomic():
        row = queries.retention(partner_id, customer)
        number, before = (row.number, row.hours) if row else (0, None)
        if hours == before:
            return False
        if seen != number:
            raise ChangedMeanwhile
        entry: dict[str, Any] = {"partner_id": partner_id, "customer": customer, "hours": hours,
                                 "entered_by": actor, "entered_at": now}  # fmt: skip
        try:
            with transaction.atomic():
                Retention.objects.create(number=number + 1, **entry)
        except IntegrityError as error:  # at the same moment
            raise ChangedMeanwhile from error
        verb = "customer.retention_changed" if customer else "partner.retention_changed"
        audit.record(actor=actor, verb=verb, target=customer or str(number + 1), at=now,
                     partner_id=partner_id, data={"before": before, "after": hours})  # fmt: skip
    return True
