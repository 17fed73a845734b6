"""Sales reports: which months await one, which one counts, what it says."""

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from django.db.models import Count, QuerySet

from billing.models import Agreement, AgreementVersion, SalesLine, SalesReport
from billing.queries.terms import version_terms
from billing.rules.facts import Sale
from billing.rules.periods import Period, add_months
from billing.rules.terms import REPORTED, Terms
from cache_api.models import Customer

MONTHS_SHOWN = 12
_AT_ONCE = 500  # lines in hand


@dataclass(frozen=True)
class AwaitedMonth:
    """A month of an agreement whose sales are reported; `report` is the one that counts."""

    agreement: Agreement
    terms: Terms
    period: Period
    report: SalesReport | None

    @property
    def cutoff_at(self) -> datetime:
        """Until when a report is in time."""
        return cutoff_at(self.period, self.terms)


def cutoff_at(period: Period, terms: Terms) -> datetime:
    """Until when a month's report is in time."""
    return period.end + timedelta(days=terms.cutoff_days)


def last_report(agreement_id: uuid.UUID, period: Period) -> SalesReport | None:
    """The report that counts for a month."""
    found = SalesReport.objects.filter(agreement_id=agreement_id, period_start=period.start)
    return found.first()


def sales(report: SalesReport | None) -> Iterator[Sale]:
    """A report's lines with the customers' names, read as they are asked for; in the partner's
    scope."""
    if report is None:
        return
    left = report.lines.all().iterator(_AT_ONCE)
    while some := list(islice(left, _AT_ONCE)):
        ids = {line.customer_id for line in some}
        names = dict(Customer.objects.filter(pk__in=ids).values_list("id", "name"))
        for line in some:
            yield Sale(
                str(line.customer_id), line.customer_external_id, names.get(line.customer_id, ""),
                line.currency, line.amount_minor, line.reference,
            )  # fmt: skip


def sold_currencies(report: SalesReport | None) -> set[str]:
    """The currencies of a report's lines."""
    rows = (
        SalesLine.objects.filter(report=report).order_by() if report else SalesLine.objects.none()
    )
    return set(rows.values_list("currency", flat=True).distinct())


def reporting_terms(agreement_id: uuid.UUID, period: Period) -> Terms | None:
    """The last terms in force in the month that await a report; None where none do."""
    rows = _reporting(agreement_id=agreement_id, valid_from__lt=period.end)
    row = rows.exclude(valid_to__lte=period.start).last()
    return version_terms(row) if row else None


def awaited_months(now: datetime, partner_id: uuid.UUID | None = None) -> list[AwaitedMonth]:
    """The ended months of the last year that await a report, latest first; four queries."""
    given: dict[str, Any] = {"partner_id": partner_id} if partner_id else {}
    first = add_months(now.replace(day=1, hour=0, minute=0, second=0, microsecond=0), -12)
    months = [Period(add_months(first, n), add_months(first, n + 1)) for n in range(MONTHS_SHOWN)]
    rows = _reporting(**given).select_related("agreement").prefetch_related("components")
    reports = {
        (one.agreement_id, one.period_start): one
        for one in SalesReport.objects.filter(period_start__gte=first, **given).order_by(
            "uploaded_at", "id"
        )
    }
    found: dict[tuple[uuid.UUID, datetime], AwaitedMonth] = {}
    for row in rows:
        terms = version_terms(row)
        for period in months:
            inside = row.valid_from < period.end
            inside = inside and (row.valid_to is None or row.valid_to > period.start)
            if inside and not terms.in_poc(period.end - timedelta(hours=1)):
                key = row.agreement_id, period.start
                found[key] = AwaitedMonth(row.agreement, terms, period, reports.get(key))
    return sorted(found.values(), key=lambda one: one.period.start, reverse=True)


def report_totals(reports: Sequence[SalesReport]) -> dict[uuid.UUID, list[tuple[str, int]]]:
    """Report → (currency, minor units) in all, by currency."""
    found: dict[uuid.UUID, dict[str, int]] = {report.id: {} for report in reports}
    for line in SalesLine.objects.filter(report__in=reports):
        sums = found[line.report_id]
        sums[line.currency] = sums.get(line.currency, 0) + line.amount_minor
    return {key: sorted(sums.items()) for key, sums in found.items()}


def report_history(agreement_id: uuid.UUID, period: Period) -> list[SalesReport]:
    """All reports of a month, the one that counts first."""
    rows = SalesReport.objects.filter(agreement_id=agreement_id, period_start=period.start)
    return list(rows.annotate(shown=Count("lines")))


def _reporting(**given: Any) -> QuerySet[AgreementVersion]:
    return AgreementVersion.objects.filter(
        approved_at__isnull=False, terms__sales=REPORTED, **given
    ).order_by("valid_from")
