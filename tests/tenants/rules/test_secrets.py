"""API keys, wrapped data keys and ids."""

import uuid
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants.rules import datakeys, ids, keys

KEK = b"k" * 32
LENGTH = len("acp_live_") + 12 + 1 + 43 + 6
REDIS, PINECONE = ids.uuid7(), ids.uuid7()


@pytest.mark.parametrize("livemode", [True, False])
def test_a_minted_key_is_parsed_and_matches_only_itself(livemode):
    mine, other = keys.mint(livemode=livemode), keys.mint(livemode=livemode)

    parsed = keys.parse(mine.text)

    assert mine.text.startswith(f"acp_{'live' if livemode else 'test'}_{mine.key_id}_")
    assert (parsed.key_id, parsed.livemode) == (mine.key_id, livemode)
    assert len(mine.text) == LENGTH
    assert keys.matches(parsed, mine.secret_sha256)
    assert not keys.matches(parsed, other.secret_sha256)


@given(st.integers(0, LENGTH - 1), st.sampled_from("0aZ_-é \n"))
def test_any_mistyped_digit_is_noticed_without_repeating_the_key(position, digit):
    text = keys.mint(livemode=True).text
    mistyped = text[:position] + digit + text[position + 1 :]
    if mistyped == text:
        return

    with pytest.raises(keys.MalformedKey) as caught:
        keys.parse(mistyped)

    assert mistyped not in str(caught.value)


def test_a_partners_own_prefix_is_part_of_the_key_and_of_its_check_digits():
    mine = keys.mint(livemode=True, prefix="rcp")

    parsed = keys.parse(mine.text)

    assert mine.text.startswith(f"rcp_live_{mine.key_id}_")
    assert (parsed.key_id, parsed.livemode) == (mine.key_id, True)
    assert keys.matches(parsed, mine.secret_sha256)
    with pytest.raises(keys.MalformedKey, match="check digits"):
        keys.parse("acp" + mine.text[3:])


@pytest.mark.parametrize(
    "text", ["", "acp_live_", "Bearer x", "acp_prod_" + "a" * 62, "a" * 100_000]
)
def test_other_text_is_no_key(text):
    with pytest.raises(keys.MalformedKey):
        keys.parse(text)


def test_a_data_key_opens_for_its_partner_its_number_and_its_platform_key_only():
    key = datakeys.new_data_key()
    wrapped = datakeys.wrap(KEK, key, partner_id=REDIS, number=1)

    assert datakeys.unwrap(KEK, wrapped, partner_id=REDIS, number=1) == key
    assert key not in wrapped
    for kek, raw, partner, number in (
        (KEK, wrapped, PINECONE, 1),
        (KEK, wrapped, REDIS, 2),
        (b"x" * 32, wrapped, REDIS, 1),
        (KEK, wrapped[:-1], REDIS, 1),
        (KEK, b"", REDIS, 1),
        (KEK, wrapped[:-1] + bytes([wrapped[-1] ^ 1]), REDIS, 1),
    ):
        with pytest.raises(datakeys.CannotUnwrap):
            datakeys.unwrap(kek, raw, partner_id=partner, number=number)


def test_the_platform_key_is_32_bytes_or_64_hex_digits():
    assert datakeys.parse_kek(KEK) == KEK
    assert datakeys.parse_kek(KEK.hex().encode() + b"\n") == KEK
    for bad in (b"", b"short", b"z" * 64, b"k" * 33):
        with pytest.raises(datakeys.BadKek):
            datakeys.parse_kek(bad)


def test_of_several_platform_keys_the_first_wraps_and_each_opens():
    old, new = b"o" * 32, b"n" * 32
    both = datakeys.parse_kek(new.hex().encode() + b"\n" + old.hex().encode() + b"\n")
    data_key = datakeys.new_data_key()
    before = datakeys.wrap(old, data_key, partner_id=REDIS, number=1)

    after = datakeys.rewrap(both, before, partner_id=REDIS, number=1)

    assert both == new + old and datakeys.kek_id(both) == datakeys.kek_id(new)
    for kek in (both, new):
        assert datakeys.unwrap(kek, after, partner_id=REDIS, number=1) == data_key
    assert datakeys.unwrap(both, before, partner_id=REDIS, number=1) == data_key
    assert datakeys.rewrap(both, after, partner_id=REDIS, number=1) is None
    for kek, wrapped in ((old, after), (new, before)):
        with pytest.raises(datakeys.CannotUnwrap):
            datakeys.unwrap(kek, wrapped, partner_id=REDIS, number=1)
    with pytest.raises(datakeys.CannotUnwrap):
        datakeys.rewrap(both, before, partner_id=PINECONE, number=1)
    with pytest.raises(datakeys.BadKek):
        datakeys.parse_kek(new.hex().encode() + b"\nshort\n")


@given(st.integers(0, 2**48 - 1), st.binary(min_size=10, max_size=40))
def test_an_id_holds_its_instant_and_is_always_the_same(unix_ms, entropy):
    one = ids.uuid7_at(unix_ms, entropy)

    assert one == ids.uuid7_at(unix_ms, entropy)
    assert (one.version, one.variant) == (7, uuid.RFC_4122)
    assert ids.unix_ms(one) == unix_ms
    assert ids.first_uuid7(datetime.fromtimestamp(0, UTC)) <= one


def test_ids_rise_and_wrong_arguments_are_named():
    assert ids.uuid7() < ids.uuid7()
    with pytest.raises(ValueError, match="does not fit"):
        ids.uuid7_at(2**48, b"0" * 10)
    with pytest.raises(ValueError, match="10 bytes"):
        ids.uuid7_at(0, b"0" * 9)
    with pytest.raises(ValueError, match="not a UUIDv7"):
        ids.unix_ms(uuid.uuid4())
    with pytest.raises(ValueError, match="time zone"):
        ids.first_uuid7(datetime(2026, 1, 1))  # noqa: DTZ001
