"""What speaks against a partner, and how much."""

import pytest

from portal.rules.health import RISK, WATCH, Health, Reason, Signals, health

GOOD = {"requests": 1000, "requests_before": 1000, "hit_rate": 80.0}


@pytest.mark.parametrize(
    ("seen", "level", "reasons"),
    [
        ({}, "well", []),
        ({"requests_before": 0}, "well", []),
        ({"requests": 801}, "well", []),
        ({"requests": 800}, "watch", [("falling", 20)]),
        ({"requests": 500}, "risk", [("falling", 50)]),
        ({"requests": 0, "hit_rate": None}, "risk", [("silent", 0)]),
        ({"overdue_count": 1, "overdue_days": 30}, "watch", [("overdue", 30)]),
        ({"overdue_count": 2, "overdue_days": 31}, "risk", [("overdue", 31)]),
        ({"has_deal": False}, "risk", [("no_deal", 0)]),
        ({"is_active": False}, "risk", [("inactive", 0)]),
        ({"poc_days_left": 46}, "well", []),
        ({"poc_days_left": 45}, "watch", [("poc_ends", 45)]),
        ({"hit_rate": 50.0}, "well", []),
        ({"hit_rate": 49.9}, "watch", [("low_hits", 49.9)]),
        ({"wrong_bps": 10}, "well", []),
        ({"wrong_bps": 11}, "risk", [("wrong", 0.11)]),
        ({"incidents": 2}, "watch", [("incidents", 2)]),
        # Worst first.
        ({"requests": 700, "has_deal": False, "incidents": 1}, "risk",
         [("no_deal", 0), ("falling", 30), ("incidents", 1)]),
    ],
)  # fmt: skip
def test_health_is_its_worst_reason(seen, level, reasons):
    found = health(Signals(**{**GOOD, **seen}))

    assert found.level == level
    assert [(one.key, pytest.approx(one.figure)) for one in found.reasons] == reasons


@pytest.mark.parametrize(
    ("levels", "score"),
    [([], 100), ([WATCH], 85), ([RISK], 60), ([RISK, WATCH, WATCH], 30), ([RISK] * 4, 0)],
)
def test_each_reason_costs_points(levels, score):
    assert Health(WATCH, tuple(Reason("x", level) for level in levels)).score == score
