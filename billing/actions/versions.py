"""An agreement's versions: locked, and what stands in the way of another one."""

from datetime import datetime

from django.db.models import Q

from billing.actions.errors import TermsInTheWay
from billing.models import Agreement, AgreementVersion, SettlementRun, Termination
from billing.queries.terms import version_terms
from billing.rules.periods import add_months
from billing.rules.terms import Terms
from tenants import audit
from tenants.rules.sayings import Said


def locked_versions(agreement: Agreement) -> list[AgreementVersion]:
    """All versions by number, locked until the transaction ends: one change of terms at a time."""
    return list(agreement.versions.select_for_update(of=("self",)).order_by("number"))


def last_approved(agreement: Agreement) -> AgreementVersion | None:
    """The approved version that holds last, whichever was proposed last."""
    return agreement.versions.filter(approved_at__isnull=False).order_by("valid_from").last()


def in_force(agreement: Agreement) -> AgreementVersion:
    """The last version in time. Raises TermsInTheWay without an approved one."""
    last = last_approved(agreement)
    if last is None:
        raise TermsInTheWay(
            Said(
                "%(code)s has no approved terms yet: approve or decline its proposal first.",
                code=agreement.code,
            )
        )
    return last


def end_of(terms: Terms, last: AgreementVersion) -> datetime | None:
    """Where terms that follow `last` end: as it would have, unless they change the term.

    Raises TermsInTheWay where two people have ended the agreement early.
    """
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


def settled_after(agreement: Agreement, at: datetime) -> SettlementRun | None:
    """A run of a month after this instant whose figures are made: its terms may not change."""
    runs = SettlementRun.objects.filter(agreement=agreement, period_end__gt=at)
    return runs.exclude(state__in=("open", "collecting", "parked")).first()


def refuse_start(agreement: Agreement, last: AgreementVersion, starts_at: datetime) -> None:
    """Raises TermsInTheWay unless an amendment of `last` can begin there."""
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
    run = settled_after(agreement, starts_at)
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


def refuse_overlap(agreement: Agreement, starts_at: datetime, ends_at: datetime | None) -> None:
    """Raises TermsInTheWay where any agreement of the partner is in force in that time."""
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


def record(
    verb: str, version: AgreementVersion, actor: str, now: datetime, *, why: str = ""
) -> None:
    """One audit row about a version, with its terms."""
    audit.record(
        actor=actor, verb=verb, target=f"{version.agreement.code} v{version.number}", at=now,
        partner_id=version.partner_id,
        data={"prepared_by": version.created_by, "terms": version.terms, "reason": why},
    )  # fmt: skip
