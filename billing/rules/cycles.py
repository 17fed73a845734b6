"""Fees spread over time: how many billing cycles have passed, and the cumulative part due."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import ROUND_FLOOR, Decimal
from fractions import Fraction

from billing.rules.errors import BadPeriod
from billing.rules.periods import add_months, whole_hour
from tenants.rules.sayings import Said

_HOUR = timedelta(hours=1)
INTERVAL_MONTHS = {"monthly": 1, "quarterly": 3, "yearly": 12}


def elapsed_cycles(anchor: datetime, at: datetime, months: int = 1) -> Fraction:
    """Billing cycles of `months` months between `anchor` (a cycle start) and `at`.

    Whole cycles count 1; the one under way counts its hours over all its hours. Negative
    before the anchor. Both instants are whole UTC hours.
    """
    whole_hour(anchor, "cycle anchor")
    whole_hour(at, "instant")
    if months < 1:
        raise BadPeriod(
            Said("A billing cycle has at least one month, not %(months)s.", months=months)
        )
    apart = (at.year - anchor.year) * 12 + at.month - anchor.month
    count = apart // months + 1
    while add_months(anchor, count * months) > at:
        count -= 1
    start = add_months(anchor, count * months)
    end = add_months(anchor, (count + 1) * months)
    return count + Fraction((at - start) // _HOUR, (end - start) // _HOUR)


def round_fraction(value: Fraction) -> int:
    """Nearest integer, a half away from zero."""
    size = (abs(value) + Fraction(1, 2)).__floor__()
    return size if value >= 0 else -size


def fraction_to_decimal(value: Fraction, places: int) -> Decimal:
    """Cut (not rounded) to `places` decimals toward zero: a later half-up rounding is unchanged."""
    scaled = abs(value) * 10**places
    cut = Decimal(scaled.__floor__()).to_integral_value(ROUND_FLOOR).scaleb(-places)
    return cut if value >= 0 else -cut


def cumulative_part(total_minor: int, done: Fraction, of: int) -> int:
    """What is due in all after `done` of `of` parts, rounded half up once."""
    return round_fraction(Fraction(total_minor) * done / of)


def yearly_fee_between(yearly_minor: int, anchor: datetime, start: datetime, end: datetime) -> int:
    """The part of a yearly fee for `[start, end)`, months counted from the anchor's calendar month.

    Cumulative rounding: parts of adjoining ranges sum to the part of the whole range, and any
    twelve months sum to `yearly_minor` exactly.
    """
    first = anchor.replace(day=1, hour=0)
    until = cumulative_part(yearly_minor, elapsed_cycles(first, end), 12)
    return until - cumulative_part(yearly_minor, elapsed_cycles(first, start), 12)
