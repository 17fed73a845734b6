"""A partner chooses how long cached answers are kept: told if somebody was faster."""

import uuid
from datetime import datetime

from django.db import IntegrityError, transaction

from cache_api.rules.retention import checked
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
    checked(hours, queries.granted(partner_id, "ttl"))
    with transaction.atomic():
        row = queries.retention(partner_id)
        number, before = (row.number, row.hours) if row else (0, None)
        if hours == before:
            return False
        if seen != number:
            raise ChangedMeanwhile
        try:
            with transaction.atomic():
                Retention.objects.create(partner_id=partner_id, number=number + 1, hours=hours,
                                         entered_by=actor, entered_at=now)  # fmt: skip
        except IntegrityError as error:  # at the same moment
            raise ChangedMeanwhile from error
        audit.record(actor=actor, verb="partner.retention_changed", target=str(number + 1), at=now,
                     partner_id=partner_id, data={"before": before, "after": hours})  # fmt: skip
    return True
