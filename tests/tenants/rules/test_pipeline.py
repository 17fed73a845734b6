"""Where a prospect stands, by what was said and what facts show."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants.rules.pipeline import ROAD, SAID, SHOWN, Shown, Stage, standing

NOW = datetime(2026, 10, 5, 14, tzinfo=UTC)


def ago(days):
    return None if days is None else NOW - timedelta(days=days)


@pytest.mark.parametrize(
    ("said", "said_days", "signed", "live", "revenue", "stage", "days", "pace"),
    [
        ("target", 0, None, None, None, "target", 0, ""),
        ("target", 30, None, None, None, "target", 30, ""),
        ("pitched", 31, None, None, None, "pitched", 31, "slow"),
        ("poc", 90, None, None, None, "poc", 90, "slow"),
        ("poc", 91, None, None, None, "poc", 91, "late"),
        ("target", 300, 20, None, None, "signed", 20, ""),
        ("poc", 300, 200, 95, None, "live", 95, "late"),
        ("pitched", 9, 200, 150, 100, "revenue", 100, ""),
        # Traffic before the signature: not live for longer than signed.
        ("poc", 300, 10, 60, None, "live", 10, ""),
        # Traffic of a proof of concept without a signature is live all the same.
        ("poc", 300, None, 60, None, "live", 60, "slow"),
        ("lost", 400, None, None, None, "lost", 400, ""),
        # Facts are stronger than what somebody said.
        ("lost", 2, 40, None, None, "signed", 40, "slow"),
    ],
)
def test_standing(said, said_days, signed, live, revenue, stage, days, pace):
    found = standing(said, ago(said_days), Shown(ago(signed), ago(live), ago(revenue)), NOW)

    assert (found.stage, found.days, found.pace) == (stage, days, pace)
    assert found.since == ago(days)


AGES = st.none() | st.integers(0, 900)


@given(st.sampled_from(SAID), st.integers(0, 900), AGES, AGES, AGES)
def test_more_facts_never_lead_back(said, age, signed, live, revenue):
    ages = (signed, live, revenue)
    steps = [ages[:n] + (None,) * (3 - n) for n in range(4)]

    stages = [standing(said, ago(age), Shown(*map(ago, step)), NOW).stage for step in steps]

    places = [ROAD.index(stage) if stage in ROAD else -1 for stage in stages]
    assert places == sorted(places)
    assert (stages[-1] in SHOWN) == any(one is not None for one in ages)
    assert stages[-1] == (said if stages[-1] in SAID else stages[-1])
    assert set(SAID) | set(SHOWN) == set(Stage)
