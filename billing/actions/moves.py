"""Find a run, lock it, move it to its next state: what every run action has in common."""

import uuid
from datetime import datetime
from typing import Any

from billing.actions.errors import UnknownRun
from billing.models import RunEvent, SettlementRun
from billing.rules.runs import next_state
from tenants import audit
from tenants.models import Partner
from tenants.rules.sayings import Said


def find_run(run_id: uuid.UUID) -> SettlementRun:
    """The run with its agreement, unlocked. Raises UnknownRun."""
    run = SettlementRun.objects.select_related("agreement").filter(pk=run_id).first()
    if run is None:
        raise UnknownRun(
            Said("There is no run %(run_id)s. Look it up in the control room.", run_id=run_id)
        )
    return run


def partner_of(run: SettlementRun) -> Partner:
    """The run's partner row."""
    partner: Partner = Partner.objects.get(pk=run.partner_id)
    return partner


def locked_run(run_id: uuid.UUID) -> SettlementRun:
    """The run, locked until the transaction ends. Raises UnknownRun."""
    rows = SettlementRun.objects.select_related("agreement").select_for_update(of=("self",))
    run = rows.filter(pk=run_id).first()
    if run is None:
        raise UnknownRun(
            Said("There is no run %(run_id)s. Look it up in the control room.", run_id=run_id)
        )
    return run


def move(
    run: SettlementRun, verb: str, *, actor: str, now: datetime, reason: str = "", **changes: Any
) -> SettlementRun:
    """Do one verb of the state table to a locked run, with its log line and audit row.

    `changes` are further columns written with it. Raises WrongState.
    """
    run.state = next_state(run.state, verb)
    run.reason, run.changed_at = reason, now
    for name, value in changes.items():
        setattr(run, name, value)
    run.save(update_fields=["state", "reason", "changed_at", *changes])
    RunEvent.objects.create(
        partner_id=run.partner_id, run=run, step=run.events.count() + 1, attempt=run.attempt,
        state=run.state, actor=actor, reason=reason, at=now,
    )  # fmt: skip
    audit.record(
        actor=actor, verb=f"run.{verb}", target=str(run.id), at=now, partner_id=run.partner_id,
        data={"period": f"{run.period_start:%Y-%m}", "state": run.state, "reason": reason},
    )  # fmt: skip
    return run
