"""What bounds the partner's invoice of a live month: a cap on usage, a minimum commitment."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from billing.rules.building import THE_PARTNER, amount_line
from billing.rules.fields import decimal_text
from billing.rules.groups import Group
from billing.rules.lines import BASE_FEE, CAP, MINIMUM, RatedLine
from billing.rules.money import EXACT, to_major
from billing.rules.periods import Period
from billing.rules.rating import Step, cut
from billing.rules.terms import Cap, Minimum


def _monthly(amount_minor: int, groups: Sequence[Group], period: Period) -> Decimal:
    """The part of a monthly amount for the hours that the groups cover."""
    hours = sum(group.hours for group in groups)
    whole = to_major(amount_minor * hours, groups[0].terms.currency)
    return cut(EXACT.divide(whole, Decimal(period.hours)))


def _counted(lines: Sequence[RatedLine], extra_minor: int, currency: str) -> Decimal:
    # A fee for having the licence is no usage: it neither reaches a minimum nor fills a cap.
    usage = sum(line.rounded_minor for line in lines if line.kind != BASE_FEE)
    return to_major(usage + extra_minor, currency)


def cap_line(
    groups: Sequence[Group], period: Period, lines: Sequence[RatedLine]
) -> list[RatedLine]:
    """Take one version's usage down to its monthly cap, by the hours it was live."""
    first, due = groups[0], []
    for component in first.terms.components:
        if isinstance(component, Cap):
            most = _monthly(component.monthly_minor, groups, period)
            over = EXACT.subtract(_counted(lines, 0, first.terms.currency), most)
            if over > 0:
                label = f"cap {decimal_text(most)} less counted charges"
                step = Step(label, None, None, decimal_text(-over))
                due.append(amount_line(first, THE_PARTNER, CAP, -over, (step,), "Monthly cap"))
    return due


def minimum_line(
    groups: Sequence[Group], period: Period, lines: Sequence[RatedLine], share_minor: int
) -> list[RatedLine]:
    """True up one version's live groups to the monthly minimum, by their hours of the period.

    Usage, wholesale and `share_minor` (our part of the customers' money, whoever collects it)
    count towards it; the base fee does not.
    """
    first, due = groups[0], []
    for component in first.terms.components:
        if isinstance(component, Minimum):
            least = _monthly(component.monthly_minor, groups, period)
            counted = _counted(lines, share_minor, first.terms.currency)
            missing = EXACT.subtract(least, counted)
            if missing > 0:
                label = f"minimum {decimal_text(least)} less counted charges"
                step = Step(label, None, None, decimal_text(missing))
                told = "True-up to the minimum commitment"
                due.append(amount_line(first, THE_PARTNER, MINIMUM, missing, (step,), told))
    return due
