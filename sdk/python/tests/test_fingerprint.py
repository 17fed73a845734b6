"""The shared vectors, and RFC 8785 by its reference."""

import json
import math
from pathlib import Path

import pytest
import rfc8785
from agentcache_overflow import fingerprint
from agentcache_overflow.fingerprint import BadRequest, NotCanonical
from hypothesis import given, settings
from hypothesis import strategies as st

ROOT = Path(__file__).resolve().parents[3]
PUBLISHED = json.loads((ROOT / "tests" / "vectors" / "digest.json").read_text())
NAMES = {BadRequest: "bad_request", NotCanonical: "not_canonical"}


def outcome(text):
    try:
        request = json.loads(text)
        return {
            "canonical": fingerprint.canonical(request),
            "digest": fingerprint.digest(request),
        }
    except (BadRequest, NotCanonical) as error:
        return {"error": NAMES[type(error)]}


def test_the_shared_vectors():
    assert len(PUBLISHED["cases"]) >= 200
    for case in PUBLISHED["cases"]:
        expected = {part: case[part] for part in ("canonical", "digest", "error") if part in case}
        assert outcome(case["request"]) == expected, case["name"]


def test_the_shared_pairs():
    digests = {case["name"]: outcome(case["request"]).get("digest") for case in PUBLISHED["cases"]}
    for pair in PUBLISHED["pairs"]:
        assert (digests[pair["left"]] == digests[pair["right"]]) is pair["equal"], pair


@settings(max_examples=150)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**54), 2**54) | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=10,
    )
)
def test_any_json_is_spelt_as_the_reference_spells_it(value):
    try:
        expected = rfc8785.dumps(value).decode()
    except (rfc8785.CanonicalizationError, UnicodeEncodeError):
        expected = None
    try:
        got = fingerprint.canonical_json(value)
    except NotCanonical:
        got = None
    assert got == expected or (expected is not None and got is None and _has_large(value))


def _has_large(value):
    """A float beyond 2^53 has a form by the RFC; digest v1 refuses it."""
    if isinstance(value, float):
        return math.isfinite(value) and abs(value) > 2**53 - 1
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(map(_has_large, inner))


def test_what_is_no_json_has_no_digest():
    for value in (object(), {1: 2}, b"x", float("nan"), "\ud800", {"\ud800": 1}):
        with pytest.raises(NotCanonical):
            fingerprint.canonical_json(value)
