"""Packed vectors and the nearest of a partition, against plain arithmetic."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

ABSENT = "semantic extra absent: pip install -r requirements-semantic.txt"


@pytest.fixture(scope="module")
def vectors():
    pytest.importorskip("numpy", reason=ABSENT)
    from cache_api.rules.semantic import vectors

    return vectors


def plain_bps(one, other):
    """Cosine similarity of int8 bytes in plain whole numbers."""
    a, b = memoryview(one).cast("b"), memoryview(other).cast("b")
    product = sum(x * y for x, y in zip(a, b, strict=True))
    return math.floor(product / math.sqrt(sum(x * x for x in a) * sum(y * y for y in b)) * 10_000)


numbers = st.lists(st.floats(-5, 5, width=32), min_size=8, max_size=8).filter(
    lambda values: max(map(abs, values)) > 0.1
)


@given(st.lists(numbers, min_size=1, max_size=30), numbers, st.integers(-10_000, 10_000))
def test_the_nearest_are_those_of_a_plain_search(vectors, stored, asked, at_least):
    packed, query = [vectors.pack(one) for one in stored], vectors.pack(asked)

    found = vectors.nearest(query, packed, at_least_bps=at_least, limit=5)

    ranked = sorted(
        (-plain_bps(query, one), place) for place, one in enumerate(packed)
    )  # of equals the one further to the front
    assert found == [(place, -bps) for bps, place in ranked[:5] if -bps >= at_least]


@given(numbers)
def test_packing_keeps_the_direction_only(vectors, values):
    packed = vectors.pack(values)

    assert len(packed) == len(values)
    assert vectors.pack([value * 8 for value in values]) == packed
    assert vectors.similarity_bps(packed, packed) == 10_000
    assert vectors.similarity_bps(packed, vectors.pack([-value for value in values])) == -10_000


@given(numbers, numbers)
def test_packing_moves_a_similarity_by_little(vectors, one, other):
    exact = sum(x * y for x, y in zip(one, other, strict=True)) / math.sqrt(
        sum(x * x for x in one) * sum(y * y for y in other)
    )

    assert abs(vectors.similarity_bps(vectors.pack(one), vectors.pack(other)) - exact * 1e4) < 250


def test_sums_are_exact_at_the_largest_size(vectors):
    longest = bytes([127]) * vectors.MAX_DIMENSIONS
    nearly = bytes([126]) + longest[1:]

    found = vectors.nearest(longest, [nearly, longest, nearly], at_least_bps=0, limit=3)

    assert found == [(1, 10_000), (0, plain_bps(longest, nearly)), (2, plain_bps(longest, nearly))]


def test_the_newest_of_equals_wins_and_other_lengths_are_passed_over(vectors):
    one = vectors.pack([1, 2, 3])

    assert vectors.nearest(one, [b"", b"\1\1", one, one], at_least_bps=9_000, limit=1) == [
        (2, 10_000)
    ]
    assert vectors.nearest(one, [], at_least_bps=0, limit=1) == []
    assert vectors.nearest(b"", [b""], at_least_bps=0, limit=1) == []


def test_zeros_are_similar_to_nothing(vectors):
    assert vectors.nearest(b"\1\1", [b"\0\0"], at_least_bps=1, limit=1) == []


@pytest.mark.parametrize(
    "values", [[], [0.0, 0.0], [float("nan"), 1], [float("inf"), 1], [1.0] * 1025]
)
def test_what_has_no_direction_is_no_vector(vectors, values):
    with pytest.raises(ValueError, match="no vector"):
        vectors.pack(values)
