"""Ask for a credit note; a second person approves it, which issues it, or declines it."""

import uuid
from datetime import datetime

from django.db import transaction

from billing.actions.credit import Credit, issue_credit_note, locked_invoice
from billing.actions.errors import UnknownRun
from billing.models import CreditRequest, Document
from billing.queries.credits import creditable_lines
from billing.rules.credits import BadCredit, credited_amounts
from billing.rules.errors import WrongState
from billing.rules.payouts import require_second_person
from tenants import audit
from tenants.rules.sayings import Said


def ask_credit_note(
    *, document_id: uuid.UUID, credit: Credit, actor: str, now: datetime
) -> CreditRequest:
    """Ask for a credit note on an invoice; nothing is issued before a second person approves it.

    Raises UnknownRun (no such document), BadCredit (no reason, not an invoice, more than is left).
    Safe to repeat: the same `key` is the same request.
    """
    if not credit.reason.strip():
        raise BadCredit(Said("Say why: the credit note prints the reason."))
    with transaction.atomic():
        original = locked_invoice(document_id)
        request_id = uuid.uuid5(original.id, credit.key)
        known = CreditRequest.objects.filter(pk=request_id).first()
        if known is not None:
            return known
        credited_amounts(
            creditable_lines(original), currency=original.currency, by_line=credit.by_line,
            net_minor=credit.net_minor,
        )  # fmt: skip
        by_line = {str(at): amount for at, amount in (credit.by_line or {}).items()} or None
        request = CreditRequest.objects.create(
            id=request_id, partner_id=original.partner_id, document=original, key=credit.key[:160],
            reason=credit.reason.strip(), by_line=by_line, net_minor=credit.net_minor,
            asked_by=actor.strip().lower(), asked_at=now,
        )  # fmt: skip
        _record("credit.asked", request, actor, now)
    return request


def approve_credit_note(*, request_id: uuid.UUID, actor: str, now: datetime) -> Document:
    """The second person's approval, which issues the note. Safe to repeat: it is issued once.

    Raises UnknownRun (no such request), WrongState (declined), SamePerson, BadCredit (other
    credit notes left less than was asked meanwhile).
    """
    with transaction.atomic():
        request = _locked(request_id)
        issued = Document.objects.filter(pk=request.id).first()
        if issued is not None:
            return issued
        if request.declined_by:
            raise WrongState(
                Said(
                    "%(declined_by)s declined this credit note. Ask for a new one.",
                    declined_by=request.declined_by,
                )
            )
        require_second_person(request.asked_by, actor, Said("credit note"))
        request.approved_by, request.decided_at = actor.strip().lower(), now
        request.save(update_fields=["approved_by", "decided_at"])
        _record("credit.approved", request, actor, now)
        return issue_credit_note(request=request, actor=request.approved_by, now=now)


def decline_credit_note(
    *, request_id: uuid.UUID, reason: str, actor: str, now: datetime
) -> CreditRequest:
    """Decline it, or take it back (who asked may do that too), with the reason.

    Raises UnknownRun, BadCredit (no reason), WrongState (issued). Safe to repeat.
    """
    if not reason.strip():
        raise BadCredit(Said("Say why the credit note is declined."))
    with transaction.atomic():
        request = _locked(request_id)
        if request.approved_by:
            raise WrongState(Said("This credit note is issued already."))
        if not request.declined_by:
            request.declined_by, request.decided_at = actor.strip().lower(), now
            request.declined_why = reason.strip()
            request.save(update_fields=["declined_by", "declined_why", "decided_at"])
            _record("credit.declined", request, actor, now)
    return request


def _locked(request_id: uuid.UUID) -> CreditRequest:
    rows = CreditRequest.objects.select_for_update(of=("self",)).select_related("document")
    request = rows.filter(pk=request_id).first()
    if request is None:
        raise UnknownRun(
            Said("There is no asking for a credit note %(request_id)s.", request_id=request_id)
        )
    return request


def _record(verb: str, request: CreditRequest, actor: str, now: datetime) -> None:
    audit.record(
        actor=actor, verb=verb, target=request.document.number, at=now,
        partner_id=request.partner_id,
        data={"reason": request.reason, "net_minor": request.net_minor, "by_line": request.by_line,
              "asked_by": request.asked_by, "declined_why": request.declined_why},
    )  # fmt: skip
