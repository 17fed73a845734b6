"""A second person puts proposed terms in force, or says no to them."""

import uuid
from datetime import datetime

from django.db import transaction

from billing.actions.errors import TermsInTheWay, UnknownRun
from billing.actions.versions import (
    end_of,
    last_approved,
    locked_versions,
    record,
    refuse_overlap,
    refuse_start,
)
from billing.models import AgreementVersion
from billing.queries.terms import version_terms
from billing.rules.amending import refuse_amendment
from billing.rules.runs import require_other_person
from tenants.actions.partners import set_entitlement
from tenants.rules.sayings import Said

SHARE_ENTITLEMENT = "partner_share_bps"


def approve_version(*, version_id: uuid.UUID, approved_by: str, now: datetime) -> AgreementVersion:
    """Put a proposal in force; the version before it ends where this one begins, without a hole.

    Also pushes the entitlement `partner_share_bps` down for the overflow API to show. Raises
    UnknownRun (no such version), SamePerson, TermsInTheWay (declined, or no longer possible).
    Safe to repeat: an approved version is returned as it is.
    """
    with transaction.atomic():
        version = _locked(version_id)
        if version.approved_at is not None:
            return version
        if version.declined_at is not None:
            raise TermsInTheWay(
                Said("%(version)s was declined: propose the terms again.", version=version)
            )
        person = approved_by.strip().lower()
        require_other_person(version.created_by, person)
        before = last_approved(version.agreement)
        if before is not None:
            after = version_terms(version)
            refuse_start(version.agreement, before, version.valid_from)
            refuse_amendment(version_terms(before), after, version.valid_from)
            version.valid_to = end_of(after, before)
            before.valid_to = version.valid_from
            before.save(update_fields=["valid_to"])
        refuse_overlap(version.agreement, version.valid_from, version.valid_to)
        version.approved_by, version.approved_at = person, now
        version.save(update_fields=["valid_to", "approved_by", "approved_at"])
        set_entitlement(partner_id=version.partner_id, name=SHARE_ENTITLEMENT,
                        value=version.partner_share_bps, now=now)  # fmt: skip
        record("agreement.signed", version, person, now)
    return version


def decline_version(
    *, version_id: uuid.UUID, actor: str, reason: str, now: datetime
) -> AgreementVersion:
    """Say no to a proposal, or take one's own back. Raises UnknownRun, TermsInTheWay (approved).

    Safe to repeat: a declined version is returned as it is.
    """
    with transaction.atomic():
        version = _locked(version_id)
        if version.approved_at is not None:
            raise TermsInTheWay(
                Said("%(version)s is approved: amend the agreement instead.", version=version)
            )
        if version.declined_at is None:
            version.declined_by, version.declined_at = actor.strip().lower(), now
            version.save(update_fields=["declined_by", "declined_at"])
            record("agreement.declined", version, actor, now, why=reason)
    return version


def _locked(version_id: uuid.UUID) -> AgreementVersion:
    """The version, locked with all of its agreement: two approvals at once go one by one."""
    found = AgreementVersion.objects.select_related("agreement").filter(pk=version_id).first()
    if found is None:
        raise UnknownRun(
            Said("There is no agreement version %(version_id)s.", version_id=version_id)
        )
    return next(one for one in locked_versions(found.agreement) if one.id == version_id)
