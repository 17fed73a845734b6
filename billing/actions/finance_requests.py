"""Ask for a rate, a tax status or a write-off; decline it. `decide_request` approves."""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from billing.actions.errors import UnknownRun
from billing.models import FinanceRequest
from billing.rules.errors import BadTerms, WrongState
from billing.rules.finance_requests import CALLED
from tenants import audit
from tenants.rules.sayings import Said


def ask(
    *, kind: str, facts: Mapping[str, Any], actor: str, now: datetime,
    partner_id: uuid.UUID | None = None, document_id: uuid.UUID | None = None,
) -> FinanceRequest:  # fmt: skip
    """Keep what shall be written until a second person decides. The caller has checked `facts`.

    Safe to repeat: the same facts that wait already are the same request.
    """
    same: dict[str, Any] = {
        "kind": kind,
        "facts": facts,
        "partner_id": partner_id,
        "document_id": document_id,
    }
    with transaction.atomic():
        known = FinanceRequest.objects.filter(approved_by="", declined_by="", **same).first()
        if known is not None:
            return known
        request = FinanceRequest.objects.create(
            **same, asked_by=actor.strip().lower(), asked_at=now
        )
        record(request, "asked", actor, now)
    return request


def decline_request(
    *, request_id: uuid.UUID, reason: str, actor: str, now: datetime
) -> FinanceRequest:
    """Decline it, or take it back (who asked may do that too), with the reason.

    Raises UnknownRun, BadTerms (no reason), WrongState (approved). Safe to repeat.
    """
    if not reason.strip():
        raise BadTerms(Said("Say why it is declined."))
    with transaction.atomic():
        request = locked(request_id)
        if request.approved_by:
            raise WrongState(
                Said(
                    "%(approved_by)s has approved this %(it)s.",
                    approved_by=request.approved_by,
                    it=CALLED[request.kind],
                )
            )
        if not request.declined_by:
            request.declined_by, request.decided_at = actor.strip().lower(), now
            request.declined_why = reason.strip()
            request.save(update_fields=["declined_by", "declined_why", "decided_at"])
            record(request, "declined", actor, now)
    return request


def locked(request_id: uuid.UUID) -> FinanceRequest:
    """The request, locked until the transaction ends. Raises UnknownRun."""
    request = FinanceRequest.objects.select_for_update().filter(pk=request_id).first()
    if request is None:
        raise UnknownRun(Said("There is no request %(request_id)s.", request_id=request_id))
    return request


def record(request: FinanceRequest, did: str, actor: str, now: datetime) -> None:
    """One audit row, e.g. `fx_rate.asked`."""
    data: dict[str, Any] = {name: value for name, value in request.facts.items() if value}
    audit.record(actor=actor, verb=f"{request.kind}.{did}", target=str(request.id), at=now,
                 partner_id=request.partner_id, data=data)  # fmt: skip
