"""The cache is asked how near a customer's semantic hits were, by its budget of wrong ones."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from datetime import datetime

from cache_api.gateways import blocking
from cache_api.gateways.config import BadConfig
from cache_api.hot.facts import KeyFacts
from cache_api.hot.steps import Asked
from cache_api.hot.verbs import Verb, judged

_JUDGED = Verb("judged", "GET", "", judged.begin)


@dataclass(frozen=True)
class Band:
    """Similarities from `from_bps` (1/10,000) up to the next band; judgements fade with time."""

    from_bps: int
    judged: int
    wrong: int
    is_open: bool


@dataclass(frozen=True)
class Similarity:
    """The bands, the lowest first, and the least similarity that is served (None: nothing is).

    No bands: the partner has no semantic matching. `is_known` False: the store did not answer.
    """

    bands: tuple[Band, ...] = ()
    served_bps: int | None = None
    is_known: bool = True

    @property
    def judged(self) -> int:
        """Judgements in all bands."""
        return sum(band.judged for band in self.bands)

    @property
    def most(self) -> int:
        """Judgements of the fullest band."""
        return max((band.judged for band in self.bands), default=0)

    @property
    def is_raised(self) -> bool:
        """Whether wrong hits closed the lowest bands."""
        return bool(self.bands) and self.served_bps != self.bands[0].from_bps


def ask_similarity(partner_id: uuid.UUID, customer: str, now: datetime) -> Similarity:
    """What was judged of a customer's (the partner's id of it) live semantic hits."""
    key = KeyFacts("portal", partner_id, True, "", customer)
    try:
        answer = blocking.service().answer_for(
            key, _JUDGED, Asked(b"", {}, int(now.timestamp() * 1000))
        )
    except BadConfig:
        return Similarity(is_known=False)
    if answer.status != 200:
        return Similarity(is_known=False)
    told = json.loads(answer.body)
    return Similarity(tuple(Band(**one) for one in told["bands"]), told["served_bps"])
