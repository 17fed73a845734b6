"""What became of many customers that one act was meant for. Pure."""

from dataclasses import dataclass

MOST = 500  # customers an act takes at a time


@dataclass(frozen=True)
class Outcome:
    """Customers by the partner's own ids: changed, so already, and refused with the reason each."""

    changed: tuple[str, ...] = ()
    same: tuple[str, ...] = ()
    refused: tuple[tuple[str, str], ...] = ()
