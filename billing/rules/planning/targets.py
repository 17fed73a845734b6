"""The goals of the strategy, and which of them a scenario meets (amounts in US dollars)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from billing.rules.planning.metrics import Metrics

CLOUD, LLM = "cloud", "openai_or_anthropic"
BRINGS = (CLOUD, LLM)
COUNT, MONEY, SHARE, FLAG = "count", "money", "share", "flag"
Value = int | Fraction | bool | None


@dataclass(frozen=True, slots=True)
class Goal:
    """`needed` at least, in the unit of `form`: a count, minor units, a part of 1, or yes."""

    key: str
    form: str
    needed: Value
    of: Callable[[Metrics], Value]


@dataclass(frozen=True, slots=True)
class Verdict:
    """A goal and what a scenario has of it."""

    goal: Goal
    actual: Value

    @property
    def met(self) -> bool:
        """Whether it reaches the goal."""
        return self.actual is not None and self.actual >= self.goal.needed  # type: ignore[operator]


GOALS = (
    Goal("partners", COUNT, 10, lambda m: m.partners),
    Goal("partner_share", SHARE, Fraction(1, 2), lambda m: m.partner_share),
    Goal("per_partner", MONEY, 500_000_00, lambda m: m.per_partner_minor),
    Goal("channel_arr", MONEY, 5_000_000_00, lambda m: m.partner_minor),
    Goal("cloud", FLAG, True, lambda m: CLOUD in m.brings),
    Goal("llm", FLAG, True, lambda m: LLM in m.brings),
)


def verdicts(metrics: Metrics) -> tuple[Verdict, ...]:
    """Each goal of the strategy beside what the figures say; money goals hold in USD only."""
    goals = [goal for goal in GOALS if goal.form != MONEY or metrics.currency == "USD"]
    return tuple(Verdict(goal, goal.of(metrics)) for goal in goals)
