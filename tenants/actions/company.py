"""A partner's company facts change: told if somebody was faster, never overwritten."""

import uuid
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime

from django.db import IntegrityError, transaction

from tenants import audit, queries
from tenants.models import CompanyFacts
from tenants.rules.company import checked
from tenants.rules.meanwhile import ChangedMeanwhile


def enter_company(
    *, partner_id: uuid.UUID, given: Mapping[str, str], seen: int, actor: str, now: datetime
) -> bool:
    """Enter the facts that papers issued from now on show; whether anything changed.

    `seen` is the number of the entry that the form was opened on (0: none). Raises BadCompany and
    ChangedMeanwhile. Safe to repeat: what holds already is not entered again.
    """
    wanted = checked(given)
    with transaction.atomic():
        number, before = queries.company(partner_id)
        if wanted == before:
            return False
        if seen != number:
            raise ChangedMeanwhile
        facts, old = asdict(wanted), asdict(before)
        try:
            with transaction.atomic():
                CompanyFacts.objects.create(partner_id=partner_id, number=number + 1, **facts,
                                            entered_by=actor, entered_at=now)  # fmt: skip
        except IntegrityError as error:  # at the same moment
            raise ChangedMeanwhile from error
        changed = [name for name in facts if facts[name] != old[name]]
        audit.record(actor=actor, verb="partner.company_changed", target=str(number + 1), at=now,
                     partner_id=partner_id,
                     data={"before": {name: old[name] for name in changed},
                           "after": {name: facts[name] for name in changed}})  # fmt: skip
    return True
