"""A partner's own counts beside ours, hour by hour: matched, missing or extra. Nothing is billed
from them.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from billing.rules.errors import BillingError
from tenants.rules.sayings import Said

COLUMNS = ("hour", "customer", "count")
MOST_BYTES, MOST_ROWS, MOST_PROBLEMS = 10_000_000, 200_000, 20
MATCHED, MISSING, EXTRA = "matched", "missing", "extra"
BIGGEST = 2**53
Key = tuple[datetime, str]


class BadCounts(BillingError):
    """A file that cannot be compared; `problems` has a sentence per line to mend."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__(" ".join(problems[:3]))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Compared:
    """One hour of one customer: what the partner counted, what we recorded, and the verdict."""

    hour: datetime
    customer: str
    counted: int
    recorded: int
    state: str

    @property
    def difference(self) -> int:
        """Recorded less counted: negative where we have fewer."""
        return self.recorded - self.counted


@dataclass(frozen=True, slots=True)
class Comparison:
    """Every hour either side knows, by time and customer."""

    rows: tuple[Compared, ...]

    @property
    def counted(self) -> int:
        """The partner's sum."""
        return sum(row.counted for row in self.rows)

    @property
    def recorded(self) -> int:
        """Our sum over the same hours."""
        return sum(row.recorded for row in self.rows)

    def hours(self, state: str) -> int:
        """How many hours have a verdict."""
        return sum(row.state == state for row in self.rows)

    @property
    def differing(self) -> tuple[Compared, ...]:
        """The hours that do not match."""
        return tuple(row for row in self.rows if row.state != MATCHED)


def parse_counts(data: bytes) -> dict[Key, int]:
    """CSV (UTF-8, header `hour,customer,count`) → counts by hour and customer.

    Raises BadCounts naming each bad line: another column, an hour off the full UTC hour, a count
    that is no whole number, a customer's hour given twice, too many rows, no row at all.
    """
    if len(data) > MOST_BYTES:
        raise BadCounts(
            [
                Said(
                    "The file has %(bytes)s bytes; at most %(most)s are read.",
                    bytes=f"{len(data):,}",
                    most=f"{MOST_BYTES:,}",
                )
            ]
        )
    try:
        reader = csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline=""))
        if sorted(reader.fieldnames or ()) != sorted(COLUMNS):
            raise BadCounts(
                [Said("The first line must be %(columns)s.", columns=",".join(COLUMNS))]
            )
        return _collected(reader)
    except UnicodeDecodeError as error:
        raise BadCounts(
            [Said("The file is not UTF-8: byte %(at)s is no character.", at=error.start)]
        ) from None
    except csv.Error as error:
        raise BadCounts([Said("The file cannot be read as CSV: %(error)s.", error=error)]) from None


def _collected(reader: csv.DictReader[str]) -> dict[Key, int]:
    found: dict[Key, int] = {}
    lines: dict[Key, int] = {}
    problems: list[str] = []
    for cells in reader:
        line = reader.line_num
        bad = list(_problems(cells, line))
        if not bad:
            key = _hour(cells["hour"]), cells["customer"].strip()
            if key in found:
                bad = [
                    Said(
                        "Line %(line)s gives the hour of line %(other)s again.",
                        line=line,
                        other=lines[key],
                    )
                ]
            found[key], lines[key] = int(cells["count"]), line
        problems += bad
        if len(found) > MOST_ROWS:
            raise BadCounts(
                [
                    Said(
                        "The file has more than %(most)s rows: split it by time.",
                        most=f"{MOST_ROWS:,}",
                    )
                ]
            )
        if len(problems) >= MOST_PROBLEMS:
            break
    if problems:
        raise BadCounts(problems)
    if not found:
        raise BadCounts([Said("The file has a header and no row.")])
    return found


def _problems(cells: Mapping[str, str | None], line: int) -> Iterator[str]:
    if None in cells or any(cells[name] is None for name in COLUMNS):
        yield Said("Line %(line)s does not have %(n)s cells.", line=line, n=len(COLUMNS))
        return
    try:
        _hour(cells["hour"] or "")
    except ValueError:
        yield Said(
            "Line %(line)s: %(hour)s is no full UTC hour such as 2026-10-01T13:00:00Z.",
            line=line,
            hour=f"{cells['hour']!r}",
        )
    if not (cells["customer"] or "").strip():
        yield Said("Line %(line)s has no customer.", line=line)
    count = (cells["count"] or "").strip()
    if not (count.isascii() and count.isdigit()) or int(count) > BIGGEST:
        yield Said(
            "Line %(line)s: count %(count)s is no whole number of zero or more.",
            line=line,
            count=f"{cells['count']!r}",
        )


def _hour(text: str) -> datetime:
    at = datetime.fromisoformat(text.strip())
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    if at.minute or at.second or at.microsecond:
        raise ValueError("not a full hour")
    return at


def compare(
    counted: Mapping[Key, int], recorded: Mapping[Key, int], tolerance_bps: int
) -> Comparison:
    """Both sides by hour and customer; what only one of them has counts as 0 on the other.

    An hour matches within `tolerance_bps` of the partner's own count, or when both are equal;
    else it is missing (we recorded less) or extra (we recorded more).
    """
    rows = []
    for hour, customer in sorted(set(counted) | set(recorded)):
        theirs, ours = counted.get((hour, customer), 0), recorded.get((hour, customer), 0)
        if abs(ours - theirs) * 10_000 <= theirs * tolerance_bps:
            state = MATCHED
        else:
            state = MISSING if ours < theirs else EXTRA
        rows.append(Compared(hour, customer, theirs, ours, state))
    return Comparison(tuple(rows))
