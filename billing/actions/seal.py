"""Seal what is final: from then on a changed or vanished row is found by `reconcile`."""

from datetime import datetime
from typing import Any

from django.db import transaction

from billing.gateways import ledgers
from billing.gateways.seals import seal_entries
from billing.queries.seals import head_of_seals, last_seal, seal_ids
from billing.rules.ledgers import LEDGERS, VERB, next_seal
from tenants import audit
from tenants.gateways.turns import wait_in_line

AT_ONCE = 1_000  # rows of one table in a seal: as many hashes lie in a row of the audit log


def seal_journal(*, now: datetime) -> int:
    """One checkpoint over all entries since the last; returns how many, 0 when there is none.

    Safe to repeat and at once from two workers: an entry is sealed once.
    """
    with transaction.atomic():
        return seal_entries(now)


def seal_ledgers(*, now: datetime) -> str:
    """Seal each final row of `LEDGERS` that no seal covers; `STEP:HASH` of the newest seal then.

    The seals are rows of the audit log, each with the hash of the one before. Safe to repeat and
    at once from two workers: a row is sealed once.
    """
    while _seal_some(now):
        pass
    return head_of_seals()


def _seal_some(now: datetime) -> bool:
    with transaction.atomic():
        wait_in_line("ledger seal")
        made = seal_ids()
        found = {table: ledgers.unsealed(table, made, AT_ONCE) for table in LEDGERS}
        tables: dict[str, Any] = {table: one for table, one in found.items() if one["rows"]}
        if tables:
            seal = next_seal(last_seal(), tables)
            audit.record(actor="system", verb=VERB, target=f"seal {seal['step']}", data=seal,
                         at=now)  # fmt: skip
        return bool(tables)
