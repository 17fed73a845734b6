"""What a call comes back with."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Answer:
    """A hit, or a miss with its reason; nothing in it is needed to go on after a miss.

    `answered_by`: primary, overflow, l1 or nobody. `reason`: why it is a miss (the server's word or
    ours). `overflow_reason`: why the overflow was asked (miss, slow, error, capacity), else "".
    """

    hit: bool = False
    response: Any = None
    answered_by: str = "nobody"
    status: str = "miss"
    reason: str = ""
    overflow_reason: str = ""
    latency_ms: float = 0.0
    cost_saved: float = 0.0
    similarity: float | None = None
    event_id: str | None = None
    entry_id: str | None = None
    expires_at: float | None = None  # Unix seconds
    lease: dict[str, Any] | None = field(default=None, repr=False)
    entry: dict[str, Any] | None = field(default=None, repr=False)  # as the overflow names it

    def __bool__(self) -> bool:
        return self.hit


def hit(response: Any, answered_by: str) -> Answer:
    """One that did not come over the wire."""
    return Answer(hit=True, response=response, answered_by=answered_by, status="hit")


def miss(reason: str) -> Answer:
    """Nothing, and why."""
    return Answer(reason=reason)
