"""What a run came to, as plain rows: {attribute: value} of `RatedLine` and `CustomerShare`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol
from uuid import UUID

from billing.rules.lines import RatedLine
from billing.rules.sharing import CustomerShare


class Run(Protocol):
    """What a row says of its run."""

    id: UUID
    attempt: int
    partner_id: UUID


def line_rows(run: Run, lines: Sequence[RatedLine], first: int) -> Iterator[dict[str, Any]]:
    """The lines as rows of the run's present attempt, numbered from `first`."""
    for number, line in enumerate(lines, first):
        facts = members(line, ("steps",))
        facts["steps"] = [members(step) for step in line.steps]
        yield {**_owner(run), "line_no": number, **facts}


def share_rows(run: Run, shares: Sequence[CustomerShare]) -> Iterator[dict[str, Any]]:
    """The splits as rows of the run's present attempt."""
    for share in shares:
        yield {**_owner(run), **members(share, ("collects",))}


def members(item: Any, without: Sequence[str] = ()) -> dict[str, Any]:
    """A value's members by name, but for some."""
    return {name: getattr(item, name) for name in item.__dataclass_fields__ if name not in without}


def _owner(run: Run) -> dict[str, Any]:
    return {"run_id": run.id, "attempt": run.attempt, "partner_id": run.partner_id}
