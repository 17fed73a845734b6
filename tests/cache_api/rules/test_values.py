"""Values that are not JSON: what is one, how large it is, and what is refused with a pointer."""

import base64
import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cache_api.rules import cacheable, values
from tests.cache_api.rules.made_requests import any_json, some


def value(data="aGk=", **members):
    return {
        "content_type": "application/octet-stream",
        "encoding": "base64",
        "data": data,
    } | members


@some
@given(st.binary(max_size=300))
@example(b"")
def test_any_bytes_are_a_value_of_their_own_size(raw):
    found = values.check(value(base64.b64encode(raw).decode()))

    assert found == values.Value("application/octet-stream", len(raw))


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "text/plain; charset=utf-8",
        'multipart/form-data;boundary="a b"',
        "application/vnd.api+json",
        "application/x-msgpack ; v=1",
    ],
)
def test_media_types_are_taken(content_type):
    assert values.check(value(content_type=content_type)).content_type == content_type


@pytest.mark.parametrize(
    ("members", "pointer"),
    [
        ({"content_type": None}, "/content_type"),
        ({"content_type": 5}, "/content_type"),
        ({"content_type": ""}, "/content_type"),
        ({"content_type": "text"}, "/content_type"),
        ({"content_type": "text/"}, "/content_type"),
        ({"content_type": "text/plain\r\nset-cookie: a=b"}, "/content_type"),
        ({"content_type": "text/plain; charset"}, "/content_type"),
        ({"content_type": "text/plain\n"}, "/content_type"),
        ({"content_type": "téxt/plain"}, "/content_type"),
        ({"content_type": "text/" + "p" * 200}, "/content_type"),
        ({"encoding": "gzip"}, "/encoding"),
        ({"encoding": None}, "/encoding"),
        ({"encoding": "BASE64"}, "/encoding"),
        ({"data": None}, "/data"),
        ({"data": 5}, "/data"),
        ({"data": ["aGk="]}, "/data"),
        ({"data": "aGk"}, "/data"),
        ({"data": "aGk= "}, "/data"),
        ({"data": "aG\nk="}, "/data"),
        ({"data": "aGk=aGk="}, "/data"),
        ({"data": "aGk=="}, "/data"),
        ({"data": "===="}, "/data"),
        ({"data": "="}, "/data"),
        ({"data": "a==="}, "/data"),
        ({"data": "_-8="}, "/data"),
        ({"data": "aGl="}, "/data"),  # spare bits that are not 0: the same bytes as aGk=
        ({"data": "aGé="}, "/data"),
        ({"data": "\ud800aa="}, "/data"),
    ],
)
def test_what_does_not_hold_what_it_says_is_refused_with_a_pointer(members, pointer):
    with pytest.raises(values.BadValue) as refused:
        values.check(value(**members))

    assert refused.value.pointer == pointer
    assert pointer[1:] in refused.value.detail


def test_eight_mebibytes_are_taken_and_no_more():
    most = base64.b64encode(bytes(values.MAX_BYTES)).decode()
    more = base64.b64encode(bytes(values.MAX_BYTES + 1)).decode()

    assert values.check(value(most)).size == values.MAX_BYTES
    with pytest.raises(values.BadValue, match=f"{values.MAX_BYTES + 1} bytes"):
        values.check(value(more))


def test_an_empty_value_is_empty_and_not_stored():
    assert values.check(value("")).size == 0
    assert cacheable.refusal(value(""), {}) == "empty"
    assert cacheable.refusal(value(), {}) is None


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        (value(), True),
        (value(flags=3), True),
        ({"encoding": "base64", "data": 1}, True),
        ({"content_type": "text/plain", "data": "aGk="}, False),
        ({"object": "list", "data": []}, False),
        ("aGk=", False),
        ([value()], False),
        (None, False),
    ],
)
def test_a_value_has_both_encoding_and_data(response, expected):
    assert values.is_value(response) is expected


@some
@given(any_json, any_json, any_json)
def test_arbitrary_members_are_checked_or_refused(content_type, encoding, data):
    given_value = {"content_type": content_type, "encoding": encoding, "data": data}
    before = json.dumps(given_value)
    try:
        size = values.check(given_value).size
    except values.BadValue:
        size = None

    assert size is None or size == len(base64.b64decode(data))
    assert json.dumps(given_value) == before
