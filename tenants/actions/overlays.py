"""View-as: start and end a look at a customer's portal, and write down what was seen.

All run in the partner's schema. Each row of the audit log names both: who looks is its actor, whose
portal and as which role are in its data.
"""

import uuid
from datetime import datetime

from django.db import transaction
from django.db.models import F

from tenants import audit
from tenants.accounts.models import Overlay, User
from tenants.rules import overlays as rules
from tenants.rules import roles
from tenants.rules.sayings import Said


class OverlayRefused(ValueError):
    """Nothing was started; `str()` says why."""


def start_overlay(
    *, partner_id: uuid.UUID, customer_id: uuid.UUID, external_id: str, customer_name: str,
    role: str, reason: str, ticket: str, by: User, now: datetime,
) -> Overlay:  # fmt: skip
    """Begin a look for at most `rules.LASTS`; an earlier one of the same person ends.

    Raises OverlayRefused: without the permission, a reason or a customer's role.
    """
    if not by.may(rules.MAY):
        raise OverlayRefused(Said("Your role may not see a customer's portal."))
    if role not in roles.PERMISSIONS[roles.Audience.CUSTOMER]:
        raise OverlayRefused(Said("%(role)s is no role of customers.", role=role))
    if not reason.strip():
        raise OverlayRefused(Said("Say why: the customer reads this."))
    with transaction.atomic():
        User.objects.select_for_update().get(pk=by.pk)  # of two at once, one waits
        for row in Overlay.objects.filter(viewer_id=by.pk, ended_at=None):
            end_overlay(overlay_id=row.pk, partner_id=partner_id, how="replaced", now=now)
        overlay = Overlay.objects.create(
            customer_id=customer_id, external_id=external_id, customer_name=customer_name,
            role=role, viewer_id=by.pk, viewer=by.email, reason=reason.strip(),
            ticket=ticket.strip(), started_at=now, ends_at=now + rules.LASTS,
        )  # fmt: skip
        _log(overlay, partner_id, "customer.view_started", now, reason=overlay.reason,
             ticket=overlay.ticket, until=overlay.ends_at.isoformat())  # fmt: skip
    return overlay


def end_overlay(*, overlay_id: uuid.UUID, partner_id: uuid.UUID, how: str, now: datetime) -> bool:
    """End a look; whether this call did it. Past its time it has `expired`, whoever asks."""
    with transaction.atomic():
        row = Overlay.objects.select_for_update().filter(pk=overlay_id, ended_at=None).first()
        if row is None:
            return False
        row.ended_how = "expired" if now >= row.ends_at else how
        row.ended_at = min(now, row.ends_at)
        row.save(update_fields=["ended_at", "ended_how"])
        _log(row, partner_id, "customer.view_ended", row.ended_at, how=row.ended_how,
             pages=str(row.pages))  # fmt: skip
    return True


def close_expired(*, partner_id: uuid.UUID, now: datetime) -> int:
    """End the looks whose time is over and whose browser never came back; how many."""
    late = Overlay.objects.filter(ended_at=None, ends_at__lte=now).values_list("pk", flat=True)
    return sum(
        end_overlay(overlay_id=one, partner_id=partner_id, how="expired", now=now)
        for one in list(late)
    )


def note_page(*, overlay: Overlay, path: str, partner_id: uuid.UUID, now: datetime) -> None:
    """Write down that a page is shown under the overlay, before it is."""
    with transaction.atomic():
        Overlay.objects.filter(pk=overlay.pk).update(pages=F("pages") + 1)
        _log(overlay, partner_id, "customer.view_page", now, path=path[:500])


def overlay_of(viewer: User, overlay_id: str) -> Overlay | None:
    """A person's own overlay of this schema; anybody else's does not exist."""
    try:
        wanted = uuid.UUID(overlay_id)
    except (ValueError, TypeError, AttributeError):
        return None
    return Overlay.objects.filter(pk=wanted, viewer_id=viewer.pk).first()


def _log(
    overlay: Overlay, partner_id: uuid.UUID, verb: str, at: datetime, **facts: str
) -> None:  # fmt: skip
    data = {"seen_as": overlay.role, "customer_id": str(overlay.customer_id),
            "overlay": str(overlay.pk), **facts}  # fmt: skip
    audit.record(actor=overlay.viewer, verb=verb, target=overlay.external_id, at=at,
                 partner_id=partner_id, data=data)  # fmt: skip
