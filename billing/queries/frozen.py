"""Read back what an attempt was frozen from, and what it came to."""

import sys
import uuid
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from django.db.models.functions import Collate

from billing.models import RunInput, RunSnapshot, SettlementRun
from billing.queries.parties import read_parties
from billing.rules.charging import ChargePart, Charging
from billing.rules.documents import sha256_hex
from billing.rules.drafts import Keep
from billing.rules.errors import InvariantBroken
from billing.rules.inputs import RunInput as FrozenInput
from billing.rules.inputs import RunInputRow
from billing.rules.periods import Period
from billing.rules.snapshot import InputDigest, parse_run_input, run_input_sha256

_MEMBERS = tuple(RunInputRow.__dataclass_fields__)
_REPEATED = ("customer_id", "external_id", "name", "plan", "model", "currency")
AT_ONCE = 500


def snapshot_of(run: SettlementRun) -> RunSnapshot:
    """The snapshot of the run's present attempt; its parties, which grow with customers, are read
    when they are asked for."""
    return RunSnapshot.objects.defer("parties").get(run=run, attempt=run.attempt)


def last_issued_run(
    agreement_id: uuid.UUID, period: Period, without: uuid.UUID | None = None
) -> SettlementRun | None:
    """The period's run that was issued last: what an adjustment is measured against."""
    issued = SettlementRun.objects.filter(
        agreement_id=agreement_id, period_start=period.start, period_end=period.end,
        issued_at__isnull=False,
    )  # fmt: skip
    if without is not None:
        issued = issued.exclude(pk=without)
    return issued.order_by("-issued_at", "-id").first()


def frozen_input(run: SettlementRun) -> FrozenInput:
    """The run input exactly as frozen. Raises InvariantBroken when its hash differs."""
    snapshot = snapshot_of(run)
    found = replace(parse_run_input(bytes(snapshot.head)), rows=frozen_rows(run, run.attempt))
    _require_unchanged(run_input_sha256(found), snapshot)
    return found


def frozen_rows(run: SettlementRun, attempt: int) -> tuple[RunInputRow, ...]:
    """The frozen quantities of one attempt, in their order."""
    rows = RunInput.objects.filter(run=run, attempt=attempt).order_by("line_no")
    return tuple(_row(row) for row in rows.values_list(*_MEMBERS).iterator(AT_ONCE))


def charged_parts(run: SettlementRun, keep: Keep) -> Iterator[ChargePart]:
    """The present attempt, charged from its frozen input part by part (see `Charging`).

    Inside a transaction. Raises InvariantBroken before the last part when the input's hash
    differs, and what charging raises.
    """
    snapshot = snapshot_of(run)
    head = parse_run_input(bytes(snapshot.head))
    yield from Charging(head, keep).parts(_checked_rows(run, snapshot, head, keep))


def _checked_rows(
    run: SettlementRun, snapshot: RunSnapshot, head: FrozenInput, keep: Keep
) -> Iterator[RunInputRow]:
    digest = InputDigest(keep)
    rows = RunInput.objects.filter(run=run, attempt=run.attempt).order_by(
        # As Python orders texts, by code point: the order of `slices.customer_of`.
        Collate("external_id", "C"), "customer_id", "line_no",
    )  # fmt: skip
    for row in rows.values_list(*_MEMBERS).iterator(AT_ONCE):
        yield digest.add(_row(row))
    _require_unchanged(digest.hexdigest(head), snapshot)


def _require_unchanged(sha256: str, snapshot: RunSnapshot) -> None:
    if sha256 != snapshot.sha256:
        raise InvariantBroken(
            "The frozen input is not what was frozen: its hash differs. Look for a change made "
            "past the application, then reject the run and settle again."
        )


def attempt_input(run: SettlementRun, attempt: int) -> FrozenInput:
    """What one attempt was frozen from, the present one or an earlier one; its hash is not read."""
    snapshot = RunSnapshot.objects.defer("parties").get(run=run, attempt=attempt)
    return replace(parse_run_input(bytes(snapshot.head)), rows=frozen_rows(run, attempt))


def frozen_parties(run: SettlementRun) -> dict[str, Any]:
    """The names and addresses as frozen. Raises InvariantBroken when their hash differs."""
    snapshot = snapshot_of(run)
    body = bytes(snapshot.parties)
    if sha256_hex(body) != snapshot.parties_sha256:
        raise InvariantBroken("The frozen names are not what was frozen: their hash differs.")
    return read_parties(body.decode())


def _row(values: tuple[Any, ...]) -> RunInputRow:
    facts = dict(zip(_MEMBERS, values, strict=True))
    facts["customer_id"] = str(facts["customer_id"])
    for name in _REPEATED:  # each customer and model is on many rows: one text for all of them
        facts[name] = sys.intern(facts[name])
    facts["byte_seconds"] = int(facts["byte_seconds"])
    return RunInputRow(**facts)


def attempt_of_result(run: SettlementRun) -> int:
    """The attempt a page should show: the present one, or the last that was frozen."""
    attempts = RunSnapshot.objects.filter(run=run).values_list("attempt", flat=True)
    return max(attempts, default=run.attempt)
