"""Charts of the explorer that answer the pointer: the same figures, as data for Chart.js.

The drawn SVG stays what it is: without JavaScript, on paper and for what Chart.js cannot draw.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from cache_api.rules.reports import UsagePoint
from portal.rules.figures import Figure
from portal.rules.ranges import Range

_A_DAY = timedelta(days=1)


def live_data(figure: Figure, days: Sequence[tuple[str, str]] = ()) -> dict[str, Any]:
    """JSON of a figure: buckets, and each series with its values and how they are written.

    `top` is the scale's, `partial` the buckets that are not complete; `days` what a click on a
    bucket narrows the page to (first and last UTC day), empty where it narrows to nothing.
    """
    return {
        "labels": [label for label, _, _ in figure.rows],
        "days": list(days), "stacked": bool(figure.columns), "top": figure.top,
        "partial": [at for at, (_, _, partial) in enumerate(figure.rows) if partial],
        "series": [
            {
                "label": one.label, "tone": one.tone, "dashed": one.dashed,
                "line": one.dashed or not figure.columns, "values": list(one.values),
                "texts": [texts[at] for _, texts, _ in figure.rows],
            }
            for at, one in enumerate(figure.legend)
        ],
    }  # fmt: skip


def days_of(points: Sequence[UsagePoint], window: Range) -> list[tuple[str, str]]:
    """The first and the last UTC day of each bucket; none for hours, which no range is as short as.

    The last bucket ends where the range does.
    """
    if window.granularity == "hour" or len(points) < 2:
        return []
    starts = [point.bucket_at for point in points]
    ends = [*starts[1:], window.end]
    return [(_day(start), _day(end - _A_DAY)) for start, end in zip(starts, ends, strict=True)]


def _day(at: datetime) -> str:
    return f"{at:%Y-%m-%d}"
