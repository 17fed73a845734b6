"""Read back what an attempt was frozen from, and what it came to."""

import sys
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from django.db.models.functions import Collate

from billing.models import RunInput, RunSnapshot, SettlementRun
from billing.queries import frozen_json
from billing.rules.charging import ChargePart, Charging
from billing.rules.drafts import Draft, Keep
from billing.rules.errors import InvariantBroken
from billing.rules.inputs import RunInput as FrozenInput
from billing.rules.inputs import RunInputRow
from billing.rules.owned import ShelvedOwned, Store
from billing.rules.periods import Period
from billing.rules.snapshot import (
    OWNED,
    InputDigest,
    parse_owned,
    parse_run_input,
    run_input_of,
    run_input_sha256,
)
from tenants.rules.sayings import Said

_MEMBERS = tuple(RunInputRow.__dataclass_fields__)
_REPEATED = ("customer_id", "external_id", "name", "plan", "model", "currency")
AT_ONCE = 500


def snapshot_of(run: SettlementRun) -> RunSnapshot:
    """The snapshot of the run's present attempt; its head and parties, which grow with customers,
    are read when they are asked for."""
    return RunSnapshot.objects.defer("head", "parties").get(run=run, attempt=run.attempt)


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
    """The run input exactly as frozen, whole. Raises InvariantBroken when its hash differs."""
    snapshot = snapshot_of(run)
    found = replace(parse_run_input(bytes(snapshot.head)), rows=frozen_rows(run, run.attempt))
    _require_unchanged(run_input_sha256(found), snapshot)
    return found


def frozen_input_of(run: SettlementRun, customer_id: uuid.UUID) -> FrozenInput:
    """What one customer's lines rest on: terms, prices, its own rows. No hash is read, so that a
    page of one line costs the same at any number of customers."""
    rows = frozen_rows(run, run.attempt, customer_id=customer_id)
    return replace(frozen_head(snapshot_of(run)), rows=rows)


def frozen_head(snapshot: RunSnapshot) -> FrozenInput:
    """The run input as frozen, but what grows with customers (`snapshot.OWNED` and rows)."""
    members = frozen_json.head_members(snapshot.pk, list(OWNED))
    return run_input_of({**members, "booked_lines": [], "booked_shares": []})


def frozen_owned(snapshot: RunSnapshot, members: Iterable[str] = tuple(OWNED)) -> Iterator[Any]:
    """The items of members of `snapshot.OWNED`, one by one."""
    for name in members:
        for item in frozen_json.head_items(snapshot.pk, name):
            yield parse_owned(name, item)


def frozen_customers(run: SettlementRun) -> Iterator[tuple[uuid.UUID, str, str]]:
    """Id, plan and currency of each customer in the frozen rows, by id."""
    rows = RunInput.objects.filter(run=run, attempt=run.attempt)
    rows = rows.order_by("customer_id").distinct("customer_id")
    yield from rows.values_list("customer_id", "plan", "currency").iterator(AT_ONCE)


def frozen_rows(run: SettlementRun, attempt: int, **more: Any) -> tuple[RunInputRow, ...]:
    """The frozen quantities of one attempt, in their order; `more` filters them."""
    rows = RunInput.objects.filter(run=run, attempt=attempt, **more).order_by("line_no")
    return tuple(_row(row) for row in rows.values_list(*_MEMBERS).iterator(AT_ONCE))


def charged_parts(run: SettlementRun, store: Store) -> Iterator[ChargePart]:
    """The present attempt, charged from its frozen input part by part (see `Charging`).

    Inside a transaction. Raises InvariantBroken before the last part when the input's hash
    differs, and what charging raises.
    """
    snapshot = snapshot_of(run)
    owned = ShelvedOwned(store, frozen_owned(snapshot))
    head = owned.rest_in(frozen_head(snapshot), OWNED)
    yield from Charging(head, store.keep, owned).parts(checked_rows(run, store.keep))


def checked_rows(run: SettlementRun, keep: Keep) -> Iterator[RunInputRow]:
    """The present attempt's frozen quantities, in the order of `slices.customer_of`.

    Inside a transaction. Raises InvariantBroken after the last when the input's hash differs.
    """
    snapshot, digest = snapshot_of(run), InputDigest(keep)
    rows = RunInput.objects.filter(run=run, attempt=run.attempt).order_by(
        # As Python orders texts, by code point: the order of `slices.customer_of`.
        Collate("external_id", "C"), "customer_id", "line_no",
    )  # fmt: skip
    for row in rows.values_list(*_MEMBERS).iterator(AT_ONCE):
        yield digest.add(_row(row))
    _require_unchanged(digest.hexdigest(frozen_json.head_bytes(snapshot.pk)), snapshot)


def _require_unchanged(sha256: str, snapshot: RunSnapshot) -> None:
    if sha256 != snapshot.sha256:
        raise InvariantBroken(
            Said(
                "The frozen input is not what was frozen: its hash differs. Look for a "
                "change made past the application, then reject the run and settle again."
            )
        )


def attempt_input(run: SettlementRun, attempt: int) -> FrozenInput:
    """What one attempt was frozen from, the present one or an earlier one; its hash is not read."""
    snapshot = RunSnapshot.objects.defer("parties").get(run=run, attempt=attempt)
    return replace(parse_run_input(bytes(snapshot.head)), rows=frozen_rows(run, attempt))


class FrozenParties:
    """The names and addresses as frozen; those of customers are put away until they are asked for.

    Raises InvariantBroken when their hash differs.
    """

    def __init__(self, run: SettlementRun, store: Store) -> None:
        snapshot = snapshot_of(run)
        if frozen_json.parties_sha256(snapshot.pk) != snapshot.parties_sha256:
            raise InvariantBroken(
                Said("The frozen names are not what was frozen: their hash differs.")
            )
        self.facts = {**frozen_json.parties_members(snapshot.pk), "customers": {}}
        self._shelf = store.shelf()
        self._shelf.put(frozen_json.customer_parties(snapshot.pk))

    def of(self, drafts: Sequence[Draft]) -> dict[str, Any]:
        """The parties of these documents."""
        ids = {draft.customer_id for draft in drafts if draft.customer_id}
        return {**self.facts, "customers": dict(self._shelf.of(ids))}


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
