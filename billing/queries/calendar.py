"""Which months of the books are closed, and where a posting may be dated instead."""

from datetime import date

from billing.models import PeriodEvent
from billing.rules.books import CLOSED, month_start, next_month_start, state_after


def closed_months() -> set[date]:
    """First days of the closed months: one query."""
    kinds: dict[date, list[str]] = {}
    for month, kind in PeriodEvent.objects.order_by("month", "step").values_list("month", "kind"):
        kinds.setdefault(month, []).append(kind)
    return {month for month, found in kinds.items() if state_after(found) == CLOSED}


def period_events(month: date) -> list[PeriodEvent]:
    """What happened to a month (its first day), in order."""
    return list(PeriodEvent.objects.filter(month=month).order_by("step"))


def open_date(wanted: date) -> date:
    """`wanted`, or the first day of the first open month after it when its month is closed."""
    closed, day = closed_months(), wanted
    while month_start(day) in closed:
        day = next_month_start(day)
    return day
