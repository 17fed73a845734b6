"""Which step is done, which comes next, and when the list has said enough."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.rules.onboarding import CUSTOMER_STEPS, PARTNER_STEPS, checklist


@pytest.mark.parametrize(
    ("facts", "states"),
    [
        ("", "now later later later later"),
        ("brand", "done now later later later"),
        ("domain key", "now done later done later"),
        ("brand domain customer key", "done done done done now"),
        ("request", "now later later done done"),
        ("brand domain customer request", "done done done done done"),
        ("customer weather", "now later done later later"),
    ],
)
def test_a_partners_steps(facts, states):
    found = checklist(PARTNER_STEPS, facts.split())

    assert " ".join(step.state for step in found.steps) == states
    assert found.done == states.split().count("done")
    assert found.is_complete == (states.split() == ["done"] * 5)
    assert found.waits == ("request" not in facts.split())


def test_a_customer_that_asks_with_its_partners_key_is_through():
    assert checklist(CUSTOMER_STEPS, ["request"]).is_complete
    assert not checklist(CUSTOMER_STEPS, ["key"]).is_complete


@given(facts=st.sets(st.sampled_from(PARTNER_STEPS)))
def test_one_step_is_next_until_all_are_done(facts):
    found = checklist(PARTNER_STEPS, facts)

    assert [step.state for step in found.steps].count("now") == (not found.is_complete)
    assert found.is_complete == (facts | {"key"} >= set(PARTNER_STEPS) and "request" in facts)
