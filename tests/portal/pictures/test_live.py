"""What Chart.js is given says the same as the drawn chart, and the file it comes from is there."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders

from cache_api.rules.reports import UsagePoint
from portal.pictures.live import days_of, live_data
from portal.rules.charts import Series
from portal.rules.figures import Axis, line_figure, stacked_figure
from portal.rules.questions import read_question

NOW = datetime(2026, 11, 18, 14, 5, tzinfo=UTC)
AXIS = Axis(("Mon", "Tue", "Wed"), ("M", "T", "W"), "Day", partial_from=2)


def whole(value):
    return f"{value:.0f}"


def test_bars_and_the_line_over_them_have_the_tables_texts():
    hits, misses = Series("Hits", (4.0, 0.0, 2.0), "exact"), Series("Misses", (1, 2, 3), "miss")
    before = Series("Earlier", (5.0, None, 9.0), "miss", dashed=True)
    figure = stacked_figure("requests", "Requests", "Some.", AXIS, [hits, misses], text=whole,
                            over=[before])  # fmt: skip
    told = json.loads(json.dumps(live_data(figure)))
    assert told["labels"] == ["Mon", "Tue", "Wed"] and told["partial"] == [2]
    assert told["stacked"] and told["top"] >= 9 and told["days"] == []
    assert [one["line"] for one in told["series"]] == [False, False, True]
    assert told["series"][2]["values"] == [5, None, 9]
    assert [one["texts"] for one in told["series"]] == [
        [texts[at] for _, texts, _ in figure.rows] for at in range(3)
    ]


def test_lines_alone_are_lines_on_the_figures_own_scale():
    rates = Series("Hit rate", (40.0, 50.0, 60.0), "1")
    told = live_data(line_figure("rate", "Hit rate", "", AXIS, [rates], text=whole, top=100.0))
    assert told["top"] == 100 and not told["stacked"] and told["series"][0]["line"]


@pytest.mark.parametrize(("asked", "starts", "expected"), [
    ({"range": "24h"}, ["2026-11-17T15", "2026-11-17T16"], []),
    ({"from": "2026-11-01", "until": "2026-11-03"}, ["2026-11-01", "2026-11-02", "2026-11-03"],
     [("2026-11-01",) * 2, ("2026-11-02",) * 2, ("2026-11-03",) * 2]),
    ({"range": "13m"}, ["2026-09-01", "2026-10-01", "2026-11-01"],
     [("2026-09-01", "2026-09-30"), ("2026-10-01", "2026-10-31"), ("2026-11-01", "2026-11-30")]),
])  # fmt: skip
def test_a_bucket_narrows_to_its_own_days(asked, starts, expected):
    points = [
        UsagePoint(datetime.fromisoformat(at).replace(tzinfo=UTC), *[0] * (len(FIELDS) - 1))
        for at in starts
    ]
    assert days_of(points, read_question(asked, NOW).range) == expected
    for first, last in expected:  # and the explorer takes each of them
        read_question({"from": first, "until": last}, NOW)


FIELDS = getattr(UsagePoint, "_fields", None) or tuple(UsagePoint.__dataclass_fields__)


def test_chart_js_4_lies_in_the_wheel_with_its_licence():
    found = finders.find("unfold/js/chart/chart.js")
    assert found, "django-unfold no longer carries Chart.js where explorer_scripts.html names it"
    text = Path(found).read_text()
    assert re.search(r'version="4\.\d+\.\d+"|Chart\.js v4', text)
    assert "MIT" in (Path(found).parent / "LICENSE").read_text()
