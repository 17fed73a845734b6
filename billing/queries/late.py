"""Closed months whose recorded usage is no longer what was frozen."""

import hashlib
from collections.abc import Iterable
from dataclasses import replace

from django.db import transaction

from billing.models import Agreement
from billing.queries.frozen import checked_rows, frozen_head, last_issued_run, snapshot_of
from billing.queries.gathering import Gathered, gather_head
from billing.queries.sales import last_report
from billing.rules.charging import Charging
from billing.rules.drafts import Keep
from billing.rules.errors import BillingError
from billing.rules.inputs import RunInput, RunInputRow
from billing.rules.owned import ShelvedOwned, Store
from billing.rules.periods import Period
from billing.rules.slices import customer_of
from billing.rules.snapshot import OWNED
from billing.rules.sorting import Sorted
from billing.rules.terms import REPORTED
from cache_api import queries as usage
from tenants.models import Partner
from tenants.schema import in_partner


def has_late_usage(agreement: Agreement, period: Period, store: Store) -> bool:
    """Whether usage or sales reported since the last issued run would change a document.

    First the recorder's batch bound (one query), then the quantities, then what they come to: a
    difference below a cent waits for the next one. Usage that can not be rated counts as a change,
    so that its run parks with the reason. Opens the partner's schema itself.
    """
    run = last_issued_run(agreement.id, period)
    if run is None:
        return False
    snapshot = snapshot_of(run)
    head = frozen_head(snapshot)
    report = last_report(agreement.id, period) if _reported(head) else None
    news = report is not None and report.sha256 != head.sales_report
    partner = Partner.objects.get(pk=agreement.partner_id)
    if partner.state == Partner.State.GONE:
        return False
    with in_partner(partner), transaction.atomic():
        if usage.batch_bound(agreement.partner_id) == snapshot.batch_bound and not news:
            return False
        found = gather_head(agreement, period)
        rows = Sorted(store.keep, customer_of, found.rows)
        frozen = checked_rows(run, store.keep)
        if not news and _print(rows, store.keep) == _print(frozen, store.keep):
            return False
        try:
            return _moves_money(found, rows, store)
        except BillingError:
            return True


def _moves_money(found: Gathered, rows: Iterable[RunInputRow], store: Store) -> bool:
    owned = ShelvedOwned(store, (item for name in OWNED for item in found.owned[name]))
    charging = Charging(owned.rest_in(found.run_input, OWNED), store.keep, owned)
    return any(part.moves_money for part in charging.parts(rows))


def _reported(head: RunInput) -> bool:
    return any(part.terms.sales == REPORTED for part in head.segments)


def _print(rows: Iterable[RunInputRow], keep: Keep) -> str:
    """A fingerprint of rows that count something, without the names that may change."""
    empty = {"external_id": "", "name": "", "plan": "", "currency": ""}
    bare = (repr(replace(row, **empty)) for row in rows if row.counts)  # type: ignore[arg-type]
    digest = hashlib.sha256()
    for text in Sorted(keep, items=bare):
        digest.update(text.encode())
    return digest.hexdigest()
