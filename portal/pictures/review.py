"""A partner's quarterly review as a paper: what `templates/documents/review.typ` prints.

It is written in English, as the proposal is: who calls needs the same paper as who is called.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils import translation

from billing.queries.terms import version_terms
from portal.local import compact, day_text, marked, percent
from portal.plain_terms import plain_terms
from portal.queries.channel import Money, Traffic
from portal.queries.quarterly import Month, Review
from portal.rules.numbers import change
from portal.templatetags.money import micros_short, money
from portal.templatetags.words import health_reason

SCHEMA = "agentcache.review.v1"


def review_paper(found: Review, made_at: datetime) -> dict[str, Any]:
    """Texts and the lengths of bars; the same quarter on the same day gives the same paper."""
    with translation.override("en"):
        return _paper(found, made_at)


def _paper(found: Review, made_at: datetime) -> dict[str, Any]:
    traffic, earned = found.total
    before, earned_before = found.total_before
    first, last = found.months[0].period.start, found.months[-1].period.start
    return {
        "schema": SCHEMA, "name": found.partner.name, "quarter": found.quarter.label,
        "subject": f"{found.partner.name}, {found.quarter.label}",
        "span": f"{day_text(first, 'F')} to {day_text(last, 'F Y')}, UTC",
        "made_at": made_at.isoformat(),
        "figures": [
            ["Lookups", compact(traffic.lookups), _against(traffic.lookups, before.lookups)],
            ["Hit rate", _rate(traffic), f"{_rate(before)} in the quarter before"],
            ["Saved for its customers", micros_short(traffic.cost_saved_micros), "estimate"],
            ["Billed", money(earned.gross_minor, found.currency),
             _against(earned.gross_minor, earned_before.gross_minor)],
        ],
        "months": [_row(month, found.currency) for month in found.months],
        "total": _cells("Quarter", traffic, earned, found.currency),
        "bars": [[month.traffic.hits, month.traffic.lookups - month.traffic.hits]
                 for month in found.months],
        "is_final": found.is_final,
        "top": [
            [one.name or one.external_id, compact(one.lookups),
             f"{percent(one.hits, one.lookups)} %", micros_short(one.cost_saved_micros)]
            for one in found.top
        ],
        "score": str(found.health.score),
        "reasons": [health_reason(reason) for reason in found.health.reasons],
        "terms": plain_terms(version_terms(found.deal)) if found.deal else [],
    }  # fmt: skip


def _row(month: Month, currency: str) -> list[str]:
    name = day_text(month.period.start, "F Y")
    return _cells(name if month.is_final else f"{name}*", month.traffic, month.money, currency)


def _cells(name: str, traffic: Traffic, earned: Money, currency: str) -> list[str]:
    sums = (earned.gross_minor, earned.share_minor, earned.net_minor)
    return [name, compact(traffic.lookups), _rate(traffic),
            *(money(minor, currency) for minor in sums)]  # fmt: skip


def _rate(traffic: Traffic) -> str:
    return f"{percent(traffic.hits, traffic.lookups)} %" if traffic.lookups else "–"


def _against(now: int, before: int) -> str:
    moved = change(now, before)
    if moved is None:
        return "nothing in the quarter before"
    return marked(f"{moved:+.1f}") + " % against the quarter before"
