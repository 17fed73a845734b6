"""End an agreement before its term: one person asks, another approves."""

import uuid
from datetime import datetime

from django.db import transaction

from billing.actions.errors import TermsInTheWay, UnknownRun
from billing.actions.versions import last_approved, locked_versions, settled_after
from billing.models import Agreement, AgreementVersion, Termination
from billing.queries.terms import version_terms
from billing.rules.cycles import yearly_fee_between
from billing.rules.errors import BadTerms
from billing.rules.periods import whole_hour
from billing.rules.runs import require_other_person
from billing.rules.terms import BaseFee, Terms
from tenants import audit
from tenants.rules.sayings import Said


def ask_termination(
    *, agreement_id: uuid.UUID, ends_at: datetime, reason: str, actor: str, now: datetime
) -> Termination:
    """Ask for an agreement to end at a full UTC hour; nothing ends before it is approved.

    Keeps the fee for the rest of the term (base fees, minor units) beside it. Raises BadTerms (no
    reason), BadPeriod, TermsInTheWay (not in force then, or a month being settled). Safe to
    repeat: an agreement has one termination, and the first one is returned.
    """
    if not reason.strip():
        raise BadTerms(
            Said("Say why the agreement ends: the partner's final statement refers to it.")
        )
    whole_hour(ends_at, "end of the agreement")
    with transaction.atomic():
        agreement = Agreement.objects.get(pk=agreement_id)
        locked_versions(agreement)
        asked = Termination.objects.filter(agreement=agreement).first()
        if asked is not None:
            return asked
        last = _last(agreement, ends_at)
        terms = version_terms(last)
        row = Termination.objects.create(
            partner_id=agreement.partner_id, agreement=agreement, ends_at=ends_at,
            reason=reason.strip(), asked_by=actor.strip().lower(), asked_at=now,
            rest_of_term_minor=rest_of_term_minor(terms, ends_at, last.valid_to),
            currency=terms.currency,
        )  # fmt: skip
        _record("agreement.ask_termination", agreement, actor, row, now)
    return row


def approve_termination(*, agreement_id: uuid.UUID, approved_by: str, now: datetime) -> Termination:
    """End the version in force where the termination says. The month's run is the final one.

    Raises UnknownRun (nothing was asked), SamePerson, TermsInTheWay. Safe to repeat.
    """
    with transaction.atomic():
        agreement = Agreement.objects.get(pk=agreement_id)
        locked_versions(agreement)
        row = Termination.objects.select_for_update().filter(agreement=agreement).first()
        if row is None:
            raise UnknownRun(Said("Nobody has asked to terminate %(code)s.", code=agreement.code))
        if row.approved_at is not None:
            return row
        person = approved_by.strip().lower()
        require_other_person(row.asked_by, person)
        last = _last(agreement, row.ends_at)
        last.valid_to = row.ends_at
        last.save(update_fields=["valid_to"])
        row.approved_by, row.approved_at = person, now
        row.save(update_fields=["approved_by", "approved_at"])
        _record("agreement.terminate", agreement, person, row, now)
    return row


def rest_of_term_minor(terms: Terms, ends_at: datetime, term_ends_at: datetime | None) -> int:
    """Base fees between the early end and the end of the term; 0 without a term or a fee."""
    if term_ends_at is None or term_ends_at <= ends_at:
        return 0
    return sum(
        yearly_fee_between(part.yearly_minor, terms.anchor_at, ends_at, term_ends_at)
        for part in terms.components
        if isinstance(part, BaseFee)
    )


def _last(agreement: Agreement, ends_at: datetime) -> AgreementVersion:
    last = last_approved(agreement)
    if last is None or ends_at <= last.valid_from or (last.valid_to and ends_at >= last.valid_to):
        raise TermsInTheWay(
            Said(
                "%(code)s is not in force at %(ends_at)s UTC: an end lies inside the last version.",
                code=agreement.code,
                ends_at=f"{ends_at:%Y-%m-%d %H:%M}",
            )
        )
    run = settled_after(agreement, ends_at)
    if run is not None:
        raise TermsInTheWay(
            Said(
                "%(period_start)s of %(code)s is %(state)s: end the agreement at %(period_end)s "
                "UTC or later.",
                period_start=f"{run.period_start:%Y-%m}",
                code=agreement.code,
                state=run.state,
                period_end=f"{run.period_end:%Y-%m-%d %H:%M}",
            )
        )
    return last


def _record(verb: str, agreement: Agreement, actor: str, row: Termination, now: datetime) -> None:
    audit.record(actor=actor, verb=verb, target=agreement.code, at=now,
                 partner_id=agreement.partner_id,
                 data={"ends_at": row.ends_at.isoformat(), "reason": row.reason})  # fmt: skip
