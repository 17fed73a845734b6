"""What an action refuses, by name. `code` goes to the page, the message to the person."""

from billing.rules.errors import BillingError


class UnknownRun(BillingError):
    """No run, agreement or document with this id."""


class AlreadySettled(BillingError):
    """The month is issued; it can only be corrected by an adjustment."""


class EarlierRunOpen(BillingError):
    """An earlier month of the same agreement waits to be issued."""


class TooEarly(EarlierRunOpen):
    """The agreement's cutoff lies ahead: usage of the month is still awaited."""


class NothingToSettle(BillingError):
    """No agreement is in force in this period."""


class TermsInTheWay(BillingError):
    """Terms or prices overlap what is in force, or reach into a settled month."""


class StaleRun(BillingError):
    """What was approved no longer comes out of the same input, or its opening balance moved."""


def code_of(error: BaseException) -> str:
    """The error's name in snake case, for pages and logs: `AlreadySettled` → `already_settled`."""
    name = type(error).__name__
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_")
