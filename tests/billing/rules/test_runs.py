import pytest

from billing.rules.errors import SamePerson, WrongState
from billing.rules.runs import (
    NEEDS_REASON,
    STATES,
    TRANSITIONS,
    VERBS,
    allowed_verbs,
    next_state,
    require_other_person,
)


def test_the_road_from_open_to_closed():
    state, seen = "open", ["open"]
    for verb in ("collect", "freeze", "rate", "submit", "approve", "issue", "deliver", "close"):
        state = next_state(state, verb)
        seen.append(state)
    assert seen == [
        "open",
        "collecting",
        "frozen",
        "rated",
        "in_review",
        "approved",
        "issued",
        "delivered",
        "closed",
    ]


@pytest.mark.parametrize(("state", "verb"), [("in_review", "reject"), ("approved", "withdraw"),
                                             ("parked", "resume")])  # fmt: skip
def test_the_ways_back(state, verb):
    assert next_state(state, verb) == "collecting"


@pytest.mark.parametrize("state", ["issued", "delivered", "closed"])
@pytest.mark.parametrize(
    "verb", ["collect", "freeze", "rate", "reject", "withdraw", "park", "issue"]
)
def test_what_is_issued_never_goes_back(state, verb):
    with pytest.raises(WrongState, match=f"{state} cannot {verb}"):
        next_state(state, verb)


def test_every_state_is_reached_and_every_other_verb_refused():
    assert {"open", *TRANSITIONS.values()} == set(STATES)
    for state in STATES:
        for verb in set(VERBS) - set(allowed_verbs(state)):
            with pytest.raises(WrongState, match="It can: "):
                next_state(state, verb)
    assert allowed_verbs("closed") == ()
    assert set(NEEDS_REASON) <= set(VERBS)


@pytest.mark.parametrize("approver", ["anna", ""])
def test_nobody_approves_their_own_run(approver):
    with pytest.raises(SamePerson, match="second person"):
        require_other_person("anna", approver)
    require_other_person("anna", "bob")
