"""Figures and days by language: the same digits, the language's own marks."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from django.template import Context, Template
from django.utils import translation

from portal import local

NBSP = "\u00a0"


def render(source, language, **context):
    with translation.override(language):
        text = Template("{% load money fmt drilling %}" + source).render(Context(context))
    return text.replace(NBSP, " ")


@pytest.mark.parametrize(
    ("source", "value", "english", "german"),
    [
        ("{{ v|money:'USD' }}", 120410, "$1,204.10", "1.204,10 $"),
        ("{{ v|money:'EUR' }}", -1200, "-€12.00", "-12,00 €"),
        ("{{ v|money_short:'USD' }}", 410_000_000, "$4.1M", "4,1 Mio. $"),
        ("{{ v|money_short:'EUR' }}", 1_234_567, "€12.3k", "12.346 €"),
        ("{{ v|money_plain:'USD' }}", 705_000_000, "$7,050,000", "7.050.000 $"),
        ("{{ v|money_change:'EUR' }}", -300, "−€3.00", "−3,00 €"),
        ("{{ v|bps }}", 1250, "12.5 %", "12,5 %"),
        ("{{ v|grouped }}", 1_234_567, "1,234,567", "1.234.567"),
        ("{{ v|compact }}", 1234, "1.23k", "1,23 Tsd."),
        ("{{ v|compact }}", 4_100_000_000, "4.1B", "4,1 Mrd."),
        ("{{ v|compact }}", 950, "950", "950"),
        ("{{ v|compact_bytes }}", 1340, "1.34 kB", "1,34 kB"),
        ("{{ v|latency }}", 1420, "1.42 ms", "1,42 ms"),
        ("{{ v|quantity }}", "1000.5", "1,000.5", "1.000,5"),
        ("{{ v|figure_text }}", "1234.567891", "1,234.567891", "1.234,567891"),
        ("{{ v|signed }}", -1204, "−1,204", "−1.204"),
        ("{{ v|share_of:3 }} %", 1, "33.3 %", "33,3 %"),
        ("{% delta v 100 %}", 104, "4.0", "4,0"),
    ],
)
def test_figures(source, value, english, german):
    assert english in render(source, "en", v=value)
    assert german in render(source, "de", v=value)


@pytest.mark.parametrize(
    ("form", "english", "german"),
    [
        ("j M Y", "2 Mar 2026", "2. März 2026"),
        ("j M Y, H:i", "2 Mar 2026, 22:30", "2. März 2026, 22:30"),
        ("D j M Y", "Mon 2 Mar 2026", "Mo, 2. März 2026"),
        ("l, j F Y", "Monday, 2 March 2026", "Montag, 2. März 2026"),
        ("F Y", "March 2026", "März 2026"),
    ],
)
def test_days(form, english, german):
    at = datetime(2026, 3, 2, 22, 30, tzinfo=UTC)
    with translation.override("en"):
        assert local.day_text(at, form) == english
    with translation.override("de"):
        assert local.day_text(at, form) == german


def test_a_moment_stays_utc_in_every_language():
    at = datetime(2026, 10, 1, 23, 5, tzinfo=UTC)
    for language, day in (("en", "1 Oct 2026"), ("de", "1. Okt. 2026")):
        assert render("{{ v|utc }}", language, v=at) == (
            f'<time datetime="2026-10-01T23:05:00+00:00">{day}, 23:05 UTC</time>'
        )
        assert render("{{ v|utc_day }}", language, v=date(2026, 10, 1)).endswith(f">{day}</time>")


@pytest.mark.parametrize(("language", "text"), [("en", "$1.2k"), ("de", f"1,2{NBSP}Tsd.{NBSP}$")])
def test_dollars_of_an_axis(language, text):
    with translation.override(language):
        assert local.dollars(1200.0) == text


def test_a_moment_is_told_in_its_own_zone_and_language_whoever_asked_before():
    moment = datetime(2026, 3, 5, 23, 30, tzinfo=UTC)
    there = moment.astimezone(ZoneInfo("Europe/Berlin"))
    for _ in range(2):
        assert local.day_text(moment, "j M Y, H:i") == "5 Mar 2026, 23:30"
        assert local.day_text(there, "j M Y, H:i") == "6 Mar 2026, 00:30"
        with translation.override("de"):
            assert local.day_text(moment, "j M Y, H:i") == "5. März 2026, 23:30"
