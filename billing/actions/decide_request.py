"""A second person approves what finance asked for, which enters it."""

import uuid
from collections.abc import Callable
from datetime import datetime

from django.db import transaction

from billing.actions.exceptions import waive
from billing.actions.finance_requests import locked, record
from billing.actions.price_lists import enter_prices
from billing.actions.taxes import enter_fx_rate, enter_tax_rate, enter_tax_status
from billing.actions.write_off import write_off_invoice
from billing.models import FinanceRequest
from billing.rules.errors import WrongState
from billing.rules.finance_requests import (
    CALLED,
    FX_RATE,
    PRICES,
    TAX_RATE,
    TAX_STATUS,
    WAIVER,
    WRITE_OFF,
)
from billing.rules.payouts import require_second_person
from tenants.rules.sayings import Said

_ENTER: dict[str, Callable[[FinanceRequest, datetime], object]] = {
    FX_RATE: enter_fx_rate,
    TAX_RATE: enter_tax_rate,
    TAX_STATUS: enter_tax_status,
    WRITE_OFF: write_off_invoice,
    PRICES: enter_prices,
    WAIVER: waive,
}


def approve_request(*, request_id: uuid.UUID, actor: str, now: datetime) -> FinanceRequest:
    """Approve, and write what was asked for, in one transaction. Safe to repeat: written once.

    Raises UnknownRun, WrongState (declined), SamePerson, and what the entry itself refuses
    (BadCredit: nothing is open any more).
    """
    with transaction.atomic():
        request = locked(request_id)
        if request.approved_by:
            return request
        called = CALLED[request.kind]
        if request.declined_by:
            raise WrongState(
                Said(
                    "%(declined_by)s declined this %(called)s. Ask for a new one.",
                    declined_by=request.declined_by,
                    called=called,
                )
            )
        require_second_person(request.asked_by, actor, called)
        request.approved_by, request.decided_at = actor.strip().lower(), now
        request.save(update_fields=["approved_by", "decided_at"])
        _ENTER[request.kind](request, now)
        record(request, "approved", actor, now)
    return request
