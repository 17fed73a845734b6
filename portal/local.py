"""Figures and days as the page's language writes them. UTC stays UTC, digits stay digits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime, tzinfo
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from babel.core import Locale
from django.utils.formats import date_format
from django.utils.translation import get_language

from portal.rules import numbers

# The zone of who reads a page, beside UTC; Django's own stays UTC, or its queries would count other
# days.
_zone: ContextVar[ZoneInfo | None] = ContextVar("zone", default=None)

NBSP = "\u00a0"
# English letters mislead in German, where "B" would be a thousand times as much.
UNITS = {"de": {"k": "Tsd.", "M": "Mio.", "B": "Mrd.", "T": "Bio."}}
# Of Django's format letters. German: a point behind the day, short months as Duden has them.
LETTERS = {"de": {"j": "j.", "M": "N", "D ": "D, "}}


def code() -> str:
    """The language in force, without its country: `en`, `de`."""
    return (get_language() or "en").replace("-", "_").split("_")[0]


def marked(text: str) -> str:
    """`1,234.5` with the language's own marks: `1.234,5` in German."""
    return text.translate(_marks(code()))


@lru_cache
def _marks(language: str) -> dict[int, str]:
    signs = Locale.parse(language).number_symbols["latn"]
    return {ord(","): signs["group"], ord("."): signs["decimal"]}


def compact(value: int | float | Decimal) -> str:
    """`numbers.compact`: `1.23k`, in German `1,23 Tsd.`"""
    text = numbers.compact(value)
    unit = UNITS.get(code(), {}).get(text[-1])
    return f"{marked(text[:-1])}{NBSP}{unit}" if unit else marked(text)


def dollars(value: float) -> str:
    """A short sum in dollars for an axis: `$1.2k`, in German `1,2 Tsd. $`."""
    text = compact(round(value, 2))
    leads = Locale.parse(code()).currency_formats["standard"].pattern.startswith("¤")
    return f"${text}" if leads else f"{text}{NBSP}$"


def compact_bytes(value: int | Decimal) -> str:
    """`numbers.compact_bytes` with the language's marks."""
    return marked(numbers.compact_bytes(value))


def grouped(value: int) -> str:
    """`numbers.grouped` with the language's marks."""
    return marked(numbers.grouped(value))


def percent(part: int | float | Decimal, whole: int | float | Decimal) -> str:
    """`numbers.percent` with the language's marks."""
    return marked(numbers.percent(part, whole))


def milliseconds(microseconds: float | None) -> str:
    """`numbers.milliseconds` with the language's marks; an en dash when there is none."""
    return "–" if microseconds is None else marked(numbers.milliseconds(microseconds))


@lru_cache
def zones() -> tuple[str, ...]:
    """The time zones that a person may choose, by continent and city."""
    areas = ("Africa/", "America/", "Antarctica/", "Asia/", "Atlantic/", "Australia/", "Europe/",
             "Indian/", "Pacific/")  # fmt: skip
    return tuple(sorted(name for name in available_timezones() if name.startswith(areas)))


@contextmanager
def read_in(zone: str) -> Iterator[None]:
    """`with read_in("Europe/Berlin"):` times of day are told in that zone too; "" tells UTC alone,
    as does a zone that this machine does not know."""
    before = _zone.set(ZoneInfo(zone) if zone in zones() else None)
    try:
        yield
    finally:
        _zone.reset(before)


def beside_utc(moment: datetime) -> str:
    """`16:20 CEST`: a moment where its reader is, with the day where that is another; or ""."""
    zone = _zone.get()
    if zone is None:
        return ""
    there = moment.astimezone(zone)
    other_day = there.date() != moment.date()
    return f"{day_text(there, 'j M, H:i' if other_day else 'H:i')} {there.tzname()}"


def day_text(moment: date, form: str) -> str:
    """A day or moment by Django's format letters: `j M Y` is `26. Nov. 2026` in German."""
    return _day_text(moment, form, code(), getattr(moment, "tzinfo", None))


# The three pictures of a year have 1,200 labels, of the same days. An instant is the same key in
# every zone, but not the same text.
@lru_cache(maxsize=4_096)
def _day_text(moment: date, form: str, language: str, _zone_of_it: tzinfo | None) -> str:
    for ours, theirs in LETTERS.get(language, {}).items():
        form = form.replace(ours, theirs)
    return date_format(moment, form)
