"""Agreements as pages list them: versions, their paper, what waits for whom (console)."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Prefetch

from billing.models import (
    Agreement,
    AgreementPaper,
    AgreementPaperEvent,
    AgreementVersion,
    Termination,
)
from billing.queries.terms import version_terms
from billing.rules.terms import Terms
from tenants.models import Partner

DECLINED, PROPOSED, ENDED, COMING, CURRENT = "declined", "proposed", "ended", "coming", "current"
DRAFT, SENT, SIGNED, IN_FORCE = "draft", "sent", "signed", "in_force"
# What was signed and what was written are large: pages that list them read their hashes.
_PAPERS = Prefetch("paper", AgreementPaper.objects.defer("canonical", "pdf").prefetch_related(
    Prefetch("events", AgreementPaperEvent.objects.defer("file"))))  # fmt: skip


@dataclass(frozen=True)
class VersionRow:
    """One version with its parsed terms; `paper_state` is '' before a paper was made, `signed` the
    event with the signed copy (without the file)."""

    version: AgreementVersion
    terms: Terms
    phase: str
    paper: AgreementPaper | None
    paper_state: str
    signed: AgreementPaperEvent | None = None


@dataclass(frozen=True)
class AgreementRow:
    """One agreement; `versions` newest first."""

    agreement: Agreement
    partner: Partner
    versions: tuple[VersionRow, ...]
    termination: Termination | None

    @property
    def current(self) -> VersionRow | None:
        """The version in force, else the newest that is not declined."""
        shown = [row for row in self.versions if row.phase != DECLINED]
        running = [row for row in shown if row.phase == CURRENT]
        return next(iter(running or shown), None)

    @property
    def last_approved(self) -> VersionRow | None:
        """The version an amendment follows: the approved one that holds last, also to come."""
        approved = [row for row in self.versions if row.version.approved_at]
        return max(approved, key=lambda row: row.version.valid_from, default=None)

    @property
    def proposed(self) -> VersionRow | None:
        """The newest proposal that waits for a decision."""
        return next((row for row in self.versions if row.phase == PROPOSED), None)


def agreements(
    now: datetime, partner_ids: Iterable[uuid.UUID] | None = None
) -> tuple[AgreementRow, ...]:
    """All agreements, or those of some partners, by name. Six queries at any number."""
    versions = AgreementVersion.objects.prefetch_related("components", _PAPERS)
    rows = Agreement.objects.order_by("name").prefetch_related(Prefetch("versions", versions))
    if partner_ids is not None:
        rows = rows.filter(partner_id__in=partner_ids)
    partners = Partner.objects.in_bulk({row.partner_id for row in rows})
    ended = {row.agreement_id: row for row in Termination.objects.filter(agreement__in=rows)}
    return tuple(
        AgreementRow(row, partners[row.partner_id], _versions(row, now), ended.get(row.id))
        for row in rows
    )


def own_versions(partner_id: uuid.UUID, now: datetime) -> tuple[VersionRow, ...]:
    """A partner's approved versions, newest first: four queries (the partner's role)."""
    rows = (
        AgreementVersion.objects.filter(partner_id=partner_id, approved_at__isnull=False)
        .select_related("agreement")
        .prefetch_related("components", _PAPERS)
        .order_by("-valid_from")
    )
    return tuple(_version(version, now) for version in rows)


def agreement(agreement_id: uuid.UUID, now: datetime) -> AgreementRow | None:
    """One agreement, or None."""
    found = Agreement.objects.filter(pk=agreement_id).values_list("partner_id", flat=True).first()
    mine = () if found is None else agreements(now, [found])
    return next((row for row in mine if row.agreement.id == agreement_id), None)


def agreement_by_id(agreement_id: uuid.UUID) -> Agreement | None:
    """The agreement alone, without its versions (console)."""
    return Agreement.objects.filter(pk=agreement_id).first()


def version_by_id(version_id: uuid.UUID) -> AgreementVersion | None:
    """A version with its agreement: one query (console)."""
    return AgreementVersion.objects.select_related("agreement").filter(pk=version_id).first()


def paper_of(version_id: uuid.UUID) -> AgreementPaper | None:
    """The paper of a version, file included, or None while none is written."""
    return AgreementPaper.objects.filter(version_id=version_id).first()


def phase(version: AgreementVersion, now: datetime) -> str:
    """Where a version stands at an instant."""
    if version.declined_at is not None:
        return DECLINED
    if version.approved_at is None:
        return PROPOSED
    if version.valid_from > now:
        return COMING
    return ENDED if version.valid_to and version.valid_to <= now else CURRENT


def paper_state(paper: AgreementPaper | None, phase: str = "") -> str:
    """Draft, sent, signed, or signed and in force, from what happened; '' without a paper."""
    if paper is None:
        return ""
    kinds = {event.kind for event in paper.events.all()}
    if SIGNED in kinds:
        return IN_FORCE if phase == CURRENT else SIGNED
    return SENT if SENT in kinds else DRAFT


def _versions(row: Agreement, now: datetime) -> tuple[VersionRow, ...]:
    versions = sorted(row.versions.all(), key=lambda one: -one.number)
    return tuple(_version(version, now) for version in versions)


def _version(version: AgreementVersion, now: datetime) -> VersionRow:
    paper, stands = getattr(version, "paper", None), phase(version, now)
    events = list(paper.events.all()) if paper else []
    return VersionRow(
        version, version_terms(version), stands, paper, paper_state(paper, stands),
        next((one for one in reversed(events) if one.kind == SIGNED), None),
    )  # fmt: skip
