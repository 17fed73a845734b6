"""Turn something off for a while, and on again. By the console."""

import uuid
from datetime import datetime

from django.db import transaction

from tenants import audit
from tenants.models import Partner, Switch
from tenants.rules import switches as rules
from tenants.rules.sayings import Said


def set_switch(
    *, kind: str, partner_id: uuid.UUID | None, region: str, reason: str, until: datetime | None,
    actor: str, now: datetime,
) -> Switch:  # fmt: skip
    """Put a switch in force, until somebody ends it or `until` (None: no end) has come.

    Safe to repeat: one that is in force already is returned as it is. Raises BadSwitch.
    """
    rules.check(kind=kind, partner_id=partner_id, region=region, reason=reason, until=until,
                now=now)  # fmt: skip
    if partner_id is not None and not Partner.objects.filter(pk=partner_id).exists():
        raise rules.BadSwitch(Said("There is no such partner."))
    whom = {"kind": kind, "partner_id": partner_id, "region": region}
    with transaction.atomic():
        close_expired(now=now)
        row, is_new = Switch.objects.get_or_create(
            **whom, ended_at=None,
            defaults={"reason": reason.strip(), "set_by": actor, "set_at": now, "until": until},
        )  # fmt: skip
        if is_new:
            _log(row, "switch.set", actor, now, reason=row.reason,
                 until=until.isoformat() if until else "")  # fmt: skip
    return row


def end_switch(*, switch_id: uuid.UUID, actor: str, now: datetime) -> bool:
    """Let things run again; whether this call did it. Safe to repeat."""
    with transaction.atomic():
        row = Switch.objects.select_for_update().filter(pk=switch_id, ended_at=None).first()
        if row is None:
            return False
        _end(row, actor, now)
    return True


def close_expired(*, now: datetime) -> int:
    """Write down the end of those whose time is over (they are not in force since); how many."""
    with transaction.atomic():
        late = Switch.objects.select_for_update().filter(ended_at=None, until__lte=now)
        for row in late:
            _end(row, "time", row.until or now)
        return len(late)


def _end(row: Switch, actor: str, at: datetime) -> None:
    row.ended_at, row.ended_by = at, actor
    row.save(update_fields=["ended_at", "ended_by"])
    _log(row, "switch.ended", actor, at)


def _log(row: Switch, verb: str, actor: str, at: datetime, **facts: str) -> None:
    target = f"{row.kind} {row.region}".strip()
    audit.record(actor=actor, verb=verb, target=target, at=at, partner_id=row.partner_id,
                 data={"switch": str(row.pk), **facts})  # fmt: skip
