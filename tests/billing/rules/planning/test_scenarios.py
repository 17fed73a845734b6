"""The three scenarios of the strategy to the dollar, and the goals each meets or misses."""

import json
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.gateways.scenario_files import FOLDER, shipped_scenarios
from billing.rules.errors import BillingError
from billing.rules.planning.metrics import RevenueLine, annualised, channel_metrics
from billing.rules.planning.scenario import parse_scenario
from billing.rules.planning.targets import verdicts
from tests.billing.rules.build import many

# key → (ARR, from partners, direct, partners, revenue per partner) in dollars, as in the strategy.
FIGURES = {
    "year1": (1_375_000, 800_000, 575_000, 3, 266_667),
    "year2": (7_050_000, 4_300_000, 2_750_000, 12, 358_333),
    "year3_5": (52_000_000, 42_000_000, 10_000_000, 5, 8_400_000),
}
MET = {
    "year1": {"partner_share"},
    "year2": {"partners", "partner_share", "cloud"},
    "year3_5": {"partner_share", "per_partner", "channel_arr", "cloud", "llm"},
}
SCENARIOS = {one.key: one for one in shipped_scenarios()}


@pytest.mark.parametrize("key", FIGURES)
def test_a_scenario_gives_the_strategys_figures_exactly(key):
    figures = SCENARIOS[key].metrics
    arr, partner, direct, partners, each = FIGURES[key]

    assert (figures.arr_minor, figures.partner_minor, figures.direct_minor) == (
        arr * 100, partner * 100, direct * 100,
    )  # fmt: skip
    assert figures.partners == partners
    assert round(figures.per_partner_minor / 100) == each
    assert figures.partner_share == Fraction(partner, arr)


@pytest.mark.parametrize("key", FIGURES)
def test_each_goal_is_met_or_missed_as_its_figures_say(key):
    found = SCENARIOS[key].verdicts

    assert {one.goal.key for one in found if one.met} == MET[key]
    assert len(found) == 6


def test_lines_are_those_of_the_strategy():
    lines = [(line.count, line.each_minor // 100) for line in SCENARIOS["year1"].lines]

    assert lines == [(3, 100_000), (1, 500_000), (5, 75_000), (20, 10_000)]
    assert [line.yearly_minor // 100 for line in SCENARIOS["year2"].lines] == [
        2_000_000, 800_000, 1_500_000, 2_000_000, 750_000,
    ]  # fmt: skip


lines = st.lists(st.builds(
    RevenueLine, st.just("x"), st.sampled_from(["partner", "direct"]), st.integers(0, 50),
    st.integers(-10**9, 10**11), st.integers(0, 5)), max_size=8)  # fmt: skip


@given(lines, st.randoms())
@many
def test_figures_are_sums_whatever_the_order(rows, random):
    found = channel_metrics(rows, "USD")
    shuffled = list(rows)
    random.shuffle(shuffled)

    assert channel_metrics(shuffled, "USD") == found
    assert found.arr_minor == sum(row.count * row.each_minor for row in rows)
    assert found.arr_minor == found.partner_minor + found.direct_minor


def test_nothing_is_not_divided_by():
    found = channel_metrics([], "USD")

    assert (found.partner_share, found.per_partner_minor, annualised(5, 0)) == (None, None, 0)
    assert not any(one.met for one in verdicts(found))
    assert annualised(100, 3) == 400 and annualised(1, 5) == 2


def test_dollar_goals_are_not_asked_of_another_currency():
    assert {one.goal.key for one in verdicts(channel_metrics([], "JPY"))} == {
        "partners", "partner_share", "cloud", "llm",
    }  # fmt: skip


BAD = {
    "no line": ({"lines": []}, "at least one revenue line"),
    "cents": ({"lines": [{"label": "a", "channel": "partner", "each": "0.001"}]}, "0.001"),
    "channel": ({"lines": [{"label": "a", "channel": "moon", "each": "1"}]}, "'channel'"),
    "unknown": ({"lines": [{"label": "a", "channel": "direct", "each": "1", "eech": 1}]}, "eech"),
    "brings": ({"lines": [{"label": "a", "channel": "partner", "each": "1", "brings": ["x"]}]},
               "'brings'"),
    "partners": ({"lines": [{"label": "a", "channel": "direct", "each": "1", "partners": 1}]},
                 "only a partner line"),
    "currency": ({"currency": "XXX"}, "XXX"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_bad_scenario_names_the_member(name):
    change, told = BAD[name]
    good = json.loads((FOLDER / "year1.json").read_text())

    with pytest.raises(BillingError) as refused:
        parse_scenario({**good, **change})

    assert told in str(refused.value)
