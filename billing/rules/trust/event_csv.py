"""The events behind a line as CSV, with what each adds to the line's meter."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import UTC
from typing import Any

from billing.rules.csv_text import defused

COLUMNS = (
    "event_id", "occurred_at", "customer", "kind", "outcome", "model", "quantity", "bytes",
    "byte_seconds", "tokens_in", "tokens_out", "cost_saved_micros", "recorded_batch", "value",
)  # fmt: skip


def event_lines(events: Iterable[Any]) -> Iterator[bytes]:
    """Header, then a line an event; `value` is in the meter's base units (bytes, requests, …)."""
    yield _line(COLUMNS)
    for event in events:
        cells = [getattr(event, name) for name in COLUMNS]
        cells = [defused(cell) if isinstance(cell, str) else cell for cell in cells]
        cells[1] = event.occurred_at.astimezone(UTC).isoformat(timespec="milliseconds")
        yield _line(cells)


def _line(cells: Iterable[Any]) -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerow(cells)
    return buffer.getvalue().encode()
