"""Sign an agreement, or amend one: a new immutable version, approved by a second person."""

import uuid
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from billing.actions.errors import TermsInTheWay
from billing.models import Agreement, AgreementVersion, ChargeComponent, RateCard, SettlementRun
from billing.queries.terms import version_terms
from billing.rules.errors import BadTerms
from billing.rules.periods import add_months, whole_hour
from billing.rules.runs import require_other_person
from billing.rules.templates import Deal, agreement_terms
from billing.rules.terms import Terms, Wholesale
from billing.rules.terms_json import dump_terms
from tenants import audit
from tenants.actions.partners import set_entitlement
from tenants.models import Partner

SHARE_ENTITLEMENT = "partner_share_bps"


def sign_agreement(
    *, partner_id: uuid.UUID, template: str, starts_at: datetime, created_by: str,
    approved_by: str, now: datetime, deal: Deal | None = None, currency: str = "USD",
    retail_card_id: uuid.UUID | None = None, code: str = "", name: str = "",
) -> AgreementVersion:  # fmt: skip
    """The first version of a new agreement, from a template, in force from `starts_at`.

    Templates: `billing.rules.templates.TEMPLATES`; `deal` overrides their values. Also pushes the
    entitlement `partner_share_bps` (basis points) down for the overflow API to show.
    Raises BadTerms, BadPeriod, SamePerson, TermsInTheWay (another agreement is in force).
    Safe to repeat: an agreement with this code and these terms is returned unchanged.
    """
    partner = Partner.objects.get(pk=partner_id)
    terms = agreement_terms(
        template, partner_kind=partner.kind, currency=currency, starts_at=starts_at,
        deal=deal or Deal(),
    )  # fmt: skip
    code = code or f"{partner.slug}-{template.replace('_', '-')}"
    with transaction.atomic():
        agreement, created = Agreement.objects.get_or_create(
            code=code,
            defaults={"partner_id": partner_id, "name": name or f"{partner.name} {template}",
                      "created_at": now},
        )  # fmt: skip
        if not created:
            return _same_or_refuse(agreement, terms)
        ends_at = add_months(starts_at, terms.term_months) if terms.term_months else None
        return _put_in_force(agreement, terms, (starts_at, ends_at), retail_card_id, created_by,
                             approved_by, now)  # fmt: skip


def amend_agreement(
    *, agreement_id: uuid.UUID, terms: Terms, starts_at: datetime, created_by: str,
    approved_by: str, now: datetime, retail_card_id: uuid.UUID | None = None,
) -> AgreementVersion:  # fmt: skip
    """New terms from a full UTC hour on; the version in force ends there, without a hole.

    Raises TermsInTheWay when the start is not inside the version in force or reaches into a month
    that is already being settled. Safe to repeat: the same terms from the same hour return that
    version.
    """
    with transaction.atomic():
        agreement = Agreement.objects.get(pk=agreement_id)
        last = agreement.versions.select_for_update(of=("self",)).order_by("-number")[0]
        if last.valid_from == starts_at and version_terms(last) == terms:
            return last
        _refuse_start(agreement, last, starts_at)
        ends_at, last.valid_to = last.valid_to, whole_hour(starts_at, "start of the amendment")
        last.save(update_fields=["valid_to"])
        return _put_in_force(agreement, terms, (starts_at, ends_at),
                             retail_card_id or last.retail_card_id, created_by, approved_by,
                             now)  # fmt: skip


def _same_or_refuse(agreement: Agreement, terms: Terms) -> AgreementVersion:
    first = agreement.versions.order_by("number")[0]
    if version_terms(first) != terms:
        raise TermsInTheWay(
            f"Agreement {agreement.code} is signed with other terms. Amend it instead."
        )
    return first


def _refuse_start(agreement: Agreement, last: AgreementVersion, starts_at: datetime) -> None:
    if starts_at <= last.valid_from or (last.valid_to and starts_at >= last.valid_to):
        raise TermsInTheWay(
            f"Version {last.number} of {agreement.code} is in force from {last.valid_from:%Y-%m-%d}"
            " on; an amendment starts after that and before it ends."
        )
    run = (
        SettlementRun.objects.filter(agreement=agreement, period_end__gt=starts_at)
        .exclude(state__in=("open", "collecting", "parked"))
        .first()
    )
    if run is not None:
        raise TermsInTheWay(
            f"{run.period_start:%Y-%m} of {agreement.code} is {run.state}: reject that run first, "
            f"or start the amendment at {run.period_end:%Y-%m-%d %H:%M} UTC."
        )


def _put_in_force(
    agreement: Agreement, terms: Terms, span: tuple[datetime, datetime | None],
    retail_card_id: uuid.UUID | None, created_by: str, approved_by: str, now: datetime,
) -> AgreementVersion:  # fmt: skip
    starts_at, ends_at = span
    created_by, approved_by = created_by.strip().lower(), approved_by.strip().lower()
    require_other_person(created_by, approved_by)
    _check_card(terms, retail_card_id)
    _refuse_overlap(agreement, starts_at, ends_at)
    stored = dump_terms(terms)
    components = stored.pop("components")
    version = AgreementVersion.objects.create(
        partner_id=agreement.partner_id, agreement=agreement, valid_from=starts_at,
        number=agreement.versions.count() + 1, valid_to=ends_at, kind=terms.kind,
        collects=terms.collects, currency=terms.currency, poc_ends_at=terms.poc_ends_at,
        partner_share_bps=terms.partner_share_bps, retail_card_id=retail_card_id, terms=stored,
        created_by=created_by, created_at=now, approved_by=approved_by, approved_at=now,
    )  # fmt: skip
    ChargeComponent.objects.bulk_create(
        ChargeComponent(partner_id=agreement.partner_id, version=version, position=position,
                        kind=part.pop("type"), terms=part)
        for position, part in enumerate(components, 1)
    )  # fmt: skip
    set_entitlement(partner_id=agreement.partner_id, name=SHARE_ENTITLEMENT,
                    value=terms.partner_share_bps, now=now)  # fmt: skip
    audit.record(
        actor=approved_by, verb="agreement.signed", target=f"{agreement.code} v{version.number}",
        at=now, partner_id=agreement.partner_id, data={"prepared_by": created_by, "terms": stored},
    )  # fmt: skip
    return version


def _check_card(terms: Terms, retail_card_id: uuid.UUID | None) -> None:
    wholesale = any(isinstance(part, Wholesale) for part in terms.components)
    if retail_card_id is None:
        if terms.bills_customers or wholesale:
            raise BadTerms(f"A {terms.kind} agreement prices usage by a rate card: name one.")
        return
    card = RateCard.objects.filter(pk=retail_card_id).first()
    if card is None or card.currency != terms.currency:
        raise BadTerms(f"The agreement needs an existing rate card in {terms.currency}.")


def _refuse_overlap(agreement: Agreement, starts_at: datetime, ends_at: datetime | None) -> None:
    ahead = Q() if ends_at is None else Q(valid_from__lt=ends_at)
    other = (
        AgreementVersion.objects.filter(ahead, partner_id=agreement.partner_id)
        .filter(Q(valid_to=None) | Q(valid_to__gt=starts_at), approved_at__isnull=False)
        .select_related("agreement")
        .first()
    )
    if other is not None:
        raise TermsInTheWay(
            f"{other.agreement.code} v{other.number} is in force from "
            f"{other.valid_from:%Y-%m-%d %H:%M} UTC. Two deals in force at once would bill the "
            "same usage twice: amend that one, or start after it ends."
        )
