"""Tags write what people read: money to the cent, UTC, charts with a table, no inline style."""

from datetime import UTC, date, datetime, timedelta, timezone
from xml.etree import ElementTree

import pytest
from django.template import Context, Template

from portal.rules.charts import Series
from portal.rules.figures import Axis, line_figure, stacked_figure
from portal.templatetags.charts import print_svg
from tenants.rules.palette import default_tokens


def render(source, **context):
    return Template("{% load charts money fmt %}" + source).render(Context(context))


def sample(partial_from=1):
    axis = Axis(("1 Nov", "2 Nov"), ("1", "2"), "Day", partial_from)
    series = [Series("Hits", (30, 40), "exact"), Series("Misses <b>", (10, 5), "miss")]
    return stacked_figure("req", "Requests", "A sentence.", axis, series, text=lambda v: f"{v:g}")


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (120410, "USD", "$1,204.10"), (-1200, "EUR", "-€12.00"), (1500, "JPY", "¥1,500"),
        (1234567, "KWD", "KWD1,234.567"), (0, "USD", "$0.00"), (None, "USD", "–"),
        (10**18 + 1, "USD", "$10,000,000,000,000,000.01"),
    ],
)  # fmt: skip
def test_money_is_exact(minor, currency, text):
    assert render("{{ value|money:currency }}", value=minor, currency=currency) == text


@pytest.mark.parametrize("wrong", [12.5, "1200", True])
def test_money_refuses_anything_but_minor_units(wrong):
    with pytest.raises(TypeError, match="integer minor units"):
        render("{{ value|money:'USD' }}", value=wrong)


def test_large_and_estimated_amounts():
    assert render("{{ v|money_short:'USD' }}", v=410_000_000) == "$4.1M"
    assert render("{{ v|money_short:'USD' }}", v=120410) == "$1,204.10"
    assert render("{{ v|micros }}", v=6_930_004_000) == "$6,930.00"
    assert render("{{ v|micros_short }}", v=211_300_000_000) == "$211.3k"
    assert render("{{ a|bps }} {{ b|bps }}", a=3000, b=1250) == "30 % 12.5 %"


@pytest.mark.parametrize(
    ("text", "shown"),
    [("1928729", "1,928,729"), ("2.519946757", "2.519947"), ("0", "0"), ("1000", "1,000")],
)
def test_quantities_are_grouped(text, shown):
    assert render("{{ q|quantity }}", q=text) == shown


def test_times_are_utc_and_say_so():
    moment = datetime(2026, 11, 1, 1, 30, tzinfo=timezone(timedelta(hours=3)))
    assert "31 Oct 2026, 22:30 UTC" in render("{{ at|utc }}", at=moment)
    assert ">31 Oct 2026<" in render("{{ at|utc_day }}", at=moment)
    assert render("{{ a|month }} {{ b|month }}", a="2026-10", b=date(2026, 9, 1)) == (
        "October 2026 September 2026"
    )
    assert render("{{ a|utc }}{{ a|utc_day }}{{ a|month }}", a=None) == "–––"
    assert render("{{ at|utc }}", at=moment.astimezone(UTC)) == render("{{ at|utc }}", at=moment)


@pytest.mark.parametrize(
    ("source", "parts"),
    [
        ("{% delta 112 100 %}", ("▲", "12 %", "delta--good")),
        ("{% delta 90 100 'down' %}", ("▼", "10 %", "delta--good")),
        ("{% delta 90 100 %}", ("▼", "delta--bad", "down")),
        ("{% delta_points 0.614 0.593 %}", ("▲", "2.1 pt", "delta--good")),
        ("{% delta_points 0.614 missing %}", ("no comparison",)),
        ("{% delta 5 0 %}", ("no comparison",)),
        ("{% delta 5 5 %}", ("unchanged",)),
    ],
)
def test_changes_say_their_direction_in_words_too(source, parts):
    text = render(source, missing=None)
    assert all(part in text for part in parts)


def test_a_chart_has_a_name_a_summary_a_table_and_no_inline_style():
    html = render("{% figure chart %}", chart=sample())
    assert 'aria-label="Requests. A sentence."' in html and "Show as a table" in html
    assert html.count('class="column"') == 2 and "Misses &lt;b&gt;" in html
    assert "style=" not in html and "onclick" not in html and "url(#req-hatch)" in html
    assert "still filling" in html and "still filling" not in render(
        "{% figure chart %}", chart=sample(partial_from=None)
    )


def test_column_titles_name_each_value():
    html = render("{% figure chart %}", chart=sample())
    titles = [part.split("</title>")[0] for part in html.split("<title>")[1:]]
    assert titles == [
        "1 Nov\nHits: 30\nMisses &lt;b&gt;: 10",
        "2 Nov\nHits: 40\nMisses &lt;b&gt;: 5",
    ]


def test_a_chart_without_values_says_so():
    axis = Axis(("1 Nov",), ("1",), "Day")
    empty = line_figure("k", "Latency", "s", axis, [Series("p95", (None,), "1")], text=str)
    html = render("{% figure chart %}", chart=empty)
    assert "Nothing happened in this range." in html and '<svg class="chart__svg"' not in html


def test_printed_charts_stand_alone():
    svg = print_svg(sample(), default_tokens()["light"])
    root = ElementTree.fromstring(svg)
    assert (
        root.tag == "{http://www.w3.org/2000/svg}svg" and "class=" not in svg and "var(" not in svg
    )
    fills = {el.get("fill") for el in root.iter() if el.tag.endswith("rect")}
    assert fills == {default_tokens()["light"][n] for n in ("chart-1", "chart-miss")}


def test_sparks_and_bars_hold_their_limits():
    assert render("{% spark values 'Trend' %}", values=[1]) == ""
    assert 'aria-label="Trend"' in render("{% spark values 'Trend' %}", values=[1, 2])
    assert 'width="100%" height="100%"/></svg>' in render("{% bar 240 %}")
    assert 'width="0%"' in render("{% bar value %}", value=None)


def test_a_moment_as_papers_hold_it_reads_like_any_other():
    moment = datetime(2026, 9, 1, 2, tzinfo=timezone(timedelta(hours=2)))
    assert render("{{ at|utc }}", at=moment.isoformat()) == render("{{ at|utc }}", at=moment)
    assert "1 Sep 2026, 00:00 UTC" in render("{{ at|utc }}", at="2026-09-01T00:00:00Z")
    assert render("{{ at|utc }}", at="") == "–"


def test_an_account_is_named_and_an_unknown_one_is_not():
    source = "{% load words %}{{ code|account_name }}"
    assert Template(source).render(Context({"code": "1000"})) == "Cash"
    assert Template(source).render(Context({"code": "9999"})) == ""
