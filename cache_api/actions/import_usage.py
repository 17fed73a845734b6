"""A usage file → usage events, through the recorder's own action: all rows or none."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import transaction

from cache_api.actions.record_events import OLDEST, record_events
from cache_api.gateways.usage_files import (
    TOO_FEW,
    TOO_MANY,
    UsageFile,
    open_usage_file,
    write_rejects,
)
from cache_api.metering import store
from cache_api.rules.events import UsageEvent
from cache_api.rules.usage_file import (
    BadValue,
    Limits,
    header_problems,
    identity,
    read_row,
    to_event,
)
from tenants import audit
from tenants.models import Partner

CHUNK = 20_000
# What a row with an id says of its event; another file may not say otherwise.
TOLD = ("customer", "kind", "outcome", "quantity", "model", "tokens_in", "tokens_out", "bytes",
        "cost_saved_micros")  # fmt: skip
TOLERANCE = timedelta(minutes=15)


class UnableToImport(ValueError):
    """Nothing was imported; `problems` lists every bad value, `str()` says what to do."""

    def __init__(self, message: str, problems: list[BadValue] | None = None) -> None:
        super().__init__(message)
        self.problems = problems or []


@dataclass(frozen=True)
class Imported:
    """What came of a file: rows read, events new, already known, and rejected (with the file)."""

    rows: int
    inserted: int
    known: int
    rejected: int
    rejects_path: Path | None


@dataclass(frozen=True)
class _Checked:
    rows: int
    days: set[date]
    bad: dict[int, list[BadValue]]

    @property
    def problems(self) -> list[BadValue]:
        return [one for found in self.bad.values() for one in found]


def import_usage(
    *, path: Path, partner_slug: str, now: datetime, skip_bad: bool = False, actor: str = "system"
) -> Imported:
    """Import a CSV or Parquet file of one partner's usage, in one transaction (public schema).

    Event ids come from the rows, so importing the same or an overlapping file again changes no
    row; a row whose id is recorded with other figures contradicts it, and is refused by its line.
    With `skip_bad` the good rows are imported and the others written to FILE.rejects.csv with
    the reason. Raises UnableToImport (unknown partner, bad header, bad rows, nothing in the file)
    and UnreadableFile; then nothing was imported.
    """
    partner = _partner(partner_slug)
    file = open_usage_file(path)
    if problems := header_problems(file.columns):
        raise UnableToImport("The file's columns are not as expected.", problems)
    limits = _limits(partner, now)
    checked = _check(file, limits)
    if checked.bad and not skip_bad:
        raise UnableToImport(
            f"{len(checked.bad)} of {checked.rows} rows are bad; nothing was imported. "
            "Mend them, or use --skip-bad.",
            checked.problems,
        )
    if not checked.rows:
        raise UnableToImport("The file has no rows.")
    inserted = _record(file, partner, checked, limits, now, actor)
    rejects = _write_rejects(file, checked) if checked.bad else None
    good = checked.rows - len(checked.bad)
    return Imported(checked.rows, inserted, good - inserted, len(checked.bad), rejects)


def _partner(slug: str) -> Partner:
    partner: Partner | None = Partner.objects.filter(slug=slug).first()
    if partner is None or partner.pk not in store.schemas([partner.pk]):
        raise UnableToImport(
            f"There is no open partner {slug!r}: check --partner, or open it first."
        )
    return partner


def _limits(partner: Partner, now: datetime) -> Limits:
    customers = None
    if partner.unknown_customer_policy == Partner.UnknownCustomers.STRICT:
        names = store.customer_states({partner.pk: partner.schema_name}, {partner.pk})
        customers = frozenset(name for _, name, *_ in names)
    # A day of slack at the old end: what passes here must not become too old while it is recorded.
    return Limits(now - OLDEST + timedelta(days=1), now + TOLERANCE, customers)


def _check(file: UsageFile, limits: Limits) -> _Checked:
    rows, days, bad = 0, set[date](), dict[int, list[BadValue]]()
    for line, cells in file.rows():
        rows += 1
        row = _read(line, cells, limits)
        if isinstance(row, list):
            bad[line] = row
        else:
            days.add(row["time"].date())
    return _Checked(rows, days, bad)


def _read(line: int, cells: dict[str, Any], limits: Limits) -> dict[str, Any] | list[BadValue]:
    if TOO_MANY in cells:
        extra = len(cells[TOO_MANY])
        return [BadValue(line, TOO_MANY, f"{extra} more than columns", "quote commas in text")]
    if TOO_FEW in cells:
        names = ", ".join(cells[TOO_FEW])
        return [BadValue(line, TOO_FEW, f"the line ends before {names}", "leave no cell out")]
    return read_row(cells, line, limits)


def _record(
    file: UsageFile,
    partner: Partner,
    checked: _Checked,
    limits: Limits,
    now: datetime,
    actor: str,
) -> int:
    inserted = 0
    source = f"import {file.path.name}"
    with transaction.atomic():
        if checked.days:
            store.ensure_days(checked.days)  # every lock on the event table before any on a partner
        events = _events(file, partner.pk, checked, limits)
        while chunk := list(islice(events, CHUNK)):
            outcome = record_events(events=[one for _, one in chunk], source=source, now=now)
            if outcome.dead:
                raise UnableToImport(
                    f"The database refused {outcome.dead} rows that looked good; nothing was "
                    "imported. Please report this file."
                )
            inserted += outcome.inserted
            _refuse_contradictions(chunk)
        if inserted:
            digest = sha256(file.path.read_bytes()).hexdigest()
            audit.record(
                actor=actor, verb="usage.imported", target=file.path.name, at=now,
                partner_id=partner.pk,
                data={"sha256": digest, "rows": checked.rows, "inserted": inserted},
            )  # fmt: skip
    return inserted


def _events(
    file: UsageFile, partner_id: UUID, checked: _Checked, limits: Limits
) -> Iterator[tuple[int, UsageEvent]]:
    """Each event with its line, 0 where the row has no id: what is equal is then the same row."""
    seen: Counter[bytes] = Counter()
    for line, cells in file.rows():
        if line in checked.bad:
            continue
        row = _read(line, cells, limits)
        if isinstance(row, list):
            raise UnableToImport(f"{file.path} changed while it was imported; try again.", row)
        # 16 bytes stand for a row, so that a file of millions stays small in memory.
        key = sha256(identity(row)).digest()[:16]
        line_of_id, occurrence = (line, 0) if row["id"] else (0, seen[key])
        yield line_of_id, to_event(row, partner_id, occurrence)
        seen[key] += 1


def _refuse_contradictions(chunk: list[tuple[int, UsageEvent]]) -> None:
    """Raises UnableToImport when a row with an id says otherwise than what is recorded under it."""
    told = {event.event_id: (line, event) for line, event in chunk if line}
    if not told:
        return
    known = store.recorded(list(told), TOLD)
    problems = [
        BadValue(
            line, name, f"this id is recorded with {was!r}, the row says {getattr(event, name)!r}",
            "leave the row out; a correction is a row of its own with a new id",
        )
        for event_id, (line, event) in told.items()
        for name, was in zip(TOLD, known.get(event_id, ()), strict=False)
        if was != getattr(event, name)
    ]  # fmt: skip
    if problems:
        raise UnableToImport(
            f"{len({one.line for one in problems})} rows contradict what is recorded; nothing was "
            "imported.",
            problems,
        )


def _write_rejects(file: UsageFile, checked: _Checked) -> Path:
    path = file.path.with_name(file.path.name + ".rejects.csv")
    rejected = (
        (
            cells,
            "; ".join(f"{one.column}: {one.problem}; {one.remedy}" for one in checked.bad[line]),
        )
        for line, cells in file.rows()
        if line in checked.bad
    )
    write_rejects(path, file.columns, rejected)
    return path
