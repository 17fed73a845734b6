"""What the status page says of each part of the service: the worse of check and incidents."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

# What customers can tell apart; pages name them in these words.
COMPONENTS = ("answers", "metering", "portal", "settlement")


class Level(IntEnum):
    """How a component is, the worse the higher."""

    OK = 0
    MAINTENANCE = 1
    DEGRADED = 2
    OUTAGE = 3

    @property
    def label(self) -> str:
        """Its name as incidents and templates write it."""
        return self.name.lower()


@dataclass(frozen=True)
class Component:
    """One part of the service now."""

    name: str
    level: Level


def levels(checks: dict[str, Level], incidents: Iterable[tuple[str, str]]) -> tuple[Component, ...]:
    """Every component's worse of its check and its open incidents, (component, impact) each.

    A component that nothing checks is taken to work unless an incident says otherwise.
    """
    found = dict.fromkeys(COMPONENTS, Level.OK) | checks
    for component, impact in incidents:
        found[component] = max(found.get(component, Level.OK), Level[impact.upper()])
    return tuple(Component(name, found[name]) for name in COMPONENTS)


def overall(components: Iterable[Component]) -> Level:
    """The worst of all."""
    return max((one.level for one in components), default=Level.OK)
