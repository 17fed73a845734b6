"""Conservation of money: every total is the sum of its parts, from the events to the journal.

`manage.py reconcile` runs these beside the checks of the storey below, as settle or owner in the
public schema.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, time
from typing import Any

from django.db import transaction

from billing.gateways import ledgers
from billing.gateways.equations import books, money, papers, runs
from billing.gateways.postgres import rows, stored_otherwise
from billing.gateways.spool import Spool
from billing.models import CustomerShare, RatedLine, RunSnapshot, SettlementRun
from billing.queries.frozen import charged_parts
from billing.queries.seals import all_seals, seal_ids
from billing.rules.errors import BillingError
from billing.rules.fingerprint import ResultDigest
from billing.rules.ledgers import LEDGERS, breaks
from billing.rules.rated_rows import line_rows, share_rows
from cache_api.metering.store import oldest_day
from cache_api.reconcile import SHOWN, Breach, Check
from tenants.models import Partner


def _equation(name: str, statement: str) -> Check:
    return Check(name, lambda: _breaches(name, rows(statement)))


def _breaches(name: str, found: list[tuple[Any, ...]]) -> list[Breach]:
    slugs = dict(Partner.objects.values_list("pk", "slug")) if found else {}
    shown = [Breach(name, slugs.get(row[0], ""), str(row[1])) for row in found[:SHOWN]]
    if len(found) > SHOWN:
        shown.append(Breach(name, "", f"and {len(found) - SHOWN} more"))
    return shown


def _frozen_against_events(name: str) -> Callable[[], list[Breach]]:
    def run() -> list[Breach]:
        return _breaches(name, [row for given in _spans() for row in
                                rows(runs.INPUT_EVENTS, given)])  # fmt: skip

    return run


def _spans() -> Iterator[dict[str, Any]]:
    """One per segment of each frozen run whose events are all kept; events are found by id."""
    first = oldest_day()
    if first is None:
        return
    oldest = datetime.combine(first, time(), UTC).replace(day=1)
    for run, partner, attempt, bound, segment, start, end in rows(
        runs.FROZEN_RUNS, {"oldest": oldest}
    ):
        yield {
            "run": run, "partner": partner, "attempt": attempt, "bound": bound,
            "segment": int(segment), "low": _first_id(start), "high": _first_id(end),
        }  # fmt: skip


def _first_id(instant: str) -> str:
    """The smallest UUIDv7 of an instant: events carry their time in their id."""
    ms = int(datetime.fromisoformat(instant).timestamp() * 1000)
    return f"{ms:012x}{0:020x}"


def _rated_again(name: str) -> Callable[[], list[Breach]]:
    """An issued run comes out of its frozen input again, to the byte."""

    def run() -> list[Breach]:
        issued = SettlementRun.objects.filter(issued_at__isnull=False).order_by("period_start")
        found = [(one.partner_id, problem) for one in issued.iterator(500)
                 if (problem := _differs(one))]  # fmt: skip
        return _breaches(name, found)

    return run


def _differs(run: SettlementRun) -> str:
    try:
        return _compared(run)
    except (BillingError, RunSnapshot.DoesNotExist) as error:
        return f"run {run.id}: {error}"


def _compared(run: SettlementRun) -> str:
    """What of the run is not what its frozen input comes to now: its fingerprint, or a row."""
    lines = shares = 0
    with Spool() as spool, transaction.atomic():
        digest = ResultDigest(spool.keep)
        for part in charged_parts(run, spool):
            digest.add(part)
            wanted = {RatedLine: line_rows(run, part.lines, lines + 1),
                      CustomerShare: share_rows(run, part.shares)}  # fmt: skip
            for model, made in wanted.items():
                if wrong := stored_otherwise(model, made):
                    return f"run {run.id}: {model._meta.verbose_name} {wrong[0]} differs"
            lines, shares = lines + len(part.lines), shares + len(part.shares)
        if digest.hexdigest() != run.result_sha256:
            return f"run {run.id} rates to another result now"
    kept = [model.objects.filter(run=run, attempt=run.attempt).count()
            for model in (RatedLine, CustomerShare)]  # fmt: skip
    return "" if kept == [lines, shares] else f"run {run.id} has more lines than it rates to"


def sealed_rows(noted: Mapping[int, str] | None = None) -> Check:
    """Whether all is as sealed. `noted`: {step: hash} of seals, kept outside of the database."""

    def run() -> list[Breach]:
        made = seal_ids()
        wrong: list[tuple[Any, ...]] = [(None, one) for one in breaks(all_seals(), noted or {})]
        for table in LEDGERS:
            wrong += ledgers.unlike_sealed(table, made)
        return _breaches(SEALED, wrong)

    return Check(SEALED, run)


_AGAIN = "an issued run comes out of its frozen input again"
SEALED = "final rows are as sealed"
_EVENTS = "frozen quantities = usage events up to the batch bound"

CHECKS: tuple[Check, ...] = (
    _equation("run: gross = net + share + tax + fees", runs.RUN_TOTALS),
    _equation("run: gross = sum of its rated lines", runs.RUN_LINES),
    _equation("run: share = sum of its customers' splits", runs.RUN_SHARES),
    _equation("split: base = partner + platform", runs.SHARE_PARTS),
    _equation("document: total = sum of its lines + tax", papers.DOCUMENT_LINES),
    _equation("document: bytes, hash and columns agree", papers.DOCUMENT_BYTES),
    _equation("invoice = its receivable in the journal", books.INVOICE_POSTED),
    _equation("statement = its payable in the journal", books.STATEMENT_POSTED),
    _equation("carried item = its payable in the journal", books.CARRIED_POSTED),
    _equation("carried item = the statement line that shows it", papers.CARRIED_SHOWN),
    _equation("credited = sum of credit notes, within the invoice", papers.CREDITED),
    _equation("written off = bad debt in the journal", books.WRITTEN_OFF),
    _equation("disputes end once, and say so", papers.DISPUTES),
    _equation("journal entries balance", books.JOURNAL),
    _equation("nothing is dated in a month closed before", books.CLOSED_MONTHS),
    _equation("accruals are reversed", books.ACCRUALS),
    _equation("posted rows are as sealed", books.SEALED),
    sealed_rows(),
    Check(_AGAIN, _rated_again(_AGAIN)),
    _equation("document numbers have no gap", papers.NUMBERS),
    _equation("rated quantity = frozen quantity", runs.RATED_QUANTITY),
    _equation("opening balance = closing balance before", papers.BALANCES),
    _equation("agreement terms have no hole", runs.TERMS_GAPLESS),
    _equation("published prices = what two people approved", runs.PRICES_APPROVED),
    _equation("payment = its booking, and not less than what it pays", money.PAYMENTS),
    _equation("what pays an invoice = its booking and its event", money.APPLICATIONS),
    _equation("what a chargeback moved = its booking and its event", money.CHARGEBACKS),
    _equation("payout = what its claimed statements earned", money.PAYOUT_CLAIMS),
    _equation("payouts = payable and in transit in the journal", money.PAYOUTS_POSTED),
    Check(_EVENTS, _frozen_against_events(_EVENTS)),
)
