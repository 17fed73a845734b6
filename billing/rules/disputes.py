"""A dispute of one document line: how its thread is read, and how long anything may take."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from billing.rules.errors import BillingError
from tenants.rules.sayings import Said

SAID, TAKEN = "said", "taken"
UPHELD, REJECTED, WITHDRAWN = "upheld", "rejected", "withdrawn"
ENDS = (UPHELD, REJECTED, WITHDRAWN)
ENTRY_KINDS = (SAID, TAKEN, *ENDS)
OPEN = "open"

# A statement nobody objects to for so long is accepted; a dispute is answered in so many days.
SILENCE_DAYS = 14
ANSWER_DAYS = 14
TEXT_MOST = 4_000
FILE_MOST = 2 * 1024 * 1024


class BadDispute(BillingError):
    """A dispute that can not be opened, continued or decided like this."""


def dispute_state(kinds: Sequence[str]) -> str:
    """`open`, or how it ended."""
    return next((kind for kind in kinds if kind in ENDS), OPEN)


def deadline_of(opened_at: datetime) -> date:
    """The day by which it has to be decided."""
    return (opened_at + timedelta(days=ANSWER_DAYS)).date()


def accepted_at(issued_at: datetime, lock_days: int) -> datetime:
    """When a statement that nobody disputed is accepted by silence: the terms' days, else 14."""
    return issued_at + timedelta(days=lock_days or SILENCE_DAYS)


def undisputed_minor(payable_minor: int, disputed_minors: Sequence[int]) -> int:
    """What is paid on time: the payable less the disputed lines that add to it, never negative."""
    return max(payable_minor - sum(amount for amount in disputed_minors if amount > 0), 0)


def checked_text(text: str) -> str:
    """The text without surrounding space. Raises BadDispute when it is empty or too long."""
    found = text.strip()
    if not found:
        raise BadDispute(Said("Say what it is about."))
    if len(found) > TEXT_MOST:
        raise BadDispute(
            Said(
                "At most %(text_most)s characters; this has %(found)s.",
                text_most=TEXT_MOST,
                found=len(found),
            )
        )
    return found
