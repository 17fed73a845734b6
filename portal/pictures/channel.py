"""The channel as charts, with their words: numbers come in, figures go out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from django.utils.translation import gettext as _

from portal import local
from portal.queries.channel import MonthMoney, TrafficDay
from portal.rules.charts import Series
from portal.rules.figures import Axis, Figure, stacked_figure
from portal.templatetags.money import money_short, money_text


def requests_by_day(days: Sequence[TrafficDay], today: date) -> Figure:
    """Hits (exact and semantic apart) and misses of each UTC day; `today` is still filling."""
    semantic = any(day.semantic_hits for day in days)
    series = [Series(_("Exact hits") if semantic else _("Hits"),
                     tuple(float(day.hits) for day in days), "exact")]  # fmt: skip
    if semantic:
        series.append(Series(_("Semantic hits"), tuple(float(d.semantic_hits) for d in days),
                             "semantic"))  # fmt: skip
    series.append(Series(_("Misses"), tuple(float(day.misses) for day in days), "miss"))
    axis = Axis(
        labels=tuple(local.day_text(day.day, "D j M Y") for day in days),
        short=tuple(local.day_text(day.day, "j M") for day in days), bucket_name=_("UTC day"),
        partial_from=next((n for n, day in enumerate(days) if day.day >= today), None),
    )  # fmt: skip
    return stacked_figure("channel-requests", _("Requests by day"), _requests_words(days),
                          axis, series, text=local.compact)  # fmt: skip


def _requests_words(days: Sequence[TrafficDay]) -> str:
    total = sum(day.hits + day.semantic_hits + day.misses for day in days)
    hits = sum(day.hits + day.semantic_hits for day in days)
    if not total:
        return _("No requests in this range.")
    return _("%(total)s requests, %(rate)s %% answered from the cache.") % {
        "total": local.compact(total), "rate": local.percent(hits, total),
    }  # fmt: skip


def money_by_month(months: Sequence[MonthMoney], currency: str) -> Figure:
    """Billed volume by month, split into ours and the partners'; months in review are hatched.

    Taxes and fees get a part of their own where there are any.
    """
    totals = [month.total for month in months]
    series = [
        Series(_("Our net"), tuple(float(t.net_minor) for t in totals), "exact"),
        Series(_("Partners' share"), tuple(float(t.share_minor) for t in totals), "semantic"),
    ]
    if any(t.tax_minor or t.fees_minor for t in totals):
        rest = tuple(float(t.tax_minor + t.fees_minor) for t in totals)
        series.append(Series(_("Taxes and fees"), rest, "miss"))
    starts = [month.period.start for month in months]
    axis = Axis(
        labels=tuple(local.day_text(start, "F Y") for start in starts),
        short=tuple(local.day_text(start, "M y") for start in starts), bucket_name=_("UTC month"),
        partial_from=next((n for n, month in enumerate(months) if not month.is_final), None),
        partial_name=_("not final"),
    )  # fmt: skip
    return stacked_figure(
        "channel-money", _("Billed volume by month"), _money_words(months, currency), axis, series,
        text=lambda value: money_short(round(value), currency) if value else "0",
    )  # fmt: skip


def _money_words(months: Sequence[MonthMoney], currency: str) -> str:
    final = [month for month in months if month.is_final]
    if not final:
        return _("No month is issued yet.")
    last = final[-1]
    return _("%(month)s, the last final month: %(gross)s, of which %(net)s is ours.") % {
        "month": local.day_text(last.period.start, "F Y"),
        "gross": money_text(last.total.gross_minor, currency),
        "net": money_text(last.total.net_minor, currency),
    }  # fmt: skip
