"""Bodies from strangers: what is accepted is exactly JSON within the limits, else it is named."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cache_api.rules import inflate, strictjson
from cache_api.rules.strictjson import BadJson, parse


def code_of(body):
    with pytest.raises(BadJson) as caught:
        parse(body)
    return caught.value.code


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"{",
        b'{"a":}',
        b"[1,]",
        b"{'a':1}",
        b"nul",
        b"01",
        b"[1] x",
        b"NaN",
        b"[Infinity]",
        b"[-Infinity]",
        b'"\xff"',
        b'"\xed\xa0\x80"',
        b"\xef\xbb\xbf{}",
        b'"\x01"',
        b'"\\x"',
        b'"\\u12"',
        b"1e400",
        b'["\\ud800",1e400]',
        b'["\\ud800",NaN]',
    ],
)
def test_malformed_bodies_are_named(body):
    assert code_of(body) == "invalid-json"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (b'{"a":1,"a":2}', "/a"),
        (b'{"x":[{"b/c":1,"b/c":1}]}', "/b~1c"),
        (b'{"a" :1,"a" :2}', "/a"),
        (b'{"a"\n:1,"a"\t:2}', "/a"),
        (b'{"a":"x:y","b":":","a":2}', "/a"),
        (b'{"a":1,"\\u0061":2}', "/a"),
        (b'{"a":"\\":","a":2}', "/a"),
    ],
)
def test_a_member_named_twice_is_refused_wherever_colons_hide(body, pointer):
    with pytest.raises(BadJson) as caught:
        parse(body)

    assert (caught.value.code, caught.value.pointer) == ("duplicate-member", pointer)


@pytest.mark.parametrize(
    "body", [b'{"a":"b: c","d":[":",{"e":"\\":"}]}', b'{"a" : 1, "b"\n:2}', b'[":",":"]']
)
def test_colons_in_text_are_no_members(body):
    assert parse(body) == json.loads(body)


def test_depth_is_allowed_up_to_64():
    assert parse(b"[" * 64 + b"]" * 64)

    assert code_of(b"[" * 65 + b"]" * 65) == "too-deep"


def test_wide_is_not_deep():
    assert len(parse(b"[" + b",".join([b"[]"] * 1000) + b"]")) == 1000


def test_brackets_in_text_are_not_depth():
    assert parse(b'"' + b"[" * 1000 + b'"') == "[" * 1000


def test_twenty_thousand_values_and_no_more():
    assert len(parse(b"[" + b",".join([b"1"] * 19_999) + b"]")) == 19_999

    assert code_of(b"[" + b",".join([b"1"] * 20_000) + b"]") == "too-many-values"


def test_commas_in_text_are_not_values():
    assert parse(b'"' + b"," * 30_000 + b'"') == "," * 30_000


def test_what_a_compressed_body_may_hold_and_no_more():
    body = b'"' + b"x" * (inflate.MAX_BYTES - 2) + b'"'

    assert len(parse(body)) == inflate.MAX_BYTES - 2 > strictjson.MAX_BYTES
    assert code_of(body + b" ") == "payload-too-large"


def test_lone_surrogates_are_json():
    assert parse(b'{"a":"\\ud800"}') == {"a": "\ud800"}


HOSTILE = [
    b"[" * 5_000_000,
    b'[{"a":' * 1_000_000,
    b"[" + b"1," * 4_000_000 + b"1]",
    b'"' + b'\\"' * 4_000_000,
    b'"' + b'\\"' * 2_000_000 + b"," * 30_000,
    b"," * 30_000 + b'"\\' * 2_000_000,
    b"[" * 100 + b" " * 5_000_000,
    b'["' + b'",","' * 1_500_000,
    b'{"a":"' + b":" * 9_000_000 + b'","a":1}',
]


@pytest.mark.parametrize("body", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_bodies_are_refused_within_a_second(body):
    began = time.process_time()

    code_of(body)

    assert time.process_time() - began < 1


values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text('a:"\\{}[], é', max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(values, st.sampled_from([(",", ":"), (", ", ": "), (" ,", " : "), ("\n,", "\t:\n")]))
def test_every_json_value_is_read_as_the_standard_parser_does(value, separators):
    body = json.dumps(value, separators=separators).encode()

    assert parse(body) == value
