"""A whole chart as one value: geometry, axes, legend, and the same numbers as a table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from portal.rules import charts
from portal.rules.charts import Column, Line, Series, Tick

HEIGHT = 248.0
ValueText = Callable[[float], str]


@dataclass(frozen=True)
class Figure:
    """What the chart template draws.

    `summary` is the sentence that says what the chart shows; `rows` is the table behind it: one
    (bucket, texts, partial) per bucket, under `legend`'s labels. `top` is the value of `height`.
    """

    key: str
    title: str
    summary: str
    height: float
    legend: tuple[Series, ...]
    columns: tuple[Column, ...]
    lines: tuple[Line, ...]
    y_ticks: tuple[Tick, ...]
    x_ticks: tuple[Tick, ...]
    rows: tuple[tuple[str, tuple[str, ...], bool], ...]
    bucket_name: str
    partial_name: str = ""
    top: float = 1.0

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to draw: every value is zero or missing."""
        return not any(value for series in self.legend for value in series.values)

    @property
    def has_partial(self) -> bool:
        """Whether the last buckets are not complete."""
        return any(partial for _, _, partial in self.rows)

    @property
    def line_box(self) -> str:
        """The viewBox that lines are drawn in."""
        return f"0 0 {charts.LINE_WIDTH} {self.height:g}"


@dataclass(frozen=True)
class Axis:
    """The buckets of a chart: full names, short names for the axis, what a bucket is called.

    `partial_name` says why those from `partial_from` on are hatched ('': still filling).
    """

    labels: tuple[str, ...]
    short: tuple[str, ...]
    bucket_name: str
    partial_from: int | None = None
    partial_name: str = ""


def stacked_figure(
    key: str,
    title: str,
    summary: str,
    axis: Axis,
    series: Sequence[Series],
    *,
    text: ValueText,
    over: Sequence[Series] = (),
    height: float = HEIGHT,
) -> Figure:
    """Columns of stacked series, with lines `over` them on the same scale (a comparison).

    `text` writes a value. Raises ValueError when a series and the axis differ in length.
    """
    every = (*series, *over)
    _same_length(axis, every)
    peak = max([*charts.totals(series), *_values(over)], default=0)
    top, step = charts.ceiling(peak)
    columns = charts.stacked_columns(
        axis.labels, series, top=top, height=height, partial_from=axis.partial_from
    )
    lines = tuple(charts.line(one, top=top, height=height) for one in over)
    return _figure(key, title, summary, axis, every, columns, lines, (top, step), text, height)


def line_figure(
    key: str,
    title: str,
    summary: str,
    axis: Axis,
    series: Sequence[Series],
    *,
    text: ValueText,
    top: float | None = None,
    height: float = HEIGHT,
) -> Figure:
    """Lines from a zero base; `top` fixes the scale (100 for percentages)."""
    _same_length(axis, series)
    peak, step = charts.ceiling(max(_values(series), default=0))
    if top is not None:
        peak, step = top, top / 4
    lines = tuple(charts.line(one, top=peak, height=height) for one in series)
    return _figure(key, title, summary, axis, series, (), lines, (peak, step), text, height)


def _figure(
    key: str,
    title: str,
    summary: str,
    axis: Axis,
    series: Sequence[Series],
    columns: tuple[Column, ...],
    lines: tuple[Line, ...],
    scale: tuple[float, float],
    text: ValueText,
    height: float,
) -> Figure:
    top, step = scale
    names = [text(step * i) for i in range(round(top / step) + 1)]
    return Figure(
        key=key, title=title, summary=summary, height=height, legend=tuple(series),
        columns=columns, lines=lines, y_ticks=charts.down_ticks(top, step, height, names),
        x_ticks=charts.across_ticks(axis.short), rows=_rows(axis, series, text),
        bucket_name=axis.bucket_name, partial_name=axis.partial_name, top=top,
    )  # fmt: skip


def _rows(
    axis: Axis, series: Sequence[Series], text: ValueText
) -> tuple[tuple[str, tuple[str, ...], bool], ...]:
    start = axis.partial_from
    return tuple(
        (
            label,
            tuple("–" if v is None else text(v) for v in (one.values[i] for one in series)),
            start is not None and i >= start,
        )
        for i, label in enumerate(axis.labels)
    )


def _values(series: Sequence[Series]) -> list[float]:
    return [value for one in series for value in one.values if value is not None]


def _same_length(axis: Axis, series: Sequence[Series]) -> None:
    for one in series:
        if len(one.values) != len(axis.labels):
            raise ValueError(
                f"Series {one.label!r} has {len(one.values)} values for {len(axis.labels)} "
                "buckets: give one per bucket, None for a gap."
            )
