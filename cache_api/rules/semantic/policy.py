"""What a partner sets for semantic matching, and what a request may add. Pure."""

import bisect
import math
from functools import lru_cache
from typing import Annotated, Any

import msgspec

ONE_BPS = 10_000  # similarities are compared in 1/10,000, rounded down
BANDS = 7  # from 0.92: 0.96, 0.98, … 0.99875

_Share = Annotated[int, msgspec.Meta(ge=1, le=ONE_BPS)]


class BadPolicy(ValueError):
    """An entitlement that is no policy; the text names the member."""


class Policy(msgspec.Struct, frozen=True):
    """The partner's setting: the entitlement `semantic`.

    `threshold` is the least cosine similarity of a hit, `budget_bps` the wrong share of hits it
    accepts, `shadow_bps` the share of hits withheld to be judged, `max_temperature` the highest of
    a request that takes part (left out by the request, it is 1). With `prove_first` nothing is
    served before shadows have proven it; without, the threshold is trusted until they speak
    against it.
    """

    threshold: Annotated[float, msgspec.Meta(ge=0.7, le=1)] = 0.92
    budget_bps: _Share = 100
    shadow_bps: _Share = 200
    max_temperature: Annotated[float, msgspec.Meta(ge=0, le=2)] = 0.3
    prove_first: bool = False

    def floor_bps(self, band: int) -> int:
        """The least similarity of a band; above 10,000 for the one beyond the highest."""
        return _floors(self.threshold)[band]

    def band_of(self, similarity_bps: int) -> int:
        """The band (0 = the lowest) that a similarity belongs to."""
        return max(0, bisect.bisect_right(_floors(self.threshold), similarity_bps) - 1)


@lru_cache(maxsize=1024)
def _floors(threshold: float) -> tuple[int, ...]:
    width = ONE_BPS - round(threshold * ONE_BPS)
    return (*(ONE_BPS - (width >> band) for band in range(BANDS)), ONE_BPS + 1)


def policy_of(entitlement: Any) -> Policy:
    """The policy of an entitlement's JSON object. Raises BadPolicy."""
    try:
        return msgspec.convert(entitlement, Policy)
    except msgspec.ValidationError as error:
        raise BadPolicy(f"semantic: {error}") from error


def granted(entitlement: Any) -> dict[str, Any] | None:
    """What the hot path gets to read of an entitlement; None where there is none it could use."""
    if entitlement is None:
        return None
    try:
        members: dict[str, Any] = msgspec.to_builtins(policy_of(entitlement))
    except BadPolicy:
        return None  # a bad one turns the feature off, not the partner
    return members


def bps_of(similarity: float | None) -> int:
    """A least similarity that a request asks for, in 1/10,000 and never rounded down."""
    return 0 if similarity is None else math.ceil(round(similarity * ONE_BPS, 6))
