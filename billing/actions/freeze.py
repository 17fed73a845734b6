"""Freeze: copy what a run is computed from, in one repeatable read."""

import uuid
from datetime import datetime

from billing.actions.moves import find_run, locked_run, move, partner_of
from billing.actions.waive_intake import require_intake_complete
from billing.gateways.postgres import insert_rows, long_bytes, repeatable_read, retried
from billing.gateways.spool import Spool
from billing.models import RunInput, RunSnapshot, SettlementRun
from billing.queries.gathering import Gathered, gather_head, parties_pieces
from billing.rules.inputs import ENGINE_VERSION, RunInputRow
from billing.rules.periods import Period
from billing.rules.runs import COLLECTING, OPEN
from billing.rules.snapshot import InputDigest, run_input_json
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
            _store(run, gather_head(run.agreement, period, run.id), now, InputDigest(spool.keep))
        return move(run, "freeze", actor=actor, now=now)


def _store(run: SettlementRun, found: Gathered, now: datetime, digest: InputDigest) -> None:
    owner = {"partner_id": run.partner_id, "run_id": run.id, "attempt": run.attempt}
    facts = tuple(RunInputRow.__dataclass_fields__)
    insert_rows(RunInput, (
        {**owner, "line_no": line_no, **{name: getattr(row, name) for name in facts}}
        for line_no, row in enumerate(map(digest.add, found.rows), 1)
    ))  # fmt: skip
    parties, parties_sha256 = long_bytes(parties_pieces(found.parties))
    RunSnapshot.objects.create(
        partner_id=run.partner_id, run=run, attempt=run.attempt,
        head=run_input_json(found.run_input), parties=parties,
        sha256=digest.hexdigest(found.run_input), parties_sha256=parties_sha256,
        batch_bound=found.batch_bound, engine_version=ENGINE_VERSION, frozen_at=now,
    )  # fmt: skip
