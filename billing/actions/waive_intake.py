"""Settle a month although a spool is not empty: refused, unless two people waive it."""

from datetime import UTC, datetime

from django.db import transaction

from billing.models import IntakeWaiver
from billing.rules.errors import BadTerms, Parked
from billing.rules.periods import Period
from billing.rules.runs import require_other_person
from cache_api.gateways.last_words import Silent, last_words
from cache_api.gateways.stream import Heartbeat
from cache_api.queries.intake import Spooled, spooled
from tenants import audit
from tenants.rules.sayings import Said


class UsageOnItsWay(Parked):
    """Answers were given whose events are not recorded yet: the month can not be closed."""


def waive_intake(*, period: Period, actor: str, reason: str, now: datetime) -> IntakeWaiver:
    """Ask for a month's waiver, or confirm what another person asked for.

    Raises BadTerms (no reason), SamePerson. Usage that arrives later is settled by an adjustment.
    Safe to repeat: a confirmed waiver is returned as it is.
    """
    if not reason.strip():
        raise BadTerms(Said("Say why the month is closed although usage is on its way."))
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
    """Raises UsageOnItsWay while usage may be held back and no two people waived it.

    Held back: a process said so, as recorded or as it says now, or an events Valkey is silent.
    """
    if IntakeWaiver.objects.filter(
        period_start=period.start, confirmed_at__isnull=False
    ).exists():  # fmt: skip
        return
    waiting = _held_back()
    if waiting:
        raise UsageOnItsWay(
            Said(
                "%(waiting)s Bring the events Valkey and an edge of that host back, then "
                "settle again; or let two people run manage.py waive_intake %(label)s --as "
                "EMAIL --reason WHY.",
                waiting=waiting,
                label=period.label,
            )
        )


def _held_back() -> Said | None:
    heard = list(last_words())
    for word in heard:
        if isinstance(word, Silent):
            return Said(
                "The events Valkey of region %(region)s does not answer (%(reason)s), so usage "
                "may wait in the spools of its edges.",
                region=word.region,
                reason=word.reason,
            )
    beats = [word for word in heard if isinstance(word, Heartbeat) and word.spool_bytes > 0]
    now = [Spooled(one.boot_id, one.spool_bytes, _at(one.seen_at_ms)) for one in beats]
    waiting = {one.boot_id: one for one in (*now, *spooled())}
    if not waiting:
        return None
    first = min(waiting.values(), key=lambda one: one.seen_at)
    return Said(
        "Usage waits in the spool of %(n)s edge process(es); process %(process)s last said so at "
        "%(at)s UTC (%(bytes)s bytes).",
        n=len(waiting),
        process=first.boot_id,
        at=f"{first.seen_at:%Y-%m-%d %H:%M}",
        bytes=first.waiting_bytes,
    )


def _at(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)
