"""Looks of staff at a partner's portal: begun on the console, opened on the host, ended on either.

What is started, shown and ended is in the partner's audit log, with who and why.
"""

import hashlib
import secrets
import uuid
from datetime import datetime

from django.db import transaction
from django.db.models import F

from tenants import audit
from tenants.models import Partner, SupportLook
from tenants.rules import looks as rules
from tenants.rules.sayings import Said
from tenants.rules.switches import REASON_LENGTH

SERVED = (Partner.State.ACTIVE, Partner.State.SUSPENDED)


class LookRefused(ValueError):
    """Nothing was started; `str()` says why."""


def start_look(
    *, slug: str, reason: str, actor: str, now: datetime
) -> tuple[SupportLook, str]:  # fmt: skip
    """Begin a look for `rules.LASTS`; an earlier one of the same person ends. With its ticket.

    The ticket opens it once, within a minute; only its hash is kept. Raises LookRefused: no such
    partner, no pages, no reason.
    """
    partner = Partner.objects.filter(slug=slug).first()
    if partner is None or partner.state not in SERVED:
        raise LookRefused(Said("There is no portal of this partner to look at."))
    if not reason.strip() or len(reason) > REASON_LENGTH:
        raise LookRefused(
            Said(
                "Say why, in at most %(reason_length)s characters: the partner reads it.",
                reason_length=REASON_LENGTH,
            )
        )
    ticket = secrets.token_urlsafe(32)
    with transaction.atomic():
        for row in SupportLook.objects.filter(viewer=actor, ended_at=None):
            end_look(look_id=row.pk, how="replaced", now=now)
        look = SupportLook.objects.create(
            partner=partner, viewer=actor, reason=reason.strip(), ticket_sha256=_hash(ticket),
            started_at=now, ends_at=now + rules.LASTS,
        )  # fmt: skip
        _log(look, "look.started", now, reason=look.reason, until=look.ends_at.isoformat())
    return look, ticket


def open_look(*, ticket: str, now: datetime) -> SupportLook | None:
    """Open the look of a ticket, in the partner's scope; None where it opens none here any more."""
    with transaction.atomic():
        rows = SupportLook.objects.select_for_update().filter(ticket_sha256=_hash(ticket))
        look = rows.filter(ended_at=None).first()
        if look is None or not rules.opens(
            started_at=look.started_at, opened_at=look.opened_at, now=now
        ):
            return None
        look.opened_at = now
        look.save(update_fields=["opened_at"])
    return look


def end_look(*, look_id: uuid.UUID, how: str, now: datetime) -> bool:
    """End a look; whether this call did it. Past its time it has `expired`, whoever asks."""
    with transaction.atomic():
        row = SupportLook.objects.select_for_update().filter(pk=look_id, ended_at=None).first()
        if row is None:
            return False
        row.ended_how = "expired" if now >= row.ends_at else how
        row.ended_at = min(now, row.ends_at)
        row.save(update_fields=["ended_at", "ended_how"])
        _log(row, "look.ended", row.ended_at, how=row.ended_how, pages=str(row.pages))
    return True


def close_expired(*, now: datetime) -> int:
    """End the looks whose time is over and whose browser never came back; how many."""
    late = SupportLook.objects.filter(ended_at=None, ends_at__lte=now).values_list("pk", flat=True)
    return sum(end_look(look_id=one, how="expired", now=now) for one in list(late))


def note_page(*, look: SupportLook, path: str, now: datetime) -> None:
    """Write down that a page is shown under the look, before it is."""
    with transaction.atomic():
        SupportLook.objects.filter(pk=look.pk).update(pages=F("pages") + 1)
        _log(look, "look.page", now, path=path[:500])


def look_of(look_id: str) -> SupportLook | None:
    """A look at the partner whose scope this is."""
    try:
        return SupportLook.objects.filter(pk=uuid.UUID(look_id)).first()
    except (ValueError, TypeError, AttributeError):
        return None


def _log(look: SupportLook, verb: str, at: datetime, **facts: str) -> None:
    audit.record(actor=look.viewer, verb=verb, target="portal", at=at, partner_id=look.partner_id,
                 data={"look": str(look.pk), **facts})  # fmt: skip


def _hash(ticket: str) -> str:
    return hashlib.sha256(ticket.encode()).hexdigest()
