"""A run's way through the month as six cells: what is done, what works, who is waited for."""

from __future__ import annotations

from collections.abc import Collection

from billing.rules.runs import APPROVED, WORKING, waits_for_person

STEPS = ("open", "frozen", "rated", "in_review", "approved", "issued")
DONE, NOW, WAIT, STOP, NONE = "done", "now", "wait", "stop", "none"
# state → how many steps are done, and what the next one shows.
_AT: dict[str, tuple[int, str]] = {
    "not_started": (0, NONE),
    "open": (1, NOW),
    "collecting": (1, NOW),
    "frozen": (2, NOW),
    "rated": (3, NOW),
    "in_review": (3, WAIT),
    "approved": (5, NOW),
    "issued": (6, NONE),
    "delivered": (6, NONE),
    "closed": (6, NONE),
    "parked": (0, STOP),
}


def step_cells(state: str, *, waits: bool = False) -> tuple[str, ...]:
    """One of DONE, NOW, WAIT, STOP, NONE for each of STEPS.

    `waits`: for a person, so nothing works on the run. An unknown state shows nothing as done.
    """
    done, following = _AT.get(state, (0, NONE))
    if waits and following == NOW:
        following = WAIT
    rest = len(STEPS) - done - 1
    return (DONE,) * done + ((following, *(NONE,) * rest) if rest >= 0 else ())


def is_working(state: str, reason: str, opened_by: str) -> bool:
    """Whether the machine is at it: a page that shows it asks again soon."""
    return state in (*WORKING, APPROVED) and not waits_for_person(state, reason, opened_by)


def approval_split(
    waiting: Collection[tuple[str, str]], person: str
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(run ids `person` may approve, run ids `person` prepared) of (run id, preparer) pairs."""
    person = person.lower()
    mine = tuple(run for run, preparer in waiting if preparer == person)
    return tuple(run for run, _ in waiting if run not in mine), mine
