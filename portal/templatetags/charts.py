"""Charts as SVG on the server: classes for pages, plain colours for mails and documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import template
from django.template.loader import render_to_string
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString

from portal.rules import charts as rules
from portal.rules.figures import Figure

register = template.Library()
SPARK_WIDTH, SPARK_HEIGHT = 96, 28
PRINT_WIDTH = 680
HIDDEN = SafeString('aria-hidden="true"')


@register.inclusion_tag("charts/figure.html")
def figure(
    chart: Figure, table: bool = True, live: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """A chart with its summary, legend and (closed) table; `live`: what explorer.js draws of it."""
    return {"chart": chart, "table": table, "live": live}


_BAR = '<rect class="bar tone-{}" x="{}%" width="{}%" y="{:g}" height="{:g}"/>'
_HATCH = '<rect class="hatch" fill="url(#{}-hatch)" x="{}%" width="{}%" y="{:g}" height="{:g}"/>'


@register.simple_tag
def columns(chart: Figure) -> SafeString:
    """The columns of a chart, each with its numbers as a title.

    Put together here, since a week of hours is a thousand rectangles, which templates make slowly.
    """
    return SafeString("".join(
        _column(chart, column, texts)
        for column, (_, texts, _) in zip(chart.columns, chart.rows, strict=False)
    ))  # fmt: skip


def _column(chart: Figure, column: rules.Column, texts: tuple[str, ...]) -> str:
    told = "\n".join(
        [column.label, *(f"{s.label}: {t}" for s, t in zip(chart.legend, texts, strict=True))]
    )
    x, width = f"{column.x:g}", f"{column.width:g}"
    parts = [
        f'<g class="column"><title>{escape(told)}</title>'
        f'<rect class="column__hit" x="{x}%" width="{width}%" height="100%"/>'
    ]
    for part in column.bars:
        parts.append(_BAR.format(part.tone, x, width, part.y, part.height))
        if column.partial:
            parts.append(_HATCH.format(chart.key, x, width, part.y, part.height))
    return "".join(parts) + "</g>"


def print_svg(chart: Figure, tokens: Mapping[str, str], width: int = PRINT_WIDTH) -> str:
    """The chart alone as a self-contained SVG of `width` px for mails and PDFs.

    `tokens` are one mode's colours of a brand (`tenants.rules.palette`).
    """
    inks = {f"tone_{number}": tokens[f"chart-{number}"] for number in range(1, 9)}
    inks |= {
        "tone_exact": tokens["chart-1"], "tone_semantic": tokens["chart-1-soft"],
        "tone_miss": tokens["chart-miss"], "grid": tokens["border-1"], "text": tokens["text-2"],
        "paper": "#FFFFFF",
    }  # fmt: skip
    context = {"chart": chart, "inks": inks, "width": width, "full": width + 72}
    return render_to_string("charts/print.svg", context).strip()


@register.filter
def ink(inks: Mapping[str, str], tone: str) -> str:
    """The plain colour of a series' tone."""
    return inks[f"tone_{tone}"]


@register.simple_tag
def spark(values: Sequence[float | None], label: str = "") -> SafeString:
    """A word-sized line of recent values; nothing when there are fewer than two."""
    path, area = rules.spark(values or (), width=SPARK_WIDTH, height=SPARK_HEIGHT)
    if not path:
        return SafeString("")
    # Without words it is decoration beside a number that says the same.
    role = format_html('role="img" aria-label="{}"', label) if label else HIDDEN
    return format_html(
        '<svg class="spark" width="{}" height="{}" viewBox="0 0 {} {}" {}>'
        '<path class="spark__area" d="{}"/><path class="spark__line" d="{}"/></svg>',
        SPARK_WIDTH, SPARK_HEIGHT, SPARK_WIDTH, SPARK_HEIGHT, role, area, path,
    )  # fmt: skip


@register.simple_tag
def bar(percent: float, kind: str = "cellbar") -> SafeString:
    """A bar filled to `percent` (0 to 100), decoration beside a number that says the same."""
    held = min(max(float(percent or 0), 0.0), 100.0)
    return format_html(
        '<svg class="{}" aria-hidden="true" focusable="false"><rect width="100%" height="100%"/>'
        '<rect class="{}__fill" width="{}%" height="100%"/></svg>',
        kind, kind, f"{held:g}",
    )  # fmt: skip
