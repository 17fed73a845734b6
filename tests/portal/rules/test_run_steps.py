"""A run's way as cells, and who may approve what."""

import pytest

from billing.rules.runs import CALENDAR, STATES
from portal.rules.run_steps import STEPS, approval_split, is_working, step_cells


@pytest.mark.parametrize("state", [*STATES, "not_started"])
def test_every_state_fills_every_step(state):
    assert len(step_cells(state)) == len(STEPS)


@pytest.mark.parametrize(
    ("state", "cells"),
    [
        ("not_started", "none none none none none none"),
        ("collecting", "done now none none none none"),
        ("in_review", "done done done wait none none"),
        ("approved", "done done done done done now"),
        ("issued", "done done done done done done"),
        ("parked", "stop none none none none none"),
        ("unheard-of", "none none none none none none"),
    ],
)
def test_cells(state, cells):
    assert step_cells(state) == tuple(cells.split())


def test_a_run_that_was_sent_back_waits_for_a_person():
    assert step_cells("collecting", waits=True)[1] == "wait"
    assert step_cells("issued", waits=True) == ("done",) * 6
    assert not is_working("collecting", "too high", "ann@x")
    assert is_working("collecting", "", "ann@x")
    assert is_working("approved", "", "ann@x")
    assert not is_working("in_review", "", "ann@x")
    assert not is_working("parked", "no rate", "ann@x")


def test_what_the_calendar_rated_waits_for_a_person_to_submit_it():
    assert is_working("rated", "", "ann@x")
    assert not is_working("rated", "", CALENDAR)
    assert is_working("frozen", "", CALENDAR)


def test_a_person_may_approve_what_others_prepared():
    waiting = [("a", "ann@x"), ("b", "bob@x"), ("c", "ann@x")]

    assert approval_split(waiting, "Ann@x") == (("b",), ("a", "c"))
    assert approval_split(waiting, "eve@x") == (("a", "b", "c"), ())
    assert approval_split([], "eve@x") == ((), ())
