"""Proposals: three years to the cent, and a pitch in the words of the kind."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.rules.errors import BadTerms
from billing.rules.planning.offer import OFFERED, Figures, figures_json, offer, parse_figures
from billing.rules.planning.pitch import Addressee, pitch, proposal_paper
from tests.billing.rules.build import many

AT = datetime(2026, 10, 1, tzinfo=UTC)
KINDS = ("general_cache", "vector_db", "llm_provider", "cloud")
# By hand: 1,000,000 requests a month, 80 % hits, $0.002, 50 % growth.
# Hits: 9.6 M, 14.4 M, 21.6 M; sales $19,200, $28,800, $43,200.
BASIS = {"monthly_requests": 1_000_000, "hit_rate_bps": 8_000, "growth_bps": 5_000}
SALES = (19_200, 28_800, 43_200)


@pytest.mark.parametrize(
    ("template", "kind", "sales", "ours"),
    [
        ("revenue_share_platform", "general_cache", SALES, (13_440, 20_160, 30_240)),
        ("revenue_share_platform", "cloud", SALES, (11_520, 17_280, 25_920)),
        ("revenue_share_partner", "cloud", SALES, (7_680, 11_520, 17_280)),
        ("revenue_share_platform", "llm_provider", SALES, (15_360, 23_040, 34_560)),
        ("wholesale", "cloud", SALES, (9_600, 14_400, 21_600)),
        # $120,000 a year and $0.001 for each hit.
        ("oem", "cloud", SALES, (129_600, 134_400, 141_600)),
        # Six months free, then 30 % whatever the kind.
        ("poc", "vector_db", (9_600, 28_800, 43_200), (6_720, 20_160, 30_240)),
    ],
)
def test_three_years_to_the_cent(template, kind, sales, ours):
    found = offer("Momento", kind, Figures(template=template, **BASIS), AT)

    assert tuple(year.sales_minor for year in found.years) == tuple(one * 100 for one in sales)
    assert tuple(year.ours_minor for year in found.years) == tuple(one * 100 for one in ours)
    assert [year.hits for year in found.years] == [9_600_000, 14_400_000, 21_600_000]
    assert [one.metrics.arr_minor for one in found.scenarios] == [one * 100 for one in ours]
    assert all(one.metrics.partners == 1 for one in found.scenarios)
    assert found.years[0].free_minor == (9_600_00 if template == "poc" else 0)


FIGURES = st.builds(
    Figures, template=st.sampled_from(OFFERED), monthly_requests=st.integers(0, 10**9),
    hit_rate_bps=st.integers(0, 10_000), growth_bps=st.integers(0, 100_000),
    unit_price=st.decimals("0", "1", places=6).map(lambda price: Decimal(price)),
    base_yearly_minor=st.none() | st.integers(0, 10**8),
)  # fmt: skip


@many
@given(st.sampled_from(KINDS), FIGURES)
def test_both_parts_are_the_whole_and_figures_survive_the_store(kind, figures):
    assert parse_figures(figures_json(figures)) == figures
    found = offer("Momento", kind, figures, AT)
    for year, scenario in zip(found.years, found.scenarios, strict=True):
        assert year.ours_minor + year.theirs_minor == year.sales_minor
        assert year.ours_minor == sum(line.yearly_minor for line in scenario.lines) >= 0
    paper = proposal_paper(Addressee("Momento", kind), found, made_at=AT)
    assert len(paper["years"]) == len(paper["bars"]) == 3


@pytest.mark.parametrize(
    ("kind", "template", "said"),
    [
        ("general_cache", "revenue_share_platform",
         ("Subject", "you get 30 % of overflow traffic", "Momento is regional")),
        ("cloud", "revenue_share_partner",
         ("you get 60 % of overflow traffic, we get 40 %", "white-label agentcache",
          "90 days (vs 18 months to build)")),
        ("vector_db", "poc", ("free integration for 6 months", "you get 30 %", "hot cache")),
        ("llm_provider", "wholesale", ("50 % of our list price", "you focus on models")),
        ("cloud", "oem", ("$120,000.00 a year", "$0.001 per cached request", "term: 3 years")),
    ],
)  # fmt: skip
def test_a_pitch_has_the_words_of_the_kind_and_the_figures_of_the_deal(kind, template, said):
    figures = Figures(template=template, **BASIS)
    letter = pitch(Addressee("Momento", kind, "Sam", "Momento AI"), offer("M", kind, figures, AT))

    text = f"Subject: {letter.subject}\n{letter.text}".lower()
    for words in ("hi sam,", *said):
        assert words.lower() in text
    assert "{" not in text
    # A deal that costs the partner more than it brings is not praised with a figure.
    assert ("for you in the first year" in text) == (template != "oem")


@pytest.mark.parametrize(
    ("change", "member"),
    [({"template": "direct"}, "template"), ({"hit_rate_bps": 10_001}, "hit_rate_bps"),
     ({"growth_bps": -1}, "growth_bps"), ({"unit_price": "-1"}, "unit_price"),
     ({"surprise": 1}, "surprise"), ({"monthly_requests": 1.5}, "monthly_requests")],
)  # fmt: skip
def test_figures_that_make_no_sense_are_named(change, member):
    with pytest.raises(BadTerms, match=member):
        parse_figures({**figures_json(Figures()), **change})
