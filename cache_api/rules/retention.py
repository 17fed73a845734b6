"""How long a partner may want cached answers kept, and what the edges are told of it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cache_api.rules.ttl import PLATFORM_CAP_S

HOUR_S = 3_600
CHOICES = (1, 6, 24, 72, 168, 336, 720)  # hours
MOST = PLATFORM_CAP_S // HOUR_S


class BadRetention(ValueError):
    """Beyond what is allowed; `most` hours are."""

    def __init__(self, most: int) -> None:
        super().__init__(f"Choose 1 to {most} hours.")
        self.most = most


def most_hours(granted: Mapping[str, Any] | None) -> int:
    """The longest that a partner may choose: what an operator granted, or the platform's 30 days.
    `granted` is the entitlement `ttl`."""
    max_s = (granted or {}).get("max_s")
    return max(1, min(MOST, int(max_s) // HOUR_S)) if max_s else MOST


def held_hours(granted: Mapping[str, Any] | None, chosen: int | None) -> int:
    """What holds for a partner's answers: what it chose, within what it may choose."""
    most = most_hours(granted)
    return most if chosen is None else min(chosen, most)


def checked(hours: int, granted: Mapping[str, Any] | None) -> int:
    """The hours. Raises BadRetention outside of 1 to `most_hours`."""
    return within(hours, most_hours(granted))


def within(hours: int, most: int) -> int:
    """The hours. Raises BadRetention outside of 1 to `most`."""
    if not 1 <= hours <= most:
        raise BadRetention(most)
    return hours


def bounded(granted: Mapping[str, Any] | None, hours: int | None) -> dict[str, Any] | None:
    """The entitlement `ttl` as the edges get it: never longer than was chosen, nor than granted.

    Expired answers that callers may ask for end with the same time; nothing is kept for them
    beyond what was chosen.
    """
    if hours is None:
        return dict(granted) if granted is not None else None
    policy, most_s = dict(granted or {}), hours * HOUR_S
    policy["max_s"] = min(policy.get("max_s") or most_s, most_s)
    return policy
