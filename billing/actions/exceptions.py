"""Look after an exception, ask to let it be, and keep what `reconcile` found for the queue."""

import hashlib
import uuid
from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from billing.actions.errors import UnknownRun
from billing.actions.finance_requests import ask
from billing.models import ExceptionOwner, FinanceRequest, FoundBreach
from billing.queries.exception_queue import all_exceptions, exceptions
from billing.rules.errors import BadTerms, WrongState
from billing.rules.exceptions import WAIVABLE
from billing.rules.finance_requests import WAIVER
from cache_api.reconcile import Breach
from tenants import audit
from tenants.rules.meanwhile import refuse_changed
from tenants.rules.sayings import Said


def take_exception(
    *, key: str, actor: str, now: datetime, note: str = "", seen: str | None = None
) -> ExceptionOwner:
    """`actor` looks after it from now on, also when another person did. Safe to repeat.

    `seen` is the mark of the owner that the taker saw ("": nobody). Raises ChangedMeanwhile.
    """
    with transaction.atomic():
        now_theirs = {"owner": actor.lower(), "note": note, "taken_at": now}
        row, is_new = ExceptionOwner.objects.select_for_update().get_or_create(
            key=key[:160], defaults=now_theirs
        )
        if not is_new:
            if row.owner != actor.lower():
                refuse_changed(seen, row.owner)
            ExceptionOwner.objects.filter(pk=row.pk).update(**now_theirs)
            row.refresh_from_db()
        audit.record(actor=actor, verb="exception.take", target=row.key, at=now,
                     data={"note": note})  # fmt: skip
    return row


def ask_waiver(*, key: str, reason: str, actor: str, now: datetime) -> FinanceRequest:
    """Ask to let an exception be; it leaves the queue once a second person approves.

    Raises BadTerms (no reason), UnknownRun (it is not open), WrongState (a kind that ends by what
    is done about it). Safe to repeat: one that waits already is returned, with its first reason.
    """
    if not reason.strip():
        raise BadTerms(
            Said("Say why it may stay as it is: the second person decides by that reason.")
        )
    found = next((one for one in exceptions(now) if one.key == key), None)
    if found is None:
        raise UnknownRun(Said("This exception is not open any more. Reload the queue."))
    if found.kind not in WAIVABLE:
        raise WrongState(
            Said(
                "%(title)s can not be waived: it ends by what is done about it.", title=found.title
            )
        )
    if found.waiver is not None:
        return FinanceRequest.objects.get(pk=found.waiver.id)
    facts = {"key": key, "title": found.title, "detail": found.detail, "reason": reason.strip()}
    partner_id = uuid.UUID(found.partner_id) if found.partner_id else None
    return ask(kind=WAIVER, facts=facts, actor=actor, now=now, partner_id=partner_id)


def waive(request: FinanceRequest, now: datetime) -> None:
    """Nothing is written: the approved request is the waiver. Raises WrongState when the exception
    ended, or says something else than it did when the request was made."""
    of = {one.waiver.id for one in all_exceptions(now) if one.waiver}
    if str(request.id) not in of:
        raise WrongState(
            Said("What this waiver is about has ended or changed since it was asked for.")
        )


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
