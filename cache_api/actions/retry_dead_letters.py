"""Dead letters whose cause is mended (a late partner, a fixed decoder) are recorded again."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from cache_api.actions.record_events import RecordOutcome, record_events
from cache_api.metering.models import DeadLetter
from cache_api.rules.events import UnreadableEvent, UsageEvent, decode

CHUNK = 1000


@dataclass(frozen=True)
class Retried:
    """Letters recorded now, and letters that stay."""

    recorded: int
    left: int


def retry_dead_letters(*, now: datetime) -> Retried:
    """Record every open dead letter that can be recorded now, and close it (public schema).

    Safe to repeat: the event id keeps an event from counting twice, a closed letter stays closed.
    """
    recorded = 0
    for letter in DeadLetter.objects.filter(resolved_at=None).order_by("at", "id")[:CHUNK]:
        event = _readable(letter)
        if event is not None and _record(letter, event, now).dead == 0:
            recorded += 1
    return Retried(recorded, DeadLetter.objects.filter(resolved_at=None).count())


def _readable(letter: DeadLetter) -> UsageEvent | None:
    try:
        return decode(bytes(letter.payload))
    except UnreadableEvent:
        return None


def _record(letter: DeadLetter, event: UsageEvent, now: datetime) -> RecordOutcome:
    with transaction.atomic():
        outcome = record_events(events=[event], source="dead letter", now=now)
        if outcome.dead == 0:
            DeadLetter.objects.filter(pk=letter.pk).update(resolved_at=now)
    return outcome
