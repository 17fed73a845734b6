"""Series become geometry: columns, lines, ticks. Nothing here knows HTML or a database.

Across, positions are percentages of the plot's width, so a chart fits any screen with its text
unscaled; down, they are pixels of `height`. Lines use a 0..1000 box that is stretched.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

LINE_WIDTH = 1000


@dataclass(frozen=True)
class Series:
    """One named run of values; `tone` picks its colour: exact, semantic, miss, or 1 to 8.

    None is a bucket without a value (a gap in a line). `dashed` marks a comparison.
    """

    label: str
    values: tuple[float | None, ...]
    tone: str
    dashed: bool = False


class Tick(NamedTuple):
    """A label on an axis: `at` in px (down) or percent (across)."""

    at: float
    label: str
    anchor: str = "middle"
    minor: bool = False


class Bar(NamedTuple):
    """One part of a column, in px from the top."""

    y: float
    height: float
    tone: str


class Column(NamedTuple):
    """One bucket: where it stands (percent) and its parts from the base up."""

    x: float
    width: float
    label: str
    bars: tuple[Bar, ...]
    partial: bool


class Line(NamedTuple):
    """An SVG path over the 0..1000 box, and the closed area below it ('' for dashed lines)."""

    path: str
    area: str
    tone: str
    dashed: bool


def ceiling(value: float, steps: int = 4) -> tuple[float, float]:
    """A round top at or above `value` and the round distance of its gridlines; (1, 0.25) at 0."""
    if value <= 0:
        return 1.0, 1.0 / steps
    raw = value / steps
    magnitude = 1.0
    while magnitude * 10 <= raw:
        magnitude *= 10
    while magnitude > raw:
        magnitude /= 10
    step = next(n * magnitude for n in (1, 2, 2.5, 5, 10) if n * magnitude >= raw * 0.999999)
    count = 1
    while step * count < value * 0.999999:
        count += 1
    return step * count, step


def totals(series: Sequence[Series]) -> list[float]:
    """The height of each stacked bucket. Raises ValueError when series differ in length."""
    if len({len(one.values) for one in series}) > 1:
        raise ValueError("All series of a chart need one value per bucket (None for a gap).")
    buckets = zip(*(one.values for one in series), strict=True)
    return [sum(value or 0 for value in bucket) for bucket in buckets]


def stacked_columns(
    labels: Sequence[str],
    series: Sequence[Series],
    *,
    top: float,
    height: float,
    partial_from: int | None = None,
) -> tuple[Column, ...]:
    """Columns of stacked bars; buckets from `partial_from` on are incomplete."""
    count = len(labels)
    totals(series)
    slot = 100 / count if count else 100
    gap = slot * (0.28 if count <= 40 else 0.16)
    columns = []
    for index, label in enumerate(labels):
        base, bars = height, []
        for one in series:
            size = (one.values[index] or 0) * height / top
            if size > 0:
                base -= size
                bars.append(Bar(round(base, 2), round(size, 2), one.tone))
        late = partial_from is not None and index >= partial_from
        x, width = round(index * slot + gap / 2, 4), round(slot - gap, 4)
        columns.append(Column(x, width, label, tuple(bars), late))
    return tuple(columns)


def line(series: Series, *, top: float, height: float) -> Line:
    """A path through the middles of the buckets; a None lifts the pen."""
    count = len(series.values)
    runs: list[list[tuple[float, float]]] = [[]]
    for index, value in enumerate(series.values):
        if value is None:
            runs.append([])
            continue
        x = (index + 0.5) * LINE_WIDTH / count
        runs[-1].append((round(x, 2), round(height - value * height / top, 2)))
    runs = [run for run in runs if run]
    path = " ".join(_path(run) for run in runs)
    area = " ".join(
        f"{_path(run)} L{run[-1][0]:g} {height:g} L{run[0][0]:g} {height:g} Z" for run in runs
    )
    return Line(path, "" if series.dashed else area, series.tone, series.dashed)


def _path(points: Sequence[tuple[float, float]]) -> str:
    if len(points) == 1:
        x, y = points[0]
        return f"M{x - 4:g} {y:g} L{x + 4:g} {y:g}"
    return "M" + " L".join(f"{x:g} {y:g}" for x, y in points)


def down_ticks(top: float, step: float, height: float, labels: Sequence[str]) -> tuple[Tick, ...]:
    """Gridlines from zero to the top; `labels` has one text per line, from zero on."""
    count = round(top / step)
    return tuple(
        Tick(round(height - i * height / count, 2), labels[i], "end") for i in range(count + 1)
    )


def across_ticks(labels: Sequence[str], most: int = 8) -> tuple[Tick, ...]:
    """At most `most` bucket labels, evenly apart, in the middles of their buckets.

    Empty labels are passed over. Every second tick is `minor`: narrow screens leave it out.
    """
    count = len(labels)
    named = [i for i, label in enumerate(labels) if label]
    chosen = named[:: max(1, -(-len(named) // most))]
    return tuple(
        Tick(round((i + 0.5) * 100 / count, 4), labels[i], "middle", order % 2 == 1)
        for order, i in enumerate(chosen)
    )


def spark(values: Sequence[float | None], *, width: float, height: float) -> tuple[str, str]:
    """(line path, area path) of a word-sized chart; flat series lie in the middle."""
    known = [value for value in values if value is not None]
    if len(known) < 2:
        return "", ""
    low, high = min(known), max(known)
    inner, pad = height - 4, 2.0
    points = []
    for index, value in enumerate(values):
        if value is not None:
            share = (value - low) / (high - low) if high > low else 0.5
            x = pad + index * (width - 2 * pad) / (len(values) - 1)
            points.append((round(x, 2), round(pad + inner * (1 - share), 2)))
    path = _path(points)
    return path, f"{path} L{points[-1][0]:g} {height:g} L{points[0][0]:g} {height:g} Z"
