"""What is left to do before a portal is in use, as facts show it; nothing is ticked off. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

# In the order in which they are done.
PARTNER_STEPS = ("brand", "domain", "customer", "key", "request")
CUSTOMER_STEPS = ("key", "request")


@dataclass(frozen=True, slots=True)
class Step:
    """One of them. `state`: done, now (the first that is not) or later."""

    name: str
    state: str

    @property
    def is_done(self) -> bool:
        """Whether a fact shows it."""
        return self.state == "done"


@dataclass(frozen=True, slots=True)
class Checklist:
    """The steps of a partner or of a customer."""

    steps: tuple[Step, ...]

    @property
    def done(self) -> int:
        """How many are."""
        return sum(step.is_done for step in self.steps)

    @property
    def is_complete(self) -> bool:
        """Whether nothing is left: then it is shown no more."""
        return self.done == len(self.steps)

    @property
    def waits(self) -> bool:
        """Whether the first request is what is still to come."""
        return any(step.name == "request" and not step.is_done for step in self.steps)


def checklist(order: Collection[str], facts: Collection[str]) -> Checklist:
    """The steps in their order, done where there is a fact of the same name.

    Whoever's first request was answered has a key, whoever's it is.
    """
    known = {*facts, "key"} if "request" in facts else set(facts)
    first = next((name for name in order if name not in known), "")
    states = {True: "done", False: "later"}
    return Checklist(tuple(
        Step(name, "now" if name == first else states[name in known]) for name in order
    ))  # fmt: skip
