"""What may be granted, and what is refused before the hot path sees it."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cache_api.hot import facts
from cache_api.rules import entitlements
from cache_api.rules.entitlements import BadEntitlement
from cache_api.rules.semantic.policy import Policy

BRAND = {
    "header_prefix": "Redis-Cache", "cache_name": "RedisOverflow",
    "problem_base": "https://cache.redis.example/problems/", "key_prefix": "rcp",
}  # fmt: skip
LIMITS = [
    ({}, {}),
    ({"key_rps": 5}, {"key_rps": 5, "key_burst": 5}),
    ({"partner_rps": 0.5}, {"partner_rps": 0.5, "partner_burst": 1}),
    ({"key_rps": 5, "key_burst": 50}, {"key_rps": 5, "key_burst": 50}),
    ({"concurrency": 3.0}, {"concurrency": 3}),
]
BAD_LIMITS = [
    None, [], "fast", {"rps": 1}, {"key_rps": 0}, {"key_rps": -1}, {"key_rps": "5"},
    {"key_rps": True}, {"key_rps": float("nan")}, {"key_rps": float("inf")}, {"key_burst": 5},
    {"key_rps": 1, "key_burst": 0.5}, {"concurrency": 0}, {"key_rps": 10**7},
]  # fmt: skip
BAD_QUOTAS = [
    None, {}, {"hard": True}, {"day": -1}, {"day": "10"}, {"day": 1, "hard": 1}, {"week": 1},
    {"day": True}, {"month": float("nan")},
]  # fmt: skip
BAD_BRANDS = [
    None, {}, BRAND | {"x": 1}, BRAND | {"cache_name": ""}, BRAND | {"cache_name": "Redis Cache"},
    BRAND | {"cache_name": "R%d"}, BRAND | {"header_prefix": "Redis_Cache"},
    BRAND | {"header_prefix": "A\r\nSet-Cookie"}, BRAND | {"header_prefix": "Cache"},
    BRAND | {"problem_base": "http://x/"}, BRAND | {"problem_base": "https://x/p"},
    BRAND | {"problem_base": 'https://x/"/'}, BRAND | {"key_prefix": "R"},
    BRAND | {"key_prefix": "a_b"}, BRAND | {"key_prefix": "x" * 11}, BRAND | {"key_prefix": 5},
]  # fmt: skip


@pytest.mark.parametrize(("given_", "kept"), LIMITS)
def test_limits_are_completed(given_, kept):
    assert entitlements.limits(given_) == kept


@pytest.mark.parametrize("bad", BAD_LIMITS)
def test_senseless_limits_are_refused(bad):
    with pytest.raises(BadEntitlement):
        entitlements.limits(bad)


@pytest.mark.parametrize("bad", BAD_QUOTAS)
def test_senseless_quotas_are_refused(bad):
    with pytest.raises(BadEntitlement):
        entitlements.quota(bad)


def test_a_quota_is_completed():
    assert entitlements.quota({"day": 10}) == {"day": 10, "hard": False}
    assert entitlements.quota({"month": 5.0, "hard": True}) == {"month": 5, "hard": True}


@pytest.mark.parametrize("bad", BAD_BRANDS)
def test_a_brand_that_no_header_could_bear_is_refused(bad):
    with pytest.raises(BadEntitlement):
        entitlements.brand(bad)


def test_a_brand_is_kept_as_it_is():
    assert entitlements.brand(BRAND) == BRAND


BAD_UPSTREAMS = [
    None, [], "https://api.openai.com", {"acme": "https://api.acme.example"}, {"openai": ""},
    {"openai": 1}, {"openai": "http://api.openai.com/v1"}, {"openai": "https://a:b@api.openai.com"},
]  # fmt: skip


@pytest.mark.parametrize("bad", BAD_UPSTREAMS)
def test_addresses_that_no_key_may_travel_to_are_refused(bad):
    with pytest.raises(BadEntitlement):
        entitlements.forwarding(bad)


@pytest.mark.parametrize("good", [{}, {"openai": "https://api.openai.com/v1", "groq": "https://x"}])
def test_upstreams_are_kept_as_they_are(good):
    assert entitlements.forwarding(good) == good


ANYTHING = st.dictionaries(
    st.sampled_from([*entitlements._LIMITS, "day", "month", "hard", *BRAND]),
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
)


@given(ANYTHING)
def test_whatever_passes_the_edge_can_read(value):
    shapes = ((entitlements.limits, facts.Limits), (entitlements.quota, facts.Quota),
              (entitlements.brand, facts.Brand))  # fmt: skip
    for check, shape in shapes:
        try:
            checked = check(value)
        except BadEntitlement:
            continue
        msgspec.json.decode(json.dumps(checked), type=shape)


def test_semantic_matching_is_granted_whole():
    checked = entitlements.semantic({"threshold": 0.95})

    assert checked == {
        "threshold": 0.95, "budget_bps": 100, "shadow_bps": 200, "max_temperature": 0.3,
        "prove_first": False,
    }  # fmt: skip
    assert entitlements.semantic(checked) == checked
    assert msgspec.convert(checked, Policy) == Policy(threshold=0.95)


@pytest.mark.parametrize(
    "bad",
    [None, 0.9, [], {"threshold": 0.2}, {"budget_bps": 0}, {"shadow_bps": "2 %"}, {"treshold": 1}],
)
def test_semantic_matching_that_makes_no_sense_is_refused(bad):
    with pytest.raises(BadEntitlement, match="semantic"):
        entitlements.semantic(bad)
