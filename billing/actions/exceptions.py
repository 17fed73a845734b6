"""Look after an exception, and keep what `reconcile` found for the queue."""

import hashlib
from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from billing.models import ExceptionOwner, FoundBreach
from cache_api.reconcile import Breach
from tenants import audit


def take_exception(*, key: str, actor: str, now: datetime, note: str = "") -> ExceptionOwner:
    """`actor` looks after it from now on, also when another person did. Safe to repeat."""
    with transaction.atomic():
        row, _ = ExceptionOwner.objects.update_or_create(
            key=key[:160], defaults={"owner": actor.lower(), "note": note, "taken_at": now}
        )
        audit.record(actor=actor, verb="exception.take", target=row.key, at=now,
                     data={"note": note})  # fmt: skip
    return row


def keep_breaches(*, found: Iterable[Breach], now: datetime) -> int:
    """Remember what does not hold, forget what holds again; returns how many do not hold.

    Safe to repeat: a breach is one row by check, partner and detail, with when it was first seen.
    """
    rows = [_row(breach, now) for breach in found]
    with transaction.atomic():
        FoundBreach.objects.bulk_create(
            rows, update_conflicts=True, unique_fields=["digest"], update_fields=["last_seen_at"]
        )
        FoundBreach.objects.exclude(digest__in=[row.digest for row in rows]).delete()
    return len(rows)


def _row(breach: Breach, now: datetime) -> FoundBreach:
    facts = (breach.check, breach.partner, breach.detail)
    return FoundBreach(
        check_name=breach.check, partner_slug=breach.partner, detail=breach.detail,
        digest=hashlib.sha256("\n".join(facts).encode()).hexdigest(),
        first_seen_at=now, last_seen_at=now,
    )  # fmt: skip
