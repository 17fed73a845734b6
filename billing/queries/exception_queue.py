"""The exceptions queue: one source a function, each reading rows that say it already."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Min, OuterRef, Subquery

from billing.models import (
    AgreementVersion,
    CreditRequest,
    DocumentEvent,
    ExceptionOwner,
    FinanceRequest,
    FoundBreach,
    RenewalNotice,
    SettlementRun,
)
from billing.queries import exception_money
from billing.queries.disputes import all_disputes
from billing.queries.mailing import undelivered_documents
from billing.queries.sales import awaited_months
from billing.rules import exceptions as rules
from billing.rules.exceptions import Exceptional, Waiver
from billing.rules.finance_requests import CALLED, PRICES, WAIVER, told
from billing.rules.runs import PARKED
from billing.rules.status import UNDELIVERED
from cache_api.metering.models import DeadLetter
from tenants.models import Partner
from tenants.rules.sayings import Said

Source = Callable[[datetime], list[Exceptional]]
_NAMED = ("name", "base", "quote", "country", "treatment", "day", "valid_from")
# A month that ended so long ago should be issued.
ISSUED_WITHIN = timedelta(days=10)


def exceptions(now: datetime) -> tuple[Exceptional, ...]:
    """All open exceptions with their owners, most pressing first (console)."""
    return tuple(one for one in all_exceptions(now) if not one.waived)


def all_exceptions(now: datetime) -> tuple[Exceptional, ...]:
    """The same and those that two people let be, in one order."""
    found = [one for source in SOURCES for one in source(now)]
    owners = dict(ExceptionOwner.objects.values_list("key", "owner"))
    return rules.with_waivers(rules.owned(rules.in_order(found), owners), _waivers())


def _waivers() -> list[Waiver]:
    return [
        Waiver(id=str(row.id), asked_by=row.asked_by, asked_at=row.asked_at,
               approved_by=row.approved_by, **row.facts)
        for row in FinanceRequest.objects.filter(kind=WAIVER, declined_by="")
    ]  # fmt: skip


def parked_runs(now: datetime) -> list[Exceptional]:
    """Runs that stopped; at risk is what the agreement's last issued month came to."""
    return [_run(run, rules.PARKED, run.reason) for run in _runs().filter(state=PARKED)]


def late_runs(now: datetime) -> list[Exceptional]:
    """Months that ended long ago and are not issued."""
    late = _runs().filter(issued_at=None, period_end__lt=now - ISSUED_WITHIN).exclude(state=PARKED)
    return [_run(run, rules.LATE, run.reason or Said("Not issued yet.")) for run in late]


def dead_letters(now: datetime) -> list[Exceptional]:
    """Events that could not be recorded, by partner and reason; their worth is unknown."""
    rows = (
        DeadLetter.objects.filter(resolved_at=None)
        .values("partner_id", "reason")
        .annotate(events=Count("id"), since=Min("at"))
    )
    return [
        Exceptional(
            key=f"dead letter {row['partner_id']} {row['reason']}"[:160], kind=rules.DEAD_LETTER,
            title=Said("%(n)s events were not recorded", n=row["events"]), detail=row["reason"],
            since=row["since"], partner_id=str(row["partner_id"] or ""),
        )
        for row in rows
    ]  # fmt: skip


def breaches(now: datetime) -> list[Exceptional]:
    """Equations that did not hold when `reconcile` last looked."""
    partners = dict(Partner.objects.values_list("slug", "id"))
    return [
        Exceptional(
            key=f"breach {row.digest}", kind=rules.BREACH, title=row.check_name, detail=row.detail,
            since=row.first_seen_at, partner_id=str(partners.get(row.partner_slug, "")),
        )
        for row in FoundBreach.objects.all()
    ]  # fmt: skip


def renewals(now: datetime) -> list[Exceptional]:
    """Terms whose end was announced and has neither come nor been replaced."""
    rows = (
        RenewalNotice.objects.filter(version__valid_to__gt=now)
        .select_related("version__agreement")
        .order_by("version_id", "at")
        .distinct("version_id")
    )
    followed = set(
        AgreementVersion.objects.filter(
            approved_at__isnull=False, valid_from__in=[row.version.valid_to for row in rows]
        ).values_list("agreement_id", flat=True)
    )
    return [
        Exceptional(
            key=f"renewal {row.version_id}", kind=rules.RENEWAL, title=row.version.agreement.name,
            detail=Said("The term ends on %(day)s: amend it, or let it end.",
                        day=f"{row.version.valid_to:%Y-%m-%d}"),
            since=row.at, partner_id=str(row.partner_id),
            target=("agreement", str(row.version.agreement_id)),
        )
        for row in rows
        if row.version.agreement_id not in followed
    ]  # fmt: skip


def disputes(now: datetime) -> list[Exceptional]:
    """Lines that partners dispute and customers question; at risk is the line."""
    return [
        Exceptional(
            key=f"dispute {row.id}", kind=rules.DISPUTE, since=row.opened_at,
            title=Said("%(number)s, line %(line)s", number=row.document.number,
                       line=row.line.position),
            detail=Said("%(line)s. To be decided by %(day)s.", line=row.line.description,
                        day=f"{row.deadline:%Y-%m-%d}"),
            partner_id=str(row.document.partner_id), money_minor=row.line_minor,
            currency=row.document.currency, target=("dispute", str(row.id)),
        )
        for row in all_disputes(open_only=True)
    ]  # fmt: skip


def credit_requests(now: datetime) -> list[Exceptional]:
    """Credit notes that one person asked for; at risk is what the invoice still claims at most."""
    rows = CreditRequest.objects.filter(approved_by="", declined_by="").select_related("document")
    return [
        Exceptional(
            key=f"credit {row.id}", kind=rules.CREDIT, since=row.asked_at,
            title=Said("Credit note on %(number)s", number=row.document.number),
            detail=f"{row.asked_by}: {row.reason}", partner_id=str(row.partner_id),
            money_minor=_asked_minor(row), currency=row.document.currency,
            target=("document", str(row.document_id)),
        )
        for row in rows
    ]  # fmt: skip


def finance_requests(now: datetime) -> list[Exceptional]:
    """Rates, tax status and write-offs that one person asked for; of a write-off, what it is on.

    A waiver stands at the exception that it is about.
    """
    rows = FinanceRequest.objects.filter(approved_by="", declined_by="").select_related("document")
    rows = rows.exclude(kind=WAIVER)
    return [
        Exceptional(
            key=f"entry {row.id}", kind=rules.ENTRY, since=row.asked_at,
            title=Said("To be entered (%(kind)s): %(it)s", kind=CALLED[row.kind], it=_of(row)),
            detail=Said("%(who)s asked for it: %(facts)s", who=row.asked_by,
                        facts=told(row.facts)),
            partner_id=str(row.partner_id or ""),
            target=("document", str(row.document_id)) if row.document_id
            else ("prices" if row.kind == PRICES else "rates", ""),
        )
        for row in rows
    ]  # fmt: skip


def _of(row: FinanceRequest) -> str:
    if row.document:
        return row.document.number
    return " ".join(row.facts[name] for name in _NAMED if row.facts.get(name))


def _asked_minor(row: CreditRequest) -> int:
    if row.by_line is not None:
        return sum(row.by_line.values())
    return row.document.net_minor if row.net_minor is None else row.net_minor


def sales_reports(now: datetime) -> list[Exceptional]:
    """Months past their cutoff whose sales were not reported; at risk is what was estimated."""
    missing = [row for row in awaited_months(now) if row.report is None and now > row.cutoff_at]
    nets = {
        (run.agreement_id, run.period_start): run
        for run in SettlementRun.objects.filter(agreement__in=[row.agreement for row in missing])
    }
    found = []
    for row in missing:
        run = nets.get((row.agreement.id, row.period.start))
        found.append(Exceptional(
            key=f"sales {row.agreement.id} {row.period.label}", kind=rules.SALES,
            title=Said("%(agreement)s, %(month)s: no sales report", agreement=row.agreement.name,
                       month=row.period.label),
            detail=Said("It was due by %(day)s. Until it comes the share is estimated from usage, "
                        "where there are prices for it.", day=f"{row.cutoff_at:%Y-%m-%d}"),
            since=row.cutoff_at, partner_id=str(row.agreement.partner_id),
            money_minor=run.net_minor if run else None, currency=row.terms.currency,
            target=("agreement", str(row.agreement.id)),
        ))  # fmt: skip
    return found


def mail(now: datetime) -> list[Exceptional]:
    """Fresh documents that no mail could bring."""
    failed = DocumentEvent.objects.filter(kind=UNDELIVERED, document__in=undelivered_documents(now))
    last = failed.order_by("document_id", "-at").distinct("document_id")
    return [
        Exceptional(
            key=f"mail {event.document_id}", kind=rules.MAIL, since=event.at,
            title=event.document.number, detail=event.note,
            partner_id=str(event.partner_id), money_minor=event.document.total_minor,
            currency=event.document.currency, target=("document", str(event.document_id)),
        )
        for event in last.select_related("document")
    ]  # fmt: skip


def _runs() -> Any:
    """Runs with what the last issued month of their agreement came to."""
    before = SettlementRun.objects.filter(
        agreement=OuterRef("agreement"), period_start__lt=OuterRef("period_start"),
        issued_at__isnull=False,
    ).order_by("-period_start")  # fmt: skip
    return SettlementRun.objects.select_related("agreement").annotate(
        last_gross=Subquery(before.values("gross_minor")[:1]),
        last_currency=Subquery(before.values("currency")[:1]),
    )


def _run(run: Any, kind: str, detail: str) -> Exceptional:
    return Exceptional(
        key=f"run {run.id}", kind=kind, title=f"{run.agreement.name}, {run.period_start:%Y-%m}",
        detail=detail, since=run.changed_at if kind == rules.PARKED else run.period_end,
        partner_id=str(run.partner_id), money_minor=run.gross_minor or run.last_gross,
        currency=run.currency or run.last_currency or "", target=("run", str(run.id)),
    )  # fmt: skip


SOURCES: tuple[Source, ...] = (
    breaches, parked_runs, dead_letters, disputes, late_runs, mail, renewals,
    exception_money.chargebacks, exception_money.bank_lines, exception_money.remote_intents,
    exception_money.remote_differences, exception_money.held_payouts, sales_reports,
    credit_requests, finance_requests,
)  # fmt: skip
