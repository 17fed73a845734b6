"""The error budget: its arithmetic, its steps, and drifting traffic with and without it."""

import math
import random
import uuid
from dataclasses import dataclass

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cache_api.rules.semantic import budget
from cache_api.rules.semantic.budget import Band, State
from cache_api.rules.semantic.policy import BANDS, Policy

POLICY = Policy(threshold=0.92, budget_bps=100, shadow_bps=200)
ENOUGH = 268


@given(st.integers(1, 10**5), st.data())
def test_the_bound_solves_wilsons_equation(count, data):
    wrong = data.draw(st.integers(0, count))

    bound = budget.upper_bound(count, wrong)

    # The share p from which the observed one is exactly Z standard errors away.
    assert wrong / count - 1e-9 <= bound <= 1
    distance = budget.Z * math.sqrt(bound * (1 - bound) / count)
    assert bound - wrong / count == pytest.approx(distance, abs=1e-7)


def test_nothing_judged_means_nothing_known():
    assert budget.upper_bound(0, 0) == 1.0


@pytest.mark.parametrize(("budget_bps", "least"), [(50, 539), (100, 268), (200, 133), (500, 52)])
def test_how_many_judgements_are_enough(budget_bps, least):
    assert budget.enough(budget_bps) == least
    assert budget.upper_bound(least, 0) <= budget_bps / 10_000 < budget.upper_bound(least - 1, 0)


def judge(state, bps, *verdicts, policy=POLICY):
    for right in verdicts:
        state = budget.judged(policy, state, bps, right=right)
    return state


def threshold(state, policy=POLICY, asked=0):
    return budget.threshold_bps(policy, state, asked)


def test_it_begins_at_the_partners_threshold_or_with_proof_first_at_none():
    first = Policy(prove_first=True)

    assert threshold(budget.begin(POLICY)) == 9200
    assert threshold(budget.begin(first), first) > 10_000
    proven = judge(budget.begin(first), 9999, *[True] * ENOUGH, policy=first)
    assert threshold(proven, first) == 9988


def test_wrong_hits_close_the_lowest_band_and_right_shadows_open_it_again():
    three = judge(budget.begin(POLICY), 9300, False, False, False)
    four = judge(three, 9300, False)

    assert (threshold(three), threshold(four)) == (9200, 9600)
    almost = judge(four, 9300, *[True] * (ENOUGH - 1))
    assert threshold(almost) == 9600
    assert threshold(judge(almost, 9300, True)) == 9200


def test_a_wrong_shadow_asks_for_more_right_ones():
    closed = judge(budget.begin(POLICY), 9300, *[False] * 4)
    doubted = judge(closed, 9300, False, *[True] * (ENOUGH - 1))

    assert threshold(doubted) == 9600
    assert threshold(judge(doubted, 9300, *[True] * ENOUGH)) == 9200


def test_wrong_hits_in_high_bands_close_all_below_first():
    state = judge(budget.begin(POLICY), 9990, *[False] * 4)

    assert threshold(state) > 10_000
    # The lowest band's own proof does not help while a higher one is closed.
    assert threshold(judge(state, 9300, *[True] * ENOUGH)) > 10_000


def test_debt_keeps_a_proven_band_closed_until_right_hits_made_up_for_it():
    deep = State((Band(is_open=False), *budget.begin(POLICY).bands[1:]), debt=10**8)
    proven = judge(deep, 9300, *[True] * ENOUGH)
    assert threshold(proven) == 9600

    paid = judge(deep, 9700, *[True] * 40_000)
    assert paid.debt == 0
    assert threshold(judge(paid, 9300, *[True] * ENOUGH)) == 9200


bps = st.integers(9200, 10_000)
history = st.lists(st.tuples(bps, st.booleans()), max_size=60)


@given(history, st.integers(0, 10_000))
def test_the_threshold_is_never_below_the_partners_nor_the_requests(verdicts, asked):
    state = budget.begin(POLICY)
    for similarity, right in verdicts:
        state = budget.judged(POLICY, state, similarity, right=right)
        assert threshold(state, asked=asked) >= max(9200, asked)
        assert state.debt >= 0
        assert len(state.bands) == BANDS
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(state), type=State) == state


@given(history, st.uuids(), bps)
def test_below_what_is_served_everything_is_a_shadow(verdicts, event_id, similarity):
    state = budget.begin(POLICY)
    for one, right in verdicts:
        state = budget.judged(POLICY, state, one, right=right)

    if similarity < threshold(state):
        assert budget.is_shadow(POLICY, state, event_id, similarity)


def test_the_share_of_shadows_follows_the_event_id_alone():
    rng = random.Random(5)
    ids = [uuid.UUID(int=rng.getrandbits(128)) for _ in range(20_000)]
    sure = judge(budget.begin(POLICY), 9999, *[True] * ENOUGH)

    def share(state):
        return sum(budget.is_shadow(POLICY, state, one, 9999) for one in ids) / len(ids)

    assert share(sure) == pytest.approx(0.02, abs=0.004)
    assert share(budget.begin(POLICY)) == pytest.approx(0.10, abs=0.01)
    assert share(sure) == share(sure)


@dataclass
class Run:
    """What came of simulated traffic."""

    hits: int = 0
    wrong: int = 0
    late_hits: int = 0  # of the last quarter

    @property
    def wrong_share(self):
        return self.wrong / max(1, self.hits)


def traffic(wrong_chance, *, steps=300_000, budgeted=True, seed=1):
    """Semantic candidates of all similarities; `wrong_chance(time 0…1, height 0…1)`."""
    rng, state, run = random.Random(seed), budget.begin(POLICY), Run()
    for step in range(steps):
        similarity = 9200 + int(rng.random() * 800)
        chance = wrong_chance(step / steps, (similarity - 9200) / 800)
        is_wrong = rng.random() < chance
        event_id = uuid.UUID(int=rng.getrandbits(128))
        if budgeted and budget.is_shadow(POLICY, state, event_id, similarity):
            state = budget.judged(POLICY, state, similarity, right=not is_wrong)
            continue
        run.hits += 1
        run.wrong += is_wrong
        run.late_hits += step >= steps * 3 // 4
    return run


DRIFTS = {
    "one sudden turn": lambda time, height: (0.001 if time < 0.5 else 0.2) * (1 - height),
    "slowly worse": lambda time, height: 0.15 * time * (1 - height),
    "worse and back": lambda time, height: (0.2 if 0.4 < time < 0.6 else 0.001) * (1 - height),
    "bad below 0.95": lambda time, height: 0.1 if height < 0.375 else 0.001,
    "back and forth": lambda time, height: (0.2 if int(time * 5) % 2 else 0.001) * (1 - height),
}


@pytest.mark.parametrize("drift", DRIFTS, ids=list(DRIFTS))
def test_drifting_traffic_stays_within_the_budget_and_would_not_without(drift):
    budgeted = traffic(DRIFTS[drift])
    unguarded = traffic(DRIFTS[drift], budgeted=False, steps=50_000)

    assert unguarded.wrong_share > 0.015
    assert budgeted.wrong_share <= 0.01
    assert budgeted.hits > 20_000


def test_good_traffic_keeps_nearly_all_its_hits():
    run = traffic(lambda time, height: 0.002, steps=100_000)

    assert run.hits > 95_000
    assert run.wrong_share <= 0.01


def test_where_no_threshold_is_good_serving_ends():
    run = traffic(lambda time, height: 0.10, steps=50_000)

    assert run.late_hits == 0
    assert run.wrong < 300
