"""From rounds to the table, and from the table to the bars."""

import dataclasses

import pytest

from bench import bars, figures, report
from bench.figures import Line, Round
from tests.bench.test_checks import ROUND

SLOW = dataclasses.replace(ROUND, seconds=8.0)


def table(**ours):
    rounds = {
        Line(512, 16, "ours"): [Round(SLOW, 2.0), Round(ROUND, 1.0)],
        Line(512, 16, "theirs"): [Round(ROUND, 0.1), Round(ROUND, 0.2)],
        Line(512, 1, "ours"): [Round(ROUND, 1.0)] * 2,
        Line(2048, 16, "ours"): [Round(ROUND, 1.0)] * 2,
    }
    return figures.rows(rounds, {"them": "theirs", "nobody": "absent"}, {"ours": 55})


def test_ratios_are_taken_within_each_round():
    ours = table()[0]
    assert (ours["× them"], ours["them range"], ours["requests/s"]) == (0.625, "0.25–1.0", 312)


def test_cpu_is_of_all_rounds_and_compared_the_other_way_round():
    ours = table()[0]
    assert (ours["CPU µs"], ours["CPU × them"], ours["core %"]) == (1500, 0.1, 30)


def test_lines_come_by_size_then_most_connections_and_lack_what_was_not_measured():
    rows = table()
    assert [(row["bytes"], row["c"], row["server"]) for row in rows] == [
        (512, 16, "ours"), (512, 16, "theirs"), (512, 1, "ours"), (2048, 16, "ours"),
    ]  # fmt: skip
    assert rows[2]["× them"] is None
    assert "× nobody" not in rows[0]
    assert "–" in report.table(rows)


@pytest.mark.parametrize(
    ("sign", "limit", "rows", "met"),
    [
        ("≥", 0.6, [{"server": "edge", "x": 0.6}], "met"),
        ("≥", 0.6, [{"server": "edge", "x": 0.59}], "NOT MET"),
        ("≤", 5, [{"server": "edge", "x": 5.1}], "NOT MET"),
        ("≤", 5, [{"server": "DRF", "x": 9}, {"server": "edge", "x": 1}], "met"),
        ("≥", 0.6, [{"server": "DRF", "x": 9}], "not measured"),
        ("≥", 0.6, [{"server": "edge", "x": None}], "not measured"),
    ],
)
def test_a_bar_is_met_missed_or_not_measured(sign, limit, rows, met):
    bar = bars.Bar("P", "what", {"server": "edge"}, "x", sign, limit)
    assert bar.judge(rows)["met"] == met


@pytest.mark.parametrize("bar", [*bars.EDGE, *bars.MEMORY, *bars.HIT_RATE])
def test_a_bar_far_off_is_not_met(bar):
    hopeless = 0 if bar.sign == "≥" else 1e9
    assert bar.judge([{**bar.where, bar.figure: hopeless}])["met"] == "NOT MET"
