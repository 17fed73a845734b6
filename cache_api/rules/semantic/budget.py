"""Keeps wrong hits within the partner's budget: a threshold that tightens by itself. Pure.

Similarities from the partner's threshold to 1 are cut into bands, each half as wide as the one
below. A share of semantic hits is withheld as *shadows*: the caller gets a miss, asks its model,
and what it stores is compared with what the hit would have been. So hits are judged without
choosing among them; a customer's feedback counts as a judgement too. When the upper confidence
bound of the wrong share of all served bands passes the budget, the lowest of them closes, which
raises the threshold. A closed band is all shadows. It opens again once its own judgements prove it
good and the wrong hits served beyond the budget are, but for a start's worth, made up for by right
ones: the threshold comes back, never below the partner's own.
"""

import hashlib
import math
import uuid

import msgspec

from cache_api.rules.semantic.policy import BANDS, ONE_BPS, Policy

Z = 1.645  # one-sided 95 %
HORIZON = 3  # judgements looked at, in units of `enough`; older ones fade
UNSURE_FACTOR = 5  # more shadows while there are fewer judgements than `enough`


class Band(msgspec.Struct, frozen=True, array_like=True):
    """What was judged in one band since it opened or closed; fading."""

    is_open: bool = True
    judged: int = 0
    wrong: int = 0


class State(msgspec.Struct, frozen=True, array_like=True):
    """What has been learnt. `debt`: wrong hits served beyond the budget, in 1/10,000 of a hit."""

    bands: tuple[Band, ...]  # the lowest first
    debt: int = 0

    @property
    def served(self) -> int:
        """The lowest band that is open like all above it; BANDS when the highest is closed."""
        served = len(self.bands)
        while served and self.bands[served - 1].is_open:
            served -= 1
        return served

    def total(self) -> tuple[int, int]:
        """Judgements of the served bands, and the wrong ones among them."""
        bands = self.bands[self.served :]
        return sum(band.judged for band in bands), sum(band.wrong for band in bands)

    def having(self, at: int, band: Band) -> "State":
        """The state with another band in that place."""
        return State((*self.bands[:at], band, *self.bands[at + 1 :]), self.debt)


def begin(policy: Policy) -> State:
    """Nothing judged yet."""
    return State((Band(is_open=not policy.prove_first),) * BANDS)


def threshold_bps(policy: Policy, state: State, asked_bps: int = 0) -> int:
    """The least similarity that is served, in 1/10,000; above 10,000 nothing is.

    A request (`asked_bps`) can only raise it.
    """
    return max(policy.floor_bps(state.served), asked_bps)


def is_shadow(policy: Policy, state: State, event_id: uuid.UUID, similarity_bps: int) -> bool:
    """Whether a hit of at least the partner's threshold is withheld, to be judged.

    Always below what is served, a share of them above. A retry (same event) decides alike.
    """
    if policy.band_of(similarity_bps) < state.served:
        return True
    drawn = int.from_bytes(hashlib.sha256(b"shadow\0" + event_id.bytes).digest()[:4], "big")
    return drawn % ONE_BPS < _shadow_bps(policy, state)


def judged(policy: Policy, state: State, similarity_bps: int, *, right: bool) -> State:
    """The state after one more judgement of a hit of that similarity."""
    at = policy.band_of(similarity_bps)
    was = state.bands[at]
    band = Band(was.is_open, was.judged + 1, was.wrong + (not right))
    if at >= state.served:
        hits = ONE_BPS // _shadow_bps(policy, state)  # served ones that this judgement stands for
        debt = state.debt + hits * ((0 if right else ONE_BPS) - policy.budget_bps)
        return _within_budget(policy, State(state.having(at, band).bands, max(0, debt)))
    if state.served == BANDS and right:  # nothing is served that could make up for it
        state = State(state.bands, max(0, state.debt - policy.budget_bps))
    if _is_hopeless(policy, band.judged, band.wrong):
        band = Band(is_open=False)  # begin again
    elif upper_bound(band.judged, band.wrong) * ONE_BPS <= policy.budget_bps:
        band = Band(is_open=state.debt <= _forgiven(policy))
    return state.having(at, band)


def _within_budget(policy: Policy, state: State) -> State:
    """Close the lowest served bands until the rest can keep the budget; let judgements fade."""
    while state.served < BANDS and _is_hopeless(policy, *state.total()):
        state = state.having(state.served, Band(is_open=False))
    if state.total()[0] >= HORIZON * enough(policy.budget_bps):
        for at in range(state.served, BANDS):
            band = state.bands[at]
            state = state.having(at, Band(True, band.judged // 2, band.wrong // 2))
    return state


def _is_hopeless(policy: Policy, count: int, wrong: int) -> bool:
    """Whether the budget is passed even if all judgements still missing turned out right."""
    horizon = HORIZON * enough(policy.budget_bps)
    return upper_bound(max(count, horizon), wrong) * ONE_BPS > policy.budget_bps


def _forgiven(policy: Policy) -> int:
    """The debt that may stand: the budget of the hits among which `enough` shadows are drawn."""
    hits = enough(policy.budget_bps) * ONE_BPS // policy.shadow_bps
    return hits * policy.budget_bps


def _shadow_bps(policy: Policy, state: State) -> int:
    is_unsure = state.total()[0] < enough(policy.budget_bps)
    return min(ONE_BPS, policy.shadow_bps * (UNSURE_FACTOR if is_unsure else 1))


def enough(budget_bps: int) -> int:
    """How many judgements without a wrong one bring the upper bound down to the budget."""
    budget = budget_bps / ONE_BPS
    return math.ceil(Z * Z * (1 - budget) / budget)


def upper_bound(count: int, wrong: int) -> float:
    """Wilson's upper bound of the wrong share, one-sided 95 %. 1 where nothing was judged."""
    if count == 0:
        return 1.0
    share, zz = wrong / count, Z * Z
    spread = Z * math.sqrt(share * (1 - share) / count + zz / (4 * count * count))
    return min(1.0, (share + zz / (2 * count) + spread) / (1 + zz / count))
