"""Which rows are final, from when on, and the chain of seals over them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

VERB = "ledger.sealed"  # of the rows of the audit log that hold the chain


@dataclass(frozen=True)
class Ledger:
    """A table whose rows stay as they are once `when` (SQL) holds, but for the columns `free`."""

    when: str = "true"
    free: tuple[str, ...] = ()


_DECIDED = Ledger("decided_at IS NOT NULL")
_APPROVED = Ledger("approved_at IS NOT NULL")

# What guards of the database keep as it is, stated once more: those an owner can switch off. Not
# here: what is hashed otherwise (journal, lines of papers and runs, usage) or made anew at will.
LEDGERS: dict[str, Ledger] = {
    "billing_agreementversion": Ledger("approved_at IS NOT NULL", ("valid_to",)),
    "billing_bankfile": Ledger(),
    "billing_carrieditem": Ledger(),
    "billing_chargebackmove": Ledger(),
    "billing_chargecomponent": Ledger(),
    "billing_creditrequest": _DECIDED,
    "billing_dispute": Ledger(),
    "billing_disputeentry": Ledger(),
    "billing_document": Ledger(),
    "billing_documentevent": Ledger(),
    "billing_financerequest": _DECIDED,
    "billing_fxrate": Ledger(),
    "billing_intakewaiver": Ledger("confirmed_at IS NOT NULL"),
    "billing_payment": Ledger(),
    "billing_paymentapplication": Ledger(),
    "billing_payout": Ledger(free=("state", "reason", "details_id", "method", "approved_by",
                                   "sent_at", "remote_id", "changed_at")),
    "billing_payoutclaim": Ledger(free=("released_at",)),
    "billing_payoutdetails": Ledger(),
    "billing_payoutdetailsdecision": Ledger(),
    "billing_payoutevent": Ledger(),
    "billing_periodevent": Ledger(),
    "billing_rate": Ledger(),
    "billing_ratecardversion": Ledger(free=("valid_to",)),
    "billing_runevent": Ledger(),
    "billing_runsnapshot": Ledger(),
    "billing_salesline": Ledger(),
    "billing_salesreport": Ledger(),
    "billing_settlementrun": Ledger("issued_at IS NOT NULL", ("state", "changed_at", "reason")),
    "billing_taxrate": Ledger(),
    "billing_taxstatus": Ledger(),
    "billing_termination": _APPROVED,
    "tenants_auditentry": Ledger(f"verb <> '{VERB}'"),
}  # fmt: skip


def next_seal(last: Mapping[str, Any] | None, tables: Mapping[str, Any]) -> dict[str, Any]:
    """The seal that follows `last` over {table: {"columns": [...], "rows": {id: hash}}}."""
    step, previous = (last["step"] + 1, last["sha256"]) if last else (1, "")
    return {"step": step, "previous_sha256": previous, "tables": dict(tables),
            "sha256": _sha256(step, previous, tables)}  # fmt: skip


def breaks(seals: Iterable[Mapping[str, Any]], known: Mapping[int, str]) -> list[str]:
    """What is wrong with a chain, given in its order. `known`: {step: hash} noted elsewhere."""
    found, previous, left = [], "", dict(known)
    for step, seal in enumerate(seals, 1):
        number, before, own = (seal.get(name) for name in ("step", "previous_sha256", "sha256"))
        as_made = _sha256(step, previous, seal.get("tables", {}))
        if (number, before, own) != (step, previous, as_made):
            found.append(f"seal {number} is not the one that was made as number {step}")
        if left.pop(step, own) != own:
            found.append(f"seal {step} is another one than was noted")
        previous = str(own)
    return found + [f"seal {one} was noted and is gone" for one in sorted(left)]


def _sha256(step: int, previous: str, tables: Any) -> str:
    text = json.dumps([step, previous, tables], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
