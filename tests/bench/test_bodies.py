"""1,000 requests, each with an answer of its own."""

import json

import pytest

from bench import bodies, traffic
from cache_api.rules import digest, identity


@pytest.mark.parametrize("size", bodies.SIZES)
def test_responses_have_their_size_and_are_told_apart_by_their_first_words(size):
    found = [bodies.response(index, size) for index in range(bodies.KEYS)]
    assert {len(one) for one in found} == {size}
    for index, one in enumerate(found):
        assert bodies.content(one).startswith(b"answer-%04d " % index)
        # A JSON writer must not have to escape anything: proxies write the text again.
        assert bodies.content(one) in one


def test_requests_have_different_digests_and_say_which_they_are():
    asked = [bodies.request(index) for index in range(bodies.KEYS)]
    assert len({digest.digest(identity.identify(one)) for one in asked}) == bodies.KEYS
    assert [bodies.index_of(json.dumps(one)) for one in asked] == list(range(bodies.KEYS))
    with pytest.raises(ValueError, match="not one of"):
        bodies.index_of("My order has not arrived")


def test_a_lookup_by_key_sends_the_key_only():
    assert b"original_request" in traffic.lookup("h", "k", 0)
    assert b"original_request" not in traffic.lookup("h", "k", 0, whole=False)
    assert traffic.lookup("h", "k", 0, whole=False) != traffic.lookup("h", "k", 1, whole=False)
