"""Merkle trees: RFC 6962's own examples, properties, and proofs that must not pass."""

import hashlib
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cache_api.rules.leaves import FACTS, day_of, day_span, event_leaf, first_id, leaf_facts
from cache_api.rules.merkle import BadProof, inclusion_path, leaf_hash, root_from_path, root_of
from tests.billing.rules.trust.files import independent

# The inputs and roots of the RFC 6962 reference implementation's test (certificate-transparency).
INPUTS = [bytes.fromhex(text) for text in (
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
)]  # fmt: skip
ROOTS = {
    0: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}
few = settings(max_examples=40, deadline=None)


def recursive(leaves):
    """The definition in RFC 6962, section 2.1, word for word."""
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    left, right = recursive(leaves[:k]), recursive(leaves[k:])
    return hashlib.sha256(b"\x01" + left + right).digest()


@pytest.mark.parametrize(("size", "root"), ROOTS.items())
def test_roots_are_those_of_the_reference(size, root):
    assert root_of(map(leaf_hash, INPUTS[:size])) == (bytes.fromhex(root), size)


leaves_of = st.integers(1, 70).map(lambda n: [leaf_hash(bytes([i])) for i in range(n)])


@given(leaves_of, st.data())
@few
def test_every_leaf_leads_to_the_root_the_definition_gives(leaves, data):
    index = data.draw(st.integers(0, len(leaves) - 1))
    root, path = recursive(leaves), inclusion_path(leaves, index)

    assert root_of(leaves)[0] == root
    for verify in (root_from_path, independent().root_from_path):
        assert verify(leaves[index], index, len(leaves), path) == root


@given(leaves_of, st.data())
@few
def test_a_forged_proof_gives_another_root_or_is_refused(leaves, data):
    size = len(leaves)
    index = data.draw(st.integers(0, size - 1))
    root, path = recursive(leaves), list(inclusion_path(leaves, index))
    forged = data.draw(st.sampled_from(["leaf", "index", "size", "short", "long", "node"]))
    leaf = leaf_hash(b"other") if forged == "leaf" else leaves[index]
    if forged == "index":
        index = data.draw(st.integers(0, size).filter(lambda n: n != index))
    if forged == "size":
        size = data.draw(st.integers(0, 200).filter(lambda n: n != size))
    path = {"short": path[:-1], "long": [*path, leaf]}.get(forged, path)
    if forged == "node" and path:
        path[data.draw(st.integers(0, len(path) - 1))] = bytes(32)

    for verify in (root_from_path, independent().root_from_path):
        try:
            found = verify(leaf, index, size, path)
        except ValueError:
            continue  # BadProof is one
        # A wrong size can end in the same walk; then the root is right and so is the claim.
        assert found != root or forged in ("size", "node", "short")


def test_an_inner_node_does_not_pass_for_a_leaf():
    leaves = [leaf_hash(bytes([n])) for n in range(4)]
    root = root_of(leaves)[0]
    node = leaves[0] + leaves[1]

    assert root_of([leaf_hash(node), leaf_hash(leaves[2] + leaves[3])])[0] != root
    with pytest.raises(BadProof):
        root_from_path(leaves[0], 0, 4, inclusion_path(leaves, 0)[:1])
    with pytest.raises(BadProof):
        inclusion_path(leaves, 4)


@given(st.data())
@few
def test_a_leaf_is_the_same_bytes_to_both_and_every_fact_counts(data):
    texts, numbers = st.text(max_size=9), st.integers(0, 2**62)
    values = [data.draw(st.uuids() if name.endswith("_id") else st.booleans() if name == "livemode"
                        else texts if name in ("customer", "kind", "outcome", "provider", "model")
                        else numbers) for name in FACTS]  # fmt: skip
    other = list(values)
    place = data.draw(st.integers(0, len(FACTS) - 1))
    other[place] = (not values[place]) if type(values[place]) is bool else f"{values[place]}!"

    assert event_leaf(values) == independent().leaf_hash(leaf_facts(values))
    assert event_leaf(values) != event_leaf(other)


@given(st.dates(date(1970, 1, 1), date(9999, 12, 30)), st.integers(0, 86_399_999))
def test_an_id_says_its_day(day, ms):
    at = datetime.combine(day, time(), UTC) + timedelta(milliseconds=ms)
    event_id = UUID(int=first_id(at).int | uuid4().int >> 48)
    first, last = day_span(day_of(event_id))

    assert first <= event_id < last and day_of(event_id) == day
    assert day_of(last) == day + timedelta(days=1)
