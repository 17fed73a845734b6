"""A partner's legal texts change: told if somebody was faster, never overwritten."""

import hashlib
import uuid
from datetime import datetime

from django.db import IntegrityError, transaction

from tenants import audit, queries
from tenants.models import LegalText
from tenants.rules.legal import checked_text
from tenants.rules.meanwhile import ChangedMeanwhile


def enter_legal(
    *, partner_id: uuid.UUID, kind: str, text: str, seen: int, actor: str, now: datetime
) -> bool:
    """Show this text from now on ('' for our start); whether anything changed.

    `seen` is the number of the version that the form was opened on (0: none). Raises BadLegal and
    ChangedMeanwhile. Safe to repeat: what holds already is not entered again.
    """
    wanted = checked_text(kind, text)
    with transaction.atomic():
        last = queries.legal_text(partner_id, kind)
        number, before = (last.number, last.text) if last else (0, "")
        if wanted == before:
            return False
        if seen != number:
            raise ChangedMeanwhile
        try:
            with transaction.atomic():
                LegalText.objects.create(partner_id=partner_id, kind=kind, number=number + 1,
                                         text=wanted, entered_by=actor, entered_at=now)  # fmt: skip
        except IntegrityError as error:  # at the same moment
            raise ChangedMeanwhile from error
        audit.record(actor=actor, verb="partner.legal_changed", target=f"{kind} {number + 1}",
                     at=now, partner_id=partner_id,
                     data={"sha256": hashlib.sha256(wanted.encode()).hexdigest()})  # fmt: skip
    return True
