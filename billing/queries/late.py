"""Closed months whose recorded usage is no longer what was frozen."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from billing.models import Agreement, RunSnapshot
from billing.queries.frozen import last_issued_run
from billing.queries.gathering import gather
from billing.rules.charging import charge
from billing.rules.errors import BillingError
from billing.rules.inputs import RunInputRow
from billing.rules.periods import Period
from cache_api import queries as usage
from tenants.models import Partner
from tenants.schema import in_partner


def has_late_usage(agreement: Agreement, period: Period) -> bool:
    """Whether usage recorded since the period's last issued run would change a document.

    First the recorder's batch bound (one query), then the quantities, then what they come to: a
    difference below a cent waits for the next one. Usage that can not be rated counts as a change,
    so that its run parks with the reason. Opens the partner's schema itself.
    """
    run = last_issued_run(agreement.id, period)
    if run is None:
        return False
    bound = RunSnapshot.objects.values_list("batch_bound", flat=True).get(
        run=run, attempt=run.attempt
    )
    with in_partner(Partner.objects.get(pk=agreement.partner_id)):
        if usage.batch_bound(agreement.partner_id) == bound:
            return False
        found = gather(agreement, period)
    before = found.base.rows if found.base else ()
    if _quantities(found.run_input.rows) == _quantities(before):
        return False
    try:
        return charge(found.run_input).moves_money
    except BillingError:
        return True


def _quantities(rows: Iterable[RunInputRow]) -> Counter[RunInputRow]:
    """Rows that count something, without the names that may change."""
    empty = {"external_id": "", "name": "", "plan": "", "currency": ""}
    bare = (replace(row, **empty) for row in rows)  # type: ignore[arg-type]
    return Counter(row for row in bare if row.counts)
