"""Terms are proposed by one person; another puts them in force (`decide_terms`)."""

import uuid
from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from billing.actions.errors import TermsInTheWay
from billing.actions.versions import (
    end_of,
    in_force,
    locked_versions,
    record,
    refuse_overlap,
    refuse_start,
)
from billing.models import Agreement, AgreementVersion, ChargeComponent, RateCard
from billing.queries.terms import version_terms
from billing.rules.amending import amended, refuse_amendment
from billing.rules.errors import BadTerms
from billing.rules.periods import add_months, whole_hour
from billing.rules.templates import CALLED, Deal, agreement_terms
from billing.rules.terms import Terms, Wholesale
from billing.rules.terms_json import dump_terms
from tenants.models import Partner
from tenants.rules.meanwhile import refuse_changed
from tenants.rules.sayings import Said


def propose_agreement(
    *, partner_id: uuid.UUID, template: str, starts_at: datetime, created_by: str, now: datetime,
    deal: Deal | None = None, currency: str = "USD", retail_card_id: uuid.UUID | None = None,
    code: str = "", name: str = "",
) -> AgreementVersion:  # fmt: skip
    """The first version of a new agreement, from a template; in force once it is approved.

    Templates: `billing.rules.templates.TEMPLATES`; `deal` overrides their values. Without a `code`
    a deal of the same template after one that ended gets the next number. Raises BadTerms,
    BadPeriod, TermsInTheWay (another agreement is in force). Safe to repeat: an agreement with
    this code and these terms is returned unchanged.
    """
    partner = Partner.objects.get(pk=partner_id)
    terms = agreement_terms(
        template, partner_kind=partner.kind, currency=currency, starts_at=starts_at,
        deal=deal or Deal(),
    )  # fmt: skip
    code = code or _free_code(f"{partner.slug}-{template.replace('_', '-')}", starts_at)
    with transaction.atomic():
        agreement, created = Agreement.objects.get_or_create(
            code=code,
            defaults={"partner_id": partner_id, "created_at": now,
                      "name": name or f"{partner.name} {CALLED[template]}"},
        )  # fmt: skip
        first = agreement.versions.filter(declined_at=None).order_by("number").first()
        if not created and first is not None:
            return _same_or_refuse(agreement, first, terms)
        ends_at = add_months(starts_at, terms.term_months) if terms.term_months else None
        refuse_overlap(agreement, starts_at, ends_at)
        return _propose(agreement, terms, (starts_at, ends_at), retail_card_id, created_by, now)


def propose_amendment(
    *, agreement_id: uuid.UUID, terms: Terms, starts_at: datetime, created_by: str, now: datetime,
    retail_card_id: uuid.UUID | None = None, reason: str = "",
) -> AgreementVersion:  # fmt: skip
    """New terms from a full UTC hour on; the version in force ends there once they are approved.

    They end where that version would have ended; another term (`term_months`, from the agreement's
    start) renews or shortens it. Without `retail_card_id` the rate card stays. Raises TermsInTheWay
    when the start is not inside the version in force or reaches into a month that is already being
    settled, BadTerms for what an agreement keeps (`refuse_amendment`). Safe to repeat: the same
    terms from the same hour return that version, proposed or approved.
    """
    whole_hour(starts_at, "start of the amendment")
    with transaction.atomic():
        agreement = Agreement.objects.get(pk=agreement_id)
        for version in locked_versions(agreement):
            same = version.valid_from == starts_at and version.declined_at is None
            card = retail_card_id in (None, version.retail_card_id)
            if same and card and version_terms(version) == terms:
                return version
        last = in_force(agreement)
        refuse_start(agreement, last, starts_at)
        refuse_amendment(version_terms(last), terms, starts_at)
        ends_at = end_of(terms, last)
        if ends_at is not None and ends_at <= starts_at:
            raise TermsInTheWay(
                Said(
                    "A term of %(term_months)s months ends on %(ends_at)s UTC, before these terms "
                    "begin. Terms are renewed for longer, or ended early.",
                    term_months=terms.term_months,
                    ends_at=f"{ends_at:%Y-%m-%d %H:%M}",
                )
            )
        return _propose(agreement, terms, (starts_at, ends_at),
                        retail_card_id or last.retail_card_id, created_by, now, reason)  # fmt: skip


def propose_figures(
    *, agreement_id: uuid.UUID, texts: Mapping[str, str], starts_at: datetime, created_by: str,
    now: datetime, reason: str, retail_card_id: uuid.UUID | None = None, seen: str | None = None,
) -> AgreementVersion:  # fmt: skip
    """Some figures of the last approved terms written anew (`billing.rules.figures`), or another
    rate card, from a hour on. `seen` is the mark of the version that the editor saw. Raises
    BadTerms naming the figure, or that nothing differs, ChangedMeanwhile, and what
    `propose_amendment` raises. Safe to repeat."""
    last = in_force(Agreement.objects.get(pk=agreement_id))
    refuse_changed(seen, str(last.id))
    before = version_terms(last)
    after = amended(before, texts)
    same = after == before and retail_card_id in (None, last.retail_card_id)
    if same and last.valid_from != starts_at:
        raise BadTerms(Said("Nothing would change: write at least one figure anew."))
    return propose_amendment(
        agreement_id=agreement_id, terms=after, starts_at=starts_at, created_by=created_by,
        now=now, reason=reason, retail_card_id=retail_card_id,
    )  # fmt: skip


def _free_code(code: str, starts_at: datetime) -> str:
    """The code, or its next number where the agreement that has it ended before `starts_at`."""
    number, found = 1, code
    while (last := AgreementVersion.objects.filter(
        agreement__code=found, approved_at__isnull=False).order_by("valid_from").last()
    ) and last.valid_to and last.valid_to <= starts_at:  # fmt: skip
        number += 1
        found = f"{code}-{number}"
    return found


def _same_or_refuse(
    agreement: Agreement, first: AgreementVersion, terms: Terms
) -> AgreementVersion:
    if version_terms(first) != terms:
        raise TermsInTheWay(
            Said(
                "Agreement %(code)s is signed with other terms. Amend it instead.",
                code=agreement.code,
            )
        )
    return first


def _propose(
    agreement: Agreement, terms: Terms, span: tuple[datetime, datetime | None],
    retail_card_id: uuid.UUID | None, created_by: str, now: datetime, reason: str = "",
) -> AgreementVersion:  # fmt: skip
    _check_card(terms, retail_card_id, agreement.partner_id)
    stored = dump_terms(terms)
    components = stored.pop("components")
    version = AgreementVersion.objects.create(
        partner_id=agreement.partner_id, agreement=agreement, valid_from=span[0], valid_to=span[1],
        number=agreement.versions.count() + 1, kind=terms.kind, collects=terms.collects,
        currency=terms.currency, poc_ends_at=terms.poc_ends_at, reason=reason.strip(),
        partner_share_bps=terms.partner_share_bps, retail_card_id=retail_card_id, terms=stored,
        created_by=created_by.strip().lower(), created_at=now,
    )  # fmt: skip
    ChargeComponent.objects.bulk_create(
        ChargeComponent(partner_id=agreement.partner_id, version=version, position=position,
                        kind=part.pop("type"), terms=part)
        for position, part in enumerate(components, 1)
    )  # fmt: skip
    record("agreement.proposed", version, version.created_by, now)
    return version


def _check_card(terms: Terms, retail_card_id: uuid.UUID | None, partner_id: uuid.UUID) -> None:
    wholesale = any(isinstance(part, Wholesale) for part in terms.components)
    if retail_card_id is None:
        if terms.bills_customers or wholesale:
            raise BadTerms(Said("This kind of agreement prices usage by a rate card: name one."))
        return
    card = RateCard.objects.filter(pk=retail_card_id).first()
    if card is None or card.currency != terms.currency:
        raise BadTerms(
            Said(
                "The agreement needs an existing rate card in %(currency)s.",
                currency=terms.currency,
            )
        )
    if card.audience == RateCard.Audience.INTERNAL or card.partner_id not in (None, partner_id):
        raise BadTerms(
            Said(
                "%(name)s is not for this partner's customers: it is our cost, or another "
                "partner's. Choose a price list that customers may see.",
                name=card.name,
            )
        )
