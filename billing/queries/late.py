"""Closed months whose recorded usage is no longer what was frozen."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from billing.models import Agreement
from billing.queries.frozen import last_issued_run, snapshot_of
from billing.queries.gathering import gather
from billing.queries.sales import last_report
from billing.rules.charging import charge
from billing.rules.errors import BillingError
from billing.rules.inputs import RunInput, RunInputRow
from billing.rules.periods import Period
from billing.rules.snapshot import parse_run_input
from billing.rules.terms import REPORTED
from cache_api import queries as usage
from tenants.models import Partner
from tenants.schema import in_partner


def has_late_usage(agreement: Agreement, period: Period) -> bool:
    """Whether usage or sales reported since the last issued run would change a document.

    First the recorder's batch bound (one query), then the quantities, then what they come to: a
    difference below a cent waits for the next one. Usage that can not be rated counts as a change,
    so that its run parks with the reason. Opens the partner's schema itself.
    """
    run = last_issued_run(agreement.id, period)
    if run is None:
        return False
    snapshot = snapshot_of(run)
    head = parse_run_input(bytes(snapshot.head))
    report = last_report(agreement.id, period) if _reported(head) else None
    news = report is not None and report.sha256 != head.sales_report
    bound = snapshot.batch_bound
    partner = Partner.objects.get(pk=agreement.partner_id)
    if partner.state == Partner.State.GONE:
        return False
    with in_partner(partner):
        if usage.batch_bound(agreement.partner_id) == bound and not news:
            return False
        found = gather(agreement, period)
    before = found.base.rows if found.base else ()
    if _quantities(found.run_input.rows) == _quantities(before) and not news:
        return False
    try:
        return charge(found.run_input).moves_money
    except BillingError:
        return True


def _reported(head: RunInput) -> bool:
    return any(part.terms.sales == REPORTED for part in head.segments)


def _quantities(rows: Iterable[RunInputRow]) -> Counter[RunInputRow]:
    """Rows that count something, without the names that may change."""
    empty = {"external_id": "", "name": "", "plan": "", "currency": ""}
    bare = (replace(row, **empty) for row in rows)  # type: ignore[arg-type]
    return Counter(row for row in bare if row.counts)
