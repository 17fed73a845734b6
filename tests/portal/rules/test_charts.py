"""Geometry of charts: parts add up, nothing leaves the plot, gaps stay gaps."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.rules import charts
from portal.rules.charts import Series
from portal.rules.figures import Axis, line_figure, stacked_figure

AMOUNTS = st.lists(st.integers(0, 10**12), min_size=1, max_size=60)


def axis(count, partial_from=None):
    labels = tuple(f"bucket {n}" for n in range(count))
    return Axis(labels, labels, "Bucket", partial_from)


@given(st.floats(0.001, 1e15, allow_nan=False))
def test_the_top_of_an_axis_is_round_and_just_above(value):
    top, step = charts.ceiling(value)
    assert top >= value * 0.999 and round(top / step) <= 5 and top <= value * 2.6


@pytest.mark.parametrize(
    ("value", "top", "step"),
    [(0, 1, 0.25), (4, 4, 1), (11, 15, 5), (97, 100, 25), (41_000, 60_000, 20_000)],
)  # fmt: skip
def test_tops_people_expect(value, top, step):
    assert charts.ceiling(value) == (top, step)


@given(AMOUNTS, AMOUNTS)
def test_stacked_columns_fill_the_total_and_stay_inside(first, second):
    count = min(len(first), len(second))
    series = [
        Series("a", tuple(first[:count]), "exact"),
        Series("b", tuple(second[:count]), "miss"),
    ]
    totals = charts.totals(series)
    top, _ = charts.ceiling(max(totals))
    columns = charts.stacked_columns([""] * count, series, top=top, height=200)
    for column, total in zip(columns, totals, strict=True):
        assert column.x >= 0 and column.x + column.width <= 100.001
        height = sum(bar.height for bar in column.bars)
        assert height == pytest.approx(total * 200 / top, abs=0.02)
        assert all(bar.y >= -0.01 for bar in column.bars)


def test_parts_stand_on_each_other_and_late_buckets_are_marked():
    series = [Series("a", (5, 10), "exact"), Series("b", (5, 0), "miss")]
    first, last = charts.stacked_columns(["x", "y"], series, top=10, height=100, partial_from=1)
    assert [(bar.y, bar.height, bar.tone) for bar in first.bars] == [
        (50, 50, "exact"),
        (0, 50, "miss"),
    ]
    assert [bar.tone for bar in last.bars] == ["exact"]
    assert (first.partial, last.partial) == (False, True)


def test_a_gap_lifts_the_pen_and_a_comparison_has_no_area():
    drawn = charts.line(Series("p95", (1, 2, None, 4), "1"), top=4, height=100)
    assert drawn.path == "M125 75 L375 50 M871 0 L879 0"
    assert drawn.area.count("Z") == 2
    assert charts.line(Series("before", (1, 2), "miss", dashed=True), top=4, height=100).area == ""


def test_series_of_different_length_are_refused_with_the_numbers():
    with pytest.raises(ValueError, match="one value per bucket"):
        charts.totals([Series("a", (1, 2), "1"), Series("b", (1,), "2")])
    with pytest.raises(ValueError, match="'b' has 1 values for 2 buckets"):
        line_figure("k", "t", "s", axis(2), [Series("b", (1,), "1")], text=str)


@given(st.integers(1, 400), st.integers(2, 12))
def test_axis_labels_are_few_and_inside(count, most):
    ticks = charts.across_ticks([str(n) for n in range(count)], most)
    assert 1 <= len(ticks) <= most and ticks[0].label == "0"
    assert all(0 < tick.at < 100 for tick in ticks)


def test_buckets_without_a_name_get_no_tick():
    ticks = charts.across_ticks(["", "Mon", "", "Tue"])
    assert [(tick.at, tick.label) for tick in ticks] == [(37.5, "Mon"), (87.5, "Tue")]


def test_sparks_need_two_values_and_flat_ones_lie_in_the_middle():
    assert charts.spark([3], width=96, height=28) == ("", "")
    line, _ = charts.spark([5, 5, 5], width=96, height=28)
    assert line == "M2 14 L48 14 L94 14"
    rising, area = charts.spark([0, None, 10], width=96, height=28)
    assert rising == "M2 26 L94 2" and area.endswith("Z")


def test_a_figure_holds_the_same_numbers_as_its_table():
    series = [Series("Hits", (3, 4), "exact"), Series("Misses", (1, None), "miss")]
    before = Series("Before", (9, 9), "miss", dashed=True)
    figure = stacked_figure(
        "k", "Requests", "s", axis(2, 1), series, text=lambda v: f"{v:g}", over=[before]
    )
    assert figure.rows == (
        ("bucket 0", ("3", "1", "9"), False),
        ("bucket 1", ("4", "–", "9"), True),
    )
    assert [one.label for one in figure.legend] == ["Hits", "Misses", "Before"]
    assert figure.y_ticks[0].at == figure.height and figure.y_ticks[-1].at == 0
    assert float(figure.y_ticks[-1].label) >= 9 and figure.has_partial and not figure.is_empty


def test_an_empty_figure_knows_it():
    figure = stacked_figure("k", "t", "s", axis(2), [Series("a", (0, None), "exact")], text=str)
    assert figure.is_empty and not figure.has_partial
