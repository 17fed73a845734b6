"""How near a customer's semantic hits were, and how many of each band were judged wrong.

Asked by the portal alone: no door routes to it.
"""

from dataclasses import dataclass

import orjson

from cache_api.hot import judging
from cache_api.hot.admit import Caller
from cache_api.hot.marks import Stamp
from cache_api.hot.problems import Problem
from cache_api.hot.steps import EVENTS, Answer, Asked, Replies, Run
from cache_api.hot.work import GET
from cache_api.rules.semantic import budget
from cache_api.rules.semantic.policy import ONE_BPS, Policy


def begin(who: Caller, asked: Asked) -> Run | Answer:
    """Read the state of the key's own customer; `bands` is empty without semantic matching."""
    policy = who.semantic
    if policy is None or who.key.customer is None:
        return Answer(200, orjson.dumps({"bands": [], "served_bps": None}))
    return Run([(GET, judging.name_for(who, who.key.customer))], Judged(policy), EVENTS)


@dataclass(slots=True)
class Judged:
    """A question about one customer's state."""

    policy: Policy

    def conclude(self, replies: Replies, stamp: Stamp, elapsed_us: int) -> Answer:
        """The bands, the lowest first: from which similarity on (1/10,000), judged, wrong, open;
        and the least that is served, None where nothing is. Raises Problem."""
        if replies is None:
            raise Problem("overloaded", "What was judged cannot be read right now.")
        state = judging.state_of(self.policy, replies[0])
        floor = budget.threshold_bps(self.policy, state)
        bands = [
            {"from_bps": self.policy.floor_bps(at), "judged": band.judged, "wrong": band.wrong,
             "is_open": at >= state.served}
            for at, band in enumerate(state.bands)
        ]  # fmt: skip
        return Answer(200, orjson.dumps(
            {"bands": bands, "served_bps": floor if floor <= ONE_BPS else None}
        ))  # fmt: skip
