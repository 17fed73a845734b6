"""Usage and earnings as charts, with their words: numbers come in, figures go out."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from babel.numbers import get_currency_precision
from django.utils.translation import gettext as _

from billing.queries import MonthEarnings
from cache_api.rules.reports import UsagePoint
from portal import local
from portal.queries.usage import UsageView
from portal.rules.charts import Series
from portal.rules.figures import Axis, Figure, line_figure, stacked_figure
from portal.rules.ranges import Range
from portal.templatetags.money import money_text

LABELS = {"hour": "j M, H:i", "day": "D j M Y", "week": "j M Y", "month": "F Y"}
SHORT = {"hour": "H:i", "day": "j M", "week": "j M", "month": "M y"}


def range_name(window: Range) -> str:
    """The range as people read it, with UTC."""
    if window.granularity == "hour":
        start, end = (local.day_text(at, "j M, H:i") for at in (window.start, window.shown_end))
        return _("%(start)s to %(end)s UTC") % {"start": start, "end": end}
    start, end = local.day_text(window.start, "j M Y"), local.day_text(window.shown_end, "j M Y")
    if window.end <= window.now and window.is_month:
        return _("%(month)s, whole month, UTC") % {"month": local.day_text(window.start, "F Y")}
    return _("%(start)s to %(end)s, UTC") % {"start": start, "end": end}


def requests_figure(view: UsageView) -> Figure:
    """Hits (exact and semantic apart, where there are any) and misses stacked, before dashed."""
    points, window = view.points, view.range
    misses = Series(_("Misses"), tuple(float(p.misses) for p in points), "miss")
    series = [Series(_("Hits"), tuple(float(p.hits) for p in points), "exact"), misses]
    if any(p.semantic_hits for p in points):
        exact = tuple(float(p.hits - p.semantic_hits) for p in points)
        near = tuple(float(p.semantic_hits) for p in points)
        series = [
            Series(_("Exact hits"), exact, "exact"), Series(_("Semantic hits"), near, "semantic"),
            misses,
        ]  # fmt: skip
    return stacked_figure(
        "requests", _("Requests by outcome"), _requests_words(view), _axis(points, window),
        series, text=_count, over=_compared(view),
    )  # fmt: skip


def hit_rate_figure(view: UsageView) -> Figure:
    """The share of lookups answered from the cache, per bucket; empty buckets are gaps."""
    points = view.points
    rates = tuple(p.hits * 100 / p.lookups if p.lookups else None for p in points)
    known = [rate for rate in rates if rate is not None]
    words = (
        _("Between %(low)s and %(high)s %%.") % {
            "low": f"{min(known):.0f}", "high": f"{max(known):.0f}"}
        if known else _("No lookups in this range.")
    )  # fmt: skip
    return line_figure(
        "hit-rate", _("Hit rate"), words, _axis(points, view.range),
        [Series(_("Hit rate"), rates, "1")], text=lambda v: f"{v:.0f} %", top=100.0, height=180.0,
    )  # fmt: skip


def saved_figure(view: UsageView) -> Figure:
    """Model cost that was not spent, per bucket (estimate)."""
    values = tuple(p.cost_saved_micros / 1_000_000 for p in view.points)
    words = _("%(sum)s avoided at list prices (estimate).") % {
        "sum": money_text(round(sum(values) * 100), "USD")
    }
    return stacked_figure(
        "saved", _("Model cost saved"), words, _axis(view.points, view.range),
        [Series(_("Saved"), values, "1")], text=_dollars, height=180.0,
    )  # fmt: skip


def earnings_figure(months: list[MonthEarnings], earns_share: bool) -> Figure:
    """Settled months: the partner's share, or what was billed where it earns none."""
    currency = months[-1].currency if months else "USD"
    chosen = [month for month in months if month.currency == currency]
    in_poc = not any(month.gross_minor for month in chosen)
    if in_poc:
        title, facts = _("Value at list price"), [month.shadow_minor for month in chosen]
    elif earns_share:
        title, facts = _("Your share by month"), [month.share_minor for month in chosen]
    else:
        title, facts = _("Billed by month"), [month.gross_minor for month in chosen]
    values = tuple(_major(minor, currency) for minor in facts)
    labels = tuple(local.day_text(month.period.start, "F Y") for month in chosen)
    short = tuple(local.day_text(month.period.start, "M y") for month in chosen)
    words = (
        _("What your proof of concept would have cost, %(currency)s.")
        if in_poc
        else _("Final amounts of issued documents, %(currency)s.")
    ) % {"currency": currency}
    return stacked_figure(
        "earnings", title, words, Axis(labels, short, _("Month")),
        [Series(title, values, "1")], text=_dollars, height=180.0,
    )  # fmt: skip


def _requests_words(view: UsageView) -> str:
    if not view.summary.lookups:
        return _("No lookups in this range.")
    return _("%(lookups)s lookups, %(rate)s %% answered from the cache.") % {
        "lookups": local.compact(view.summary.lookups),
        "rate": local.percent(view.summary.hits, view.summary.lookups),
    }


def _compared(view: UsageView) -> list[Series]:
    before = [float(p.lookups) for p in view.points_before]
    if not any(before) or len(before) != len(view.points):
        return []
    same = (view.range.start - view.range.before[0]).days % 7 == 0
    name = _("Earlier, same weekdays") if same else _("Earlier")
    return [Series(name, tuple(before), "miss", dashed=True)]


def _axis(points: list[UsagePoint], window: Range) -> Axis:
    unit = window.granularity
    times = [point.bucket_at for point in points]
    names = {
        "hour": _("Hour (UTC)"),
        "day": _("Day (UTC)"),
        "week": _("Week from (UTC)"),
        "month": _("Month (UTC)"),
    }
    filling = len(points) - 1 if points and window.end > window.now else None
    return Axis(
        tuple(local.day_text(at, LABELS[unit]) for at in times),
        tuple(_short(at, unit, window) for at in times), names[unit], filling,
    )  # fmt: skip


def _short(at: datetime, unit: str, window: Range) -> str:
    if unit == "hour" and window.key == "7d":
        return local.day_text(at, "D j") if at.hour == 0 else ""
    return local.day_text(at, SHORT[unit])


def _major(amount_minor: int, currency: str) -> float:
    return float(Decimal(amount_minor).scaleb(-get_currency_precision(currency)))


def _count(value: float) -> str:
    return local.compact(round(value))


def _dollars(value: float) -> str:
    return local.dollars(value)
