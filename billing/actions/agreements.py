"""Sign an agreement, or amend one, where both people have agreed: a proposal and its approval."""

import uuid
from datetime import datetime

from django.db import transaction

from billing.actions.decide_terms import approve_version
from billing.actions.proposals import propose_agreement, propose_amendment
from billing.models import AgreementVersion
from billing.rules.runs import require_other_person
from billing.rules.templates import Deal
from billing.rules.terms import Terms


def sign_agreement(
    *, partner_id: uuid.UUID, template: str, starts_at: datetime, created_by: str,
    approved_by: str, now: datetime, deal: Deal | None = None, currency: str = "USD",
    retail_card_id: uuid.UUID | None = None, code: str = "", name: str = "",
) -> AgreementVersion:  # fmt: skip
    """The first version of a new agreement, from a template, in force from `starts_at`.

    Raises what `propose_agreement` and `approve_version` raise. Safe to repeat: an agreement with
    this code and these terms is returned unchanged.
    """
    require_other_person(created_by.strip().lower(), approved_by.strip().lower())
    with transaction.atomic():
        version = propose_agreement(
            partner_id=partner_id, template=template, starts_at=starts_at, created_by=created_by,
            now=now, deal=deal, currency=currency, retail_card_id=retail_card_id, code=code,
            name=name,
        )  # fmt: skip
        return approve_version(version_id=version.id, approved_by=approved_by, now=now)


def amend_agreement(
    *, agreement_id: uuid.UUID, terms: Terms, starts_at: datetime, created_by: str,
    approved_by: str, now: datetime, retail_card_id: uuid.UUID | None = None,
) -> AgreementVersion:  # fmt: skip
    """New terms from a full UTC hour on; the version in force ends there, without a hole.

    Raises what `propose_amendment` and `approve_version` raise. Safe to repeat: the same terms
    from the same hour return that version.
    """
    require_other_person(created_by.strip().lower(), approved_by.strip().lower())
    with transaction.atomic():
        version = propose_amendment(
            agreement_id=agreement_id, terms=terms, starts_at=starts_at, created_by=created_by,
            now=now, retail_card_id=retail_card_id,
        )  # fmt: skip
        return approve_version(version_id=version.id, approved_by=approved_by, now=now)
