"""What a firing of an alert says: `cache_api.rules.alerts` keeps it as short English text."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _

from portal import local

# What is kept, whole → the same in words, with what was found in it.
_STEPS: tuple[tuple[str, Any], ...] = (
    (r"(?P<share>[\d.]+ %)", _("%(share)s of the budget")),
    (r"forecast", _("on the way beyond the budget")),
    (r"drop", _("the hit rate fell")),
    (r"p95", _("slower than the limit")),
    (r"(?P<who>.+): (?P<share>[\d.]+ %) of the day", _("%(who)s: %(share)s of the day's quota")),
    (r"(?P<who>.+): (?P<share>[\d.]+ %) of the month",
     _("%(who)s: %(share)s of the month's quota")),
)  # fmt: skip
_VALUES: tuple[tuple[str, Any], ...] = (
    (r"(?P<now>[\d.]+ %) after (?P<before>[\d.]+ %)", _("%(now)s after %(before)s")),
    (r"(?P<used>\d+) of (?P<limit>\d+)", _("%(used)s of %(limit)s")),
    (r"(?P<figure>[\d.]+(?: ms)?)", "%(figure)s"),
)
_UNITS: dict[str, Any] = {"latency": "ms", "quota": "%", "hit_rate": _("pt")}
_FIGURE = re.compile(r"[\d.]+(?: %| ms)?")


def step(text: str) -> str:
    """What was reached: `80 % of the budget` of `80 %`; a text of no alert stays as it is."""
    return _said(_STEPS, text)


def value(text: str) -> str:
    """The figure that was reached, with the language's marks."""
    return _said(_VALUES, text)


def limit(kind: str, set_to: Decimal) -> str:
    """What somebody set, with its unit."""
    figure = local.marked(f"{set_to.normalize():f}")
    return f"{figure} {_UNITS[kind]}" if kind in _UNITS else figure


def _said(table: tuple[tuple[str, Any], ...], text: str) -> str:
    for pattern, words in table:
        found = re.fullmatch(pattern, text, re.DOTALL)
        if found:
            return str(words) % {key: _local(fact) for key, fact in found.groupdict().items()}
    return text


def _local(fact: str) -> str:
    """A figure with the language's marks; a name as it is."""
    return local.marked(fact) if _FIGURE.fullmatch(fact) else fact
