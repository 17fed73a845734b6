"""Terms are proposed by one person and approved by another; only then are they in force."""

import uuid
from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from billing.actions.errors import TermsInTheWay, UnknownRun
from billing.models import (
    Agreement,
    AgreementVersion,
    ChargeComponent,
    RateCard,
    SettlementRun,
    Termination,
)
from billing.queries.terms import version_terms
from billing.rules.amending import amended, refuse_amendment
from billing.rules.errors import BadTerms
from billing.rules.periods import add_months, whole_hour
from billing.rules.runs import require_other_person
from billing.rules.templates import CALLED, Deal, agreement_terms
from billing.rules.terms import Terms, Wholesale
from billing.rules.terms_json import dump_terms
from tenants import audit
from tenants.actions.partners import set_entitlement
from tenants.models import Partner
from tenants.rules.meanwhile import refuse_changed
from tenants.rules.sayings import Said

SHARE_ENTITLEMENT = "partner_share_bps"


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
        _refuse_overlap(agreement, starts_at, ends_at)
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
        last = _in_force(agreement)
        _refuse_start(agreement, last, starts_at)
        refuse_amendment(version_terms(last), terms, starts_at)
        ends_at = _end_of(terms, last)
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
    last = _in_force(Agreement.objects.get(pk=agreement_id))
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
        before = version.agreement.versions.filter(approved_at__isnull=False).last()
        if before is not None:
            after = version_terms(version)
            _refuse_start(version.agreement, before, version.valid_from)
            refuse_amendment(version_terms(before), after, version.valid_from)
            version.valid_to = _end_of(after, before)
            before.valid_to = version.valid_from
            before.save(update_fields=["valid_to"])
        _refuse_overlap(version.agreement, version.valid_from, version.valid_to)
        version.approved_by, version.approved_at = person, now
        version.save(update_fields=["valid_to", "approved_by", "approved_at"])
        set_entitlement(partner_id=version.partner_id, name=SHARE_ENTITLEMENT,
                        value=version.partner_share_bps, now=now)  # fmt: skip
        _record("agreement.signed", version, person, now)
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
            _record("agreement.declined", version, actor, now, why=reason)
    return version


def locked_versions(agreement: Agreement) -> list[AgreementVersion]:
    """All versions by number, locked until the transaction ends: one change of terms at a time."""
    return list(agreement.versions.select_for_update(of=("self",)).order_by("number"))


def _locked(version_id: uuid.UUID) -> AgreementVersion:
    rows = AgreementVersion.objects.select_related("agreement").select_for_update(of=("self",))
    version = rows.filter(pk=version_id).first()
    if version is None:
        raise UnknownRun(
            Said("There is no agreement version %(version_id)s.", version_id=version_id)
        )
    return version


def _in_force(agreement: Agreement) -> AgreementVersion:
    last = agreement.versions.filter(approved_at__isnull=False).last()
    if last is None:
        raise TermsInTheWay(
            Said(
                "%(code)s has no approved terms yet: approve or decline its proposal first.",
                code=agreement.code,
            )
        )
    return last


def _end_of(terms: Terms, last: AgreementVersion) -> datetime | None:
    """Where terms that follow `last` end: as it would have, unless they change the term."""
    before = version_terms(last)
    if terms.term_months == before.term_months:
        return last.valid_to
    if Termination.objects.filter(agreement=last.agreement, approved_at__isnull=False).exists():
        raise TermsInTheWay(
            Said(
                "%(code)s ends early, as two people decided. Sign a new agreement instead of a "
                "longer term.",
                code=last.agreement.code,
            )
        )
    return add_months(before.anchor_at, terms.term_months) if terms.term_months else None


def _free_code(code: str, starts_at: datetime) -> str:
    """The code, or its next number where the agreement that has it ended before `starts_at`."""
    number, found = 1, code
    while (last := AgreementVersion.objects.filter(
        agreement__code=found, approved_at__isnull=False).order_by("number").last()
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
    _record("agreement.proposed", version, version.created_by, now)
    return version


def _record(
    verb: str, version: AgreementVersion, actor: str, now: datetime, *, why: str = ""
) -> None:
    audit.record(
        actor=actor, verb=verb, target=f"{version.agreement.code} v{version.number}", at=now,
        partner_id=version.partner_id,
        data={"prepared_by": version.created_by, "terms": version.terms, "reason": why},
    )  # fmt: skip


def _refuse_start(agreement: Agreement, last: AgreementVersion, starts_at: datetime) -> None:
    if starts_at <= last.valid_from or (last.valid_to and starts_at > last.valid_to):
        raise TermsInTheWay(
            Said(
                "Version %(number)s of %(code)s is in force from %(valid_from)s on; an amendment "
                "starts after that and, as a renewal, when it ends at the latest.",
                number=last.number,
                code=agreement.code,
                valid_from=f"{last.valid_from:%Y-%m-%d}",
            )
        )
    run = (
        SettlementRun.objects.filter(agreement=agreement, period_end__gt=starts_at)
        .exclude(state__in=("open", "collecting", "parked"))
        .first()
    )
    if run is not None:
        raise TermsInTheWay(
            Said(
                "%(period_start)s of %(code)s is %(state)s: reject that run first, or start the "
                "amendment at %(period_end)s UTC.",
                period_start=f"{run.period_start:%Y-%m}",
                code=agreement.code,
                state=run.state,
                period_end=f"{run.period_end:%Y-%m-%d %H:%M}",
            )
        )


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
            Said(
                "%(code)s v%(number)s is in force from %(valid_from)s UTC. Two deals in force at "
                "once would bill the same usage twice: amend that one, or start after it ends.",
                code=other.agreement.code,
                number=other.number,
                valid_from=f"{other.valid_from:%Y-%m-%d %H:%M}",
            )
        )
