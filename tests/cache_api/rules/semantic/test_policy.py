"""The partner's setting and what a request may add."""

import pytest

from cache_api.rules.semantic import policy
from cache_api.rules.semantic.policy import BANDS, Policy


def test_the_entitlement_becomes_a_policy_and_what_is_left_out_its_default():
    given = {"threshold": 0.95, "budget_bps": 50, "shadow_bps": 500}

    assert policy.policy_of(given) == Policy(0.95, 50, 500)
    assert policy.policy_of({}) == Policy(0.92, 100, 200, 0.3, False)
    assert policy.policy_of({"threshold": 1}) == Policy(1.0)


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("threshold", 0.5), ("threshold", 1.01), ("threshold", "0.9"), ("threshold", None),
        ("budget_bps", 0), ("budget_bps", 10_001), ("budget_bps", 1.5), ("shadow_bps", 0),
        ("shadow_bps", -1), ("max_temperature", -0.1), ("max_temperature", 3), ("prove_first", 1),
    ],
)  # fmt: skip
def test_a_bad_member_is_named(member, value):
    with pytest.raises(policy.BadPolicy, match=member):
        policy.policy_of({member: value})


@pytest.mark.parametrize("value", [None, True, 0.9, "on", []])
def test_what_is_no_object_is_no_policy(value):
    with pytest.raises(policy.BadPolicy):
        policy.policy_of(value)


@pytest.mark.parametrize(
    ("similarity", "bps"), [(None, 0), (0, 0), (1.0, 10_000), (0.95, 9500), (0.92001, 9201)]
)
def test_what_a_request_asks_is_never_rounded_down(similarity, bps):
    assert policy.bps_of(similarity) == bps


@pytest.mark.parametrize("bad", [None, 5, {"threshold": 0.1}, {"budget_bps": "x"}])
def test_the_hot_path_never_gets_to_see_a_bad_entitlement(bad):
    assert policy.granted(bad) is None


def test_what_the_hot_path_reads_is_whole():
    assert policy.granted({"threshold": 0.95}) == {
        "threshold": 0.95, "budget_bps": 100, "shadow_bps": 200, "max_temperature": 0.3,
        "prove_first": False,
    }  # fmt: skip


def test_bands_halve_towards_one():
    floors = [Policy().floor_bps(band) for band in range(BANDS + 1)]

    assert floors == [9200, 9600, 9800, 9900, 9950, 9975, 9988, 10_001]
    assert [Policy().band_of(bps) for bps in (0, 9200, 9599, 9600, 9999, 10_000)] == [
        0, 0, 0, 1, 6, 6,
    ]  # fmt: skip
