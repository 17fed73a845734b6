"""Freeze: copy what a run is computed from, in one repeatable read."""

import uuid
from datetime import datetime

from billing.actions.moves import find_run, locked_run, move, partner_of
from billing.actions.waive_intake import require_intake_complete
from billing.gateways.postgres import insert_rows, long_bytes, repeatable_read, retried
from billing.gateways.spool import Spool
from billing.models import RunInput, RunSnapshot, SettlementRun
from billing.queries.frozen import checked_rows
from billing.queries.gathering import Gathered, gather_head, parties_pieces
from billing.rules.inputs import ENGINE_VERSION, RunInputRow
from billing.rules.periods import Period
from billing.rules.runs import COLLECTING, OPEN
from billing.rules.snapshot import InputDigest, head_pieces, owned_bytes
from billing.rules.sorting import Sorted
from tenants.schema import in_partner


def freeze_run(*, run_id: uuid.UUID, actor: str, now: datetime) -> SettlementRun:
    """Copy usage, terms, prices, names and balances of one attempt; the run is then `frozen`.

    One repeatable read: usage recorded while it runs is either in it whole or not at all, and
    `batch_bound` says which. Raises UnknownRun, UsageOnItsWay (an edge holds events
    back), BillingError for terms that can not be read.
    Safe to repeat: a run that is past `collecting` is returned as it is.
    """
    with in_partner(partner_of(find_run(run_id))):
        return retried(lambda: _freeze(run_id, actor, now))


def _freeze(run_id: uuid.UUID, actor: str, now: datetime) -> SettlementRun:
    with repeatable_read():
        run = locked_run(run_id)
        if run.state == OPEN:
            move(run, "collect", actor=actor, now=now)
        if run.state != COLLECTING:
            return run
        period = Period(run.period_start, run.period_end)
        require_intake_complete(period)
        with Spool() as spool:
            found = gather_head(run.agreement, period, run.id)
            _require_unchanged(found, spool)
            _store(run, found, now, spool)
        return move(run, "freeze", actor=actor, now=now)


def _require_unchanged(found: Gathered, spool: Spool) -> None:
    """What a run adjusts is still what was frozen. Raises InvariantBroken."""
    if found.base is not None:
        for _ in checked_rows(found.base, spool.keep):
            pass  # the last one is followed by the comparison


def _store(run: SettlementRun, found: Gathered, now: datetime, spool: Spool) -> None:
    owner = {"partner_id": run.partner_id, "run_id": run.id, "attempt": run.attempt}
    facts, digest = tuple(RunInputRow.__dataclass_fields__), InputDigest(spool.keep)
    insert_rows(RunInput, (
        {**owner, "line_no": line_no, **{name: getattr(row, name) for name in facts}}
        for line_no, row in enumerate(map(digest.add, found.rows), 1)
    ))  # fmt: skip
    owned = {name: Sorted(spool.keep, items=map(owned_bytes, items))
             for name, items in found.owned.items()}  # fmt: skip
    head, _ = long_bytes(head_pieces(found.run_input, owned))
    parties, parties_sha256 = long_bytes(parties_pieces(found.parties))
    RunSnapshot.objects.create(
        partner_id=run.partner_id, run=run, attempt=run.attempt, head=head, parties=parties,
        sha256=digest.hexdigest(head_pieces(found.run_input, owned)),
        parties_sha256=parties_sha256, batch_bound=found.batch_bound,
        engine_version=ENGINE_VERSION, frozen_at=now,
    )  # fmt: skip
