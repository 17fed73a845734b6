"""The life of a payout as data: states, verbs, who may approve, what may be changed when."""

from __future__ import annotations

from billing.rules.errors import SamePerson, WrongState
from tenants.rules.sayings import Said

PENDING, HELD, APPROVED, SENT = "pending", "held", "approved", "sent"
SETTLED, FAILED, REVERSED, CANCELLED = "settled", "failed", "reversed", "cancelled"
STATES = (PENDING, HELD, APPROVED, SENT, SETTLED, FAILED, REVERSED, CANCELLED)
# In these the statements a payout claimed are free again.
GAVE_BACK = (FAILED, REVERSED, CANCELLED)

TRANSITIONS: dict[tuple[str, str], str] = {
    (PENDING, "hold"): HELD,
    (HELD, "release"): PENDING,
    (PENDING, "approve"): APPROVED,
    (APPROVED, "hold"): HELD,
    (APPROVED, "send"): SENT,
    (SENT, "settle"): SETTLED,
    (SENT, "fail"): FAILED,
    (SETTLED, "reverse"): REVERSED,
    **{(state, "cancel"): CANCELLED for state in (PENDING, HELD, APPROVED)},
}
NEEDS_REASON = ("hold", "cancel", "fail", "reverse")


def allowed_verbs(state: str) -> tuple[str, ...]:
    """What can be done to a payout in `state`, in the order of the table."""
    return tuple(verb for source, verb in TRANSITIONS if source == state)


def next_state(state: str, verb: str) -> str:
    """The state after `verb`. Raises WrongState naming what is possible instead."""
    try:
        return TRANSITIONS[state, verb]
    except KeyError:
        possible = ", ".join(allowed_verbs(state)) or Said("do nothing more, it is finished")
        raise WrongState(
            Said(
                "A payout that is %(state)s cannot %(verb)s. It can: %(possible)s.",
                state=state,
                verb=verb,
                possible=possible,
            )
        ) from None


def require_second_person(first: str, second: str, what: str) -> None:
    """Raises SamePerson when both are one person (or the second is nobody)."""
    if not second or first.lower() == second.lower():
        raise SamePerson(
            Said(
                "%(first)s asked for this %(what)s and cannot approve it. Ask somebody else.",
                first=first,
                what=what,
            )
        )
