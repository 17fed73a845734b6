"""Numbers, times and words in templates. Times are UTC and say so."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django import template
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from portal import local
from portal.rules import browsers, numbers

register = template.Library()
register.filter("compact", local.compact)
register.filter("compact_bytes", local.compact_bytes)
register.filter("grouped", local.grouped)
register.filter("latency", local.milliseconds)
register.filter("marked", local.marked)
register.filter("day_text", local.day_text)


@register.filter
def share_of(part: float, whole: float) -> str:
    """`{{ hits|share_of:lookups }}`: a percentage with one decimal, without the sign."""
    return local.percent(part, whole)


@register.filter
def bare(field: Any) -> Any:
    """A form's field without the placeholder of its package, which says the label once more."""
    field.field.widget.attrs.pop("placeholder", None)
    return field


@register.filter
def lasted(length: timedelta) -> str:
    """A length of time in hours and minutes: `3:05 h`."""
    minutes = round(length.total_seconds() / 60)
    return f"{minutes // 60}:{minutes % 60:02} h"


@register.filter
def ticked(text: str) -> SafeString:
    """A text of the API's description: what stands in backticks is code."""
    parts = escape(text).split("`")
    return SafeString(
        "".join(f"<code>{one}</code>" if n % 2 else one for n, one in enumerate(parts))
    )


@register.filter
def browser(agent: str) -> str:
    """`Chrome, Linux` from what a browser says of itself; as it is where it is no known one."""
    return browsers.name_of(agent)


@register.filter
def similarity(bps: int) -> str:
    """`{{ 9950|similarity }}`: 0.9950, from 1/10,000."""
    return local.marked(f"{bps / 10_000:.4f}")


@register.filter
def quantity(text: str) -> str:
    """A billed quantity (decimal text) with groups of three and at most six places."""
    value = Decimal(str(text)).quantize(Decimal("0.000001")).normalize()
    return local.marked(f"{value:,f}")


@register.filter
def utc(moment: datetime | str | None) -> SafeString | str:
    """A moment (or its ISO text, as papers hold it) in UTC to the minute, as a <time> element.

    An en dash when there is none. Whoever chose a time zone reads that time beside it.
    """
    if not moment:
        return "–"
    at = (datetime.fromisoformat(moment) if isinstance(moment, str) else moment).astimezone(UTC)
    there = local.beside_utc(at)
    return format_html(
        '<time datetime="{}">{} UTC{}</time>', at.isoformat(), local.day_text(at, "j M Y, H:i"),
        f" ({there})" if there else "",
    )  # fmt: skip


@register.filter
def utc_day(moment: datetime | date | None) -> SafeString | str:
    """A day in UTC, as a <time> element; an en dash when there is none."""
    if moment is None:
        return "–"
    day = moment.astimezone(UTC).date() if isinstance(moment, datetime) else moment
    return format_html(
        '<time datetime="{}">{}</time>', day.isoformat(), local.day_text(day, "j M Y")
    )


@register.filter
def month(day: date | datetime | str | None) -> str:
    """`2026-10` or a day of it as `October 2026`."""
    if not day:
        return "–"
    value = date.fromisoformat(f"{day}-01") if isinstance(day, str) else day
    return local.day_text(value, "F Y")


@register.inclusion_tag("parts/delta.html")
def delta(now: float, before: float, good: str = "up") -> dict[str, Any]:
    """The change against the period before, as an arrow and a number of percent.

    `good` says which way is good (`up`, `down`, or `none` for neither).
    """
    return _delta(numbers.change(now, before), "%", good)


@register.inclusion_tag("parts/delta.html")
def delta_points(now: float | None, before: float | None, good: str = "up") -> dict[str, Any]:
    """The difference of two rates (0 to 1) in percentage points."""
    known = now is not None and before is not None
    return _delta((now - before) * 100 if known else None, _("pt"), good)  # type: ignore[operator]


def _delta(change: float | None, unit: str, good: str) -> dict[str, Any]:
    if change is None:
        return {"change": None}
    rising = change > 0
    flat = abs(change) < 0.05
    # Less than one percent is noise: an arrow, but no praise and no alarm.
    plain = abs(change) < 1 or good == "none"
    tone = "" if plain else "good" if rising == (good == "up") else "bad"
    return {
        "change": local.marked(f"{abs(change):,.{int(abs(change) < 10)}f}"),
        "unit": unit,
        "rising": rising, "flat": flat, "tone": tone,
    }  # fmt: skip
