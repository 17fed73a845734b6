"""A stored rated line's arithmetic in words and figures, as documents print it."""

from __future__ import annotations

from billing.models import RatedLine
from billing.rules.explain import explain_line
from billing.rules.lines import RatedLine as Rated
from billing.rules.rating import Step

_FACTS = [name for name in Rated.__dataclass_fields__ if name != "steps"]


def arithmetic(line: RatedLine) -> tuple[str, ...]:
    """Each step, the rounding, and what earlier documents charged already."""
    steps = tuple(Step(**step) for step in line.steps)
    return explain_line(Rated(**{name: getattr(line, name) for name in _FACTS}, steps=steps))
