"""usage.csv: the hourly quantities per customer and model behind a run, written and read."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from billing.rules.errors import BadRunInput
from billing.rules.inputs import RunInputRow, SegmentTerms

COUNTS = (
    "lookups", "stores", "cached_requests", "bytes_served", "byte_seconds", "tokens_saved",
    "cost_saved_micros",
)  # fmt: skip
COLUMNS = ("hour", "customer_id", "customer", "model", *COUNTS)
NAMES = 4  # of them are texts
_HOUR = "%Y-%m-%dT%H:%M:%SZ"
Key = tuple[int, str, str]


@dataclass(frozen=True, slots=True)
class HourRow:
    """One UTC hour of one customer and model; `counts` in the order of COUNTS."""

    hour: datetime
    customer_id: str
    external_id: str
    model: str
    counts: tuple[int, ...]

    def cells(self) -> list[str]:
        """As usage.csv has them."""
        hour = self.hour.astimezone(UTC).strftime(_HOUR)
        return [hour, self.customer_id, self.external_id, self.model, *map(str, self.counts)]


def csv_lines(
    rows: Iterable[HourRow], written: Callable[[str], str] = str
) -> Iterator[bytes]:  # fmt: skip
    """The file in pieces of a line each, header first; rows in the order they come.

    An archive has each text as it is, so that it is recomputed; what people open in spreadsheets
    has them as `written` (`csv_text.defused`).
    """
    for cells in _cells(rows):
        buffer = io.StringIO()
        shown = [*map(written, cells[:NAMES]), *cells[NAMES:]]
        csv.writer(buffer, lineterminator="\n").writerow(shown)
        yield buffer.getvalue().encode()


def _cells(rows: Iterable[HourRow]) -> Iterator[Sequence[str]]:
    yield COLUMNS
    for row in rows:
        yield row.cells()


def read_rows(data: bytes) -> Iterator[HourRow]:
    """Read `csv_lines` back. Raises BadRunInput naming the line."""
    reader = csv.DictReader(io.StringIO(data.decode(), newline=""))
    if tuple(reader.fieldnames or ()) != COLUMNS:
        raise BadRunInput(f"usage.csv needs the columns {', '.join(COLUMNS)}.")
    for cells in reader:
        try:
            yield HourRow(
                _hour(cells["hour"]), cells["customer_id"],
                cells["customer"], cells["model"], tuple(int(cells[name]) for name in COUNTS),
            )  # fmt: skip
        except (ValueError, TypeError) as error:
            raise BadRunInput(f"usage.csv, line {reader.line_num}: {error}") from None


@lru_cache(maxsize=4096)
def _hour(text: str) -> datetime:
    return datetime.strptime(text, _HOUR).replace(tzinfo=UTC)


def sums_by_segment(
    rows: Iterable[HourRow], parts: Sequence[SegmentTerms]
) -> dict[Key, tuple[int, ...]]:
    """(segment, customer id, model) → counts, zeros left out. Raises BadRunInput outside."""
    spans = [(part.segment.start, part.segment.end, part.segment.index) for part in parts]
    sums: dict[Key, list[int]] = defaultdict(lambda: [0] * len(COUNTS))
    for row in rows:
        index = next((i for start, end, i in spans if start <= row.hour < end), None)
        if index is None:
            raise BadRunInput(f"usage.csv: {row.hour} is outside the agreement.")
        found = sums[index, row.customer_id, row.model]
        for number, count in enumerate(row.counts):
            found[number] += count
    return {key: tuple(counts) for key, counts in sums.items() if any(counts)}


def frozen_sums(rows: Iterable[RunInputRow]) -> dict[Key, tuple[int, ...]]:
    """The same of a run's frozen rows."""
    found = {
        (row.segment, row.customer_id, row.model): tuple(getattr(row, name) for name in COUNTS)
        for row in rows
    }
    return {key: counts for key, counts in found.items() if any(counts)}
