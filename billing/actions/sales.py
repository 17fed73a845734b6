"""Take in what a partner sold outside the portal in a month."""

import hashlib
import uuid
from datetime import datetime

from django.db import transaction

from billing.models import Agreement, SalesLine, SalesReport
from billing.queries.sales import cutoff_at, last_report, reporting_terms
from billing.rules.periods import Period
from billing.rules.sales import BadSales, parse_sales
from cache_api.models import Customer
from tenants import audit


def submit_sales_report(
    *, agreement_id: uuid.UUID, period: Period, name: str, data: bytes, actor: str, now: datetime
) -> SalesReport:
    """Keep a month's report; from now on it is the base of the share. In the partner's scope.

    A run that froze before it arrived stands: the difference goes to the month's next run. After
    the cutoff it is taken all the same and marked late. Raises BadSales (no such agreement, its
    month awaits none or has not ended, a line that can not be read). Safe to repeat: what says the
    same as the last report of the month is that report.
    """
    agreement = Agreement.objects.filter(pk=agreement_id).first()
    terms = reporting_terms(agreement_id, period) if agreement else None
    if agreement is None or terms is None:
        raise BadSales([f"No agreement awaits a sales report for {period.label}."])
    if now < period.end:
        raise BadSales([f"{period.label} has not ended: report it from {period.end:%Y-%m-%d} on."])
    ids = dict(Customer.objects.values_list("external_id", "id"))
    rows = parse_sales(data, ids)
    with transaction.atomic():
        known = last_report(agreement_id, period)
        digest = hashlib.sha256(data).hexdigest()
        if known is not None and known.sha256 == digest:
            return known
        report = SalesReport.objects.create(
            partner_id=agreement.partner_id, agreement=agreement, period_start=period.start,
            name=name[:160] or "typed", content=data, sha256=digest, rows=len(rows),
            is_late=now > cutoff_at(period, terms), uploaded_by=actor.strip().lower(),
            uploaded_at=now,
        )  # fmt: skip
        SalesLine.objects.bulk_create(
            SalesLine(partner_id=agreement.partner_id, report=report, position=position,
                      customer_id=ids[row.customer], customer_external_id=row.customer,
                      amount_minor=row.amount_minor, currency=row.currency,
                      reference=row.reference)
            for position, row in enumerate(rows, 1)
        )  # fmt: skip
        audit.record(
            actor=actor, verb="sales.report", target=f"{agreement.code} {period.label}", at=now,
            partner_id=agreement.partner_id,
            data={"rows": len(rows), "sha256": digest, "late": report.is_late},
        )  # fmt: skip
    return report
