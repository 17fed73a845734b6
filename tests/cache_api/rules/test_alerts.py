"""When alerts fire: worked tables."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cache_api.rules import alerts
from cache_api.rules.alerts import BadAlert, Fired, QuotaUse, Rate

NOW = datetime(2026, 10, 5, 14, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    ("spent", "elapsed", "steps"),
    [
        ("49.99", "0.6", []), ("50", "0.6", ["50 %"]), ("79.99", "0.9", ["50 %"]),
        ("80", "0.9", ["80 %"]), ("100", "0.9", ["100 %"]), ("250", "0.2", ["100 %"]),
        ("10", "0.1", ["forecast"]), ("10", "0.09", []), ("60", "0.5", ["50 %", "forecast"]),
        ("0", "0.5", []),
    ],
)  # fmt: skip
def test_a_budget_of_a_hundred(spent, elapsed, steps):
    fired = alerts.budget(Decimal(spent), Decimal(elapsed), Decimal(100), NOW)

    assert [one.step for one in fired] == steps
    assert {one.period for one in fired} <= {"2026-10"}


def test_a_forecast_says_where_the_month_heads():
    assert alerts.budget(Decimal(60), Decimal("0.5"), Decimal(100), NOW)[1] == Fired(
        "2026-10", "forecast", "120.00"
    )


@given(st.lists(st.decimals(0, 300, places=2), min_size=1, max_size=40))
def test_a_budget_fires_each_step_at_most_once_and_never_downwards(spends):
    seen = []
    for spent in sorted(spends):
        seen += [one.step for one in alerts.budget(spent, Decimal("0.05"), Decimal(100), NOW)
                 if one.step not in seen]  # fmt: skip

    assert seen == sorted(seen, key=["50 %", "80 %", "100 %"].index)


@pytest.mark.parametrize(
    ("recent", "before", "fires"),
    [
        ((100, 50), (1000, 700), True), ((100, 51), (1000, 700), False),
        ((99, 0), (1000, 700), False), ((100, 0), (99, 99), False), ((100, 90), (100, 10), False),
        ((0, 0), (0, 0), False),
    ],
)  # fmt: skip
def test_a_fall_of_twenty_points(recent, before, fires):
    fired = alerts.hit_rate(Rate(*recent), Rate(*before), Decimal(20), NOW)

    assert bool(fired) == fires
    if fires:
        assert fired == [Fired("2026-10-05", "drop", "50.0 % after 70.0 %")]


@pytest.mark.parametrize(("p95", "hits", "fires"), [(5001, 100, True), (5000, 100, False),
                         (None, 0, False), (9000, 99, False)])  # fmt: skip
def test_a_p95_of_five_milliseconds(p95, hits, fires):
    assert bool(alerts.latency(p95, hits, Decimal(5), NOW)) == fires


@pytest.mark.parametrize(
    ("used", "step"),
    [(79, None), (80, "acme: 80 % of the month"), (99, "acme: 80 % of the month"),
     (100, "acme: 100 % of the month"), (500, "acme: 100 % of the month")],
)  # fmt: skip
def test_eighty_percent_of_a_quota(used, step):
    fired = alerts.quota([QuotaUse("acme", "month", used, 100)], Decimal(80), NOW)

    assert [one.step for one in fired] == ([step] if step else [])


def test_a_quota_of_nothing_is_used_up_and_days_are_days():
    fired = alerts.quota([QuotaUse("a", "day", 0, 0)], Decimal("80.00"), NOW)

    assert fired == [Fired("2026-10-05", "a: 100 % of the day", "0 of 0")]


@pytest.mark.parametrize(("kind", "limit"), [("budget", "0"), ("budget", "NaN"), ("quota", "101"),
                         ("hit_rate", "-1"), ("latency", "Infinity"), ("mood", "1")])  # fmt: skip
def test_a_limit_that_makes_no_sense(kind, limit):
    with pytest.raises(BadAlert):
        alerts.checked_limit(kind, Decimal(limit))
