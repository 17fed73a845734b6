"""The third wall alone: even under one and the same data key, a value opens only in its place."""

import uuid

import pytest

from cache_api.hot import envelope
from cache_api.hot.envelope import Alias, Entry, Forged, Meta, OutOfDate
from cache_api.hot.keyring import Keyring

ONE, OTHER = uuid.UUID(int=1), uuid.UUID(int=2)
PLACE = {"partner": ONE, "livemode": True, "customer": "acme", "namespace": "n", "key": b"k1",
         "generation": 3}  # fmt: skip
SEALED = {
    "an entry": (envelope.seal_entry, Entry(Meta(0, 1), b'"of one"')),
    "a long entry": (envelope.seal_entry, Entry(Meta(0, 1), b'"of one"' * 1_000)),
    "an alias": (envelope.seal_alias, Alias("a" * 64, 7)),
}
ELSEWHERE = [
    ("partner", OTHER, Forged), ("livemode", False, Forged), ("customer", "globex", Forged),
    ("customer", "", Forged), ("namespace", "", Forged), ("key", b"k2", Forged),
    ("generation", 4, OutOfDate),
]  # fmt: skip


def at(partner, livemode, customer, namespace, key, generation):
    ring = Keyring(partner, {1: b"d" * 32})  # as if two partners had the same one
    scope = ring.scope(livemode=livemode, customer=customer, namespace=namespace)
    return ring, scope, key, generation


@pytest.mark.parametrize("kind", SEALED)
@pytest.mark.parametrize(("member", "other", "error"), ELSEWHERE)
def test_a_value_opens_in_its_place_and_nowhere_else(kind, member, other, error):
    seal, value = SEALED[kind]
    sealed = seal(*at(**PLACE), value)
    assert envelope.unseal(*at(**PLACE), sealed) == value

    with pytest.raises(error):
        envelope.unseal(*at(**{**PLACE, member: other}), sealed)


def test_what_is_longer_on_one_side_and_shorter_on_the_other_is_another_place():
    """Customer and namespace are no text that was put together."""
    sealed = envelope.seal_alias(*at(**{**PLACE, "customer": "ab", "namespace": "c"}), Alias("a"))
    with pytest.raises(Forged):
        envelope.unseal(*at(**{**PLACE, "customer": "a", "namespace": "bc"}), sealed)


@pytest.mark.parametrize("at_byte", range(8))
def test_an_edited_header_does_not_open(at_byte):
    sealed = bytearray(envelope.seal_alias(*at(**PLACE), Alias("a" * 64)))
    sealed[at_byte] ^= 1
    with pytest.raises((Forged, OutOfDate)):
        envelope.unseal(*at(**PLACE), bytes(sealed))


def test_partners_name_their_entries_apart_even_under_one_data_key():
    names = {ring.entry_key(scope, b"k", b"text") for ring, scope, *_ in (
        at(**PLACE), at(**{**PLACE, "partner": OTHER}), at(**{**PLACE, "customer": "globex"}),
        at(**{**PLACE, "livemode": False}), at(**{**PLACE, "namespace": ""}),
    )}  # fmt: skip
    assert len(names) == 5
