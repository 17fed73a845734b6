"""Figures and days as the page's language writes them. UTC stays UTC, digits stay digits."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from babel.core import Locale
from django.utils.formats import date_format
from django.utils.translation import get_language

from portal.rules import numbers

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
    signs = Locale.parse(code()).number_symbols["latn"]
    return text.translate({ord(","): signs["group"], ord("."): signs["decimal"]})


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


def day_text(moment: date, form: str) -> str:
    """A day or moment by Django's format letters: `j M Y` is `26. Nov. 2026` in German."""
    for ours, theirs in LETTERS.get(code(), {}).items():
        form = form.replace(ours, theirs)
    return date_format(moment, form)
