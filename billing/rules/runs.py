"""The life of a settlement run: states, verbs and who may approve, as data."""

from __future__ import annotations

from billing.rules.errors import SamePerson, WrongState
from tenants.rules.sayings import Said

OPEN, COLLECTING, FROZEN, RATED = "open", "collecting", "frozen", "rated"
IN_REVIEW, APPROVED, ISSUED = "in_review", "approved", "issued"
DELIVERED, CLOSED, PARKED = "delivered", "closed", "parked"
STATES = (OPEN, COLLECTING, FROZEN, RATED, IN_REVIEW, APPROVED, ISSUED, DELIVERED, CLOSED, PARKED)

REGULAR, ADJUSTMENT, PREVIEW = "regular", "adjustment", "preview"
RUN_KINDS = (REGULAR, ADJUSTMENT, PREVIEW)

TRANSITIONS: dict[tuple[str, str], str] = {
    (OPEN, "collect"): COLLECTING,
    (COLLECTING, "freeze"): FROZEN,
    (FROZEN, "rate"): RATED,
    (RATED, "submit"): IN_REVIEW,
    (IN_REVIEW, "approve"): APPROVED,
    (IN_REVIEW, "reject"): COLLECTING,
    (APPROVED, "withdraw"): COLLECTING,
    (APPROVED, "issue"): ISSUED,
    (ISSUED, "deliver"): DELIVERED,
    (DELIVERED, "close"): CLOSED,
    (PARKED, "resume"): COLLECTING,
    **{(state, "park"): PARKED for state in (OPEN, COLLECTING, FROZEN, RATED, IN_REVIEW, APPROVED)},
}
VERBS = tuple(dict.fromkeys(verb for _state, verb in TRANSITIONS))
NEEDS_REASON = ("reject", "withdraw", "park")
# Who opens the runs that nobody started: it rates them, and leaves handing them in to a person.
CALENDAR = "calendar"
WORKING = (OPEN, COLLECTING, FROZEN, RATED)


def allowed_verbs(state: str) -> tuple[str, ...]:
    """What can be done to a run in `state`, in the order of the table."""
    return tuple(verb for (source, verb) in TRANSITIONS if source == state)


def next_state(state: str, verb: str) -> str:
    """The state after `verb`. Raises WrongState naming what is possible instead."""
    try:
        return TRANSITIONS[state, verb]
    except KeyError:
        possible = ", ".join(allowed_verbs(state)) or Said("do nothing more, it is finished")
        raise WrongState(
            Said(
                "A run that is %(state)s cannot %(verb)s. It can: %(possible)s.",
                state=state,
                verb=verb,
                possible=possible,
            )
        ) from None


def waits_for_person(state: str, reason: str, opened_by: str) -> bool:
    """Nothing works on the run: it was sent back, or the calendar rated it for a person to submit.

    The preparer is who submits a run, so a run that nobody submitted would have one pair of eyes.
    """
    if state == RATED:
        return opened_by == CALENDAR
    return state == COLLECTING and bool(reason)


def require_other_person(preparer_id: str, approver_id: str) -> None:
    """Raises SamePerson when the approver prepared the run (or is nobody)."""
    if not approver_id or approver_id == preparer_id:
        raise SamePerson(
            Said(
                "The person who submitted a run cannot approve it. Ask a second person of finance."
            )
        )
