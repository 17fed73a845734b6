"""What shows that a round was what it claims, beside its answers."""

from dataclasses import dataclass
from typing import Protocol

from bench.checks import Tally, check_flat
from bench.upstream import Upstream


class Proof(Protocol):
    """Called around every round."""

    def begin(self) -> None:
        """Right before the round."""

    def check(self, tally: Tally) -> None:
        """Right after it. Raises Untrue."""


class Unproven:
    """A server that keeps no count: only its answers speak."""

    def begin(self) -> None:
        """Nothing to remember."""

    def check(self, tally: Tally) -> None:
        """Nothing to compare."""


@dataclass
class Flat:
    """Proof of a proxy's hits: the provider behind it was not asked."""

    provider: Upstream
    before: int = 0

    def begin(self) -> None:
        """Remember the count."""
        self.before = self.provider.asked

    def check(self, tally: Tally) -> None:
        """The count has not moved. Raises Untrue."""
        check_flat(tally, self.provider.asked - self.before)
