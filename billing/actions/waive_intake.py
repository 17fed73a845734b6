"""Settle a month although a spool is not empty: refused, unless two people waive it."""

from datetime import datetime

from django.db import transaction

from billing.models import IntakeWaiver
from billing.rules.errors import BadTerms, Parked
from billing.rules.periods import Period
from billing.rules.runs import require_other_person
from cache_api.queries.intake import spooled
from tenants import audit


class UsageOnItsWay(Parked):
    """Answers were given whose events are not recorded yet: the month can not be closed."""


def waive_intake(*, period: Period, actor: str, reason: str, now: datetime) -> IntakeWaiver:
    """Ask for a month's waiver, or confirm what another person asked for.

    Raises BadTerms (no reason), SamePerson. Usage that arrives later is settled by an adjustment.
    Safe to repeat: a confirmed waiver is returned as it is.
    """
    if not reason.strip():
        raise BadTerms("Say why the month is closed although usage is on its way.")
    person = actor.lower()
    with transaction.atomic():
        waiver, asked = IntakeWaiver.objects.select_for_update().get_or_create(
            period_start=period.start,
            defaults={"reason": reason.strip(), "asked_by": person, "asked_at": now},
        )
        if not asked and not waiver.confirmed_by:
            require_other_person(waiver.asked_by, person)
            waiver.confirmed_by, waiver.confirmed_at = person, now
            waiver.save(update_fields=["confirmed_by", "confirmed_at"])
        verb = "intake.waive" if waiver.confirmed_by else "intake.ask_waiver"
        audit.record(actor=actor, verb=verb, target=period.label, at=now,
                     data={"reason": reason.strip()})  # fmt: skip
    return waiver


def require_intake_complete(period: Period) -> None:
    """Raises UsageOnItsWay while a process holds events back and no two people waived it."""
    waiting = spooled()
    if (
        not waiting
        or IntakeWaiver.objects.filter(
            period_start=period.start, confirmed_at__isnull=False
        ).exists()
    ):
        return
    first = waiting[0]
    raise UsageOnItsWay(
        f"Usage waits in the spool of {len(waiting)} edge process(es); process {first.boot_id} "
        f"last said so at {first.seen_at:%Y-%m-%d %H:%M} UTC ({first.waiting_bytes} bytes). Bring "
        "the events Valkey and an edge of that host back, then settle again; or let two people run "
        f"manage.py waive_intake {period.label} --as EMAIL --reason WHY."
    )
