"""Addresses out of a paste: each good one once, each bad one with its line."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenants.rules.addresses import is_address, pasted


@pytest.mark.parametrize(("text", "good", "bad"), [
    ("", (), ()),
    ("A@Example.com\nb@example.com", ("a@example.com", "b@example.com"), ()),
    ("a@example.com, b@example.com;c@example.com\r\n\n a@example.com ,",
     ("a@example.com", "b@example.com", "c@example.com"), ()),
    ("Ada Lovelace <Ada@Example.com>", ("ada@example.com",), ()),
    ("a@example.com\nnobody\n\nb@", ("a@example.com",), ((2, "nobody"), (4, "b@"))),
    ("a@b", (), ((1, "a@b"),)),
    ("a b@example.com", (), ((1, "a b@example.com"),)),
    (".a@example.com\na..b@example.com", (),
     ((1, ".a@example.com"), (2, "a..b@example.com"))),
    ("x" * 65 + "@example.com", (), ((1, "x" * 65 + "@example.com"),)),
    ("a@example.com\0", (), ((1, "a@example.com\0"),)),
    ("<script>@example.com", (), ((1, "<script>@example.com"),)),
])  # fmt: skip
def test_a_paste(text, good, bad):
    found = pasted(text)

    assert (found.good, found.bad) == (good, bad)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=300))
def test_every_piece_is_an_address_or_named(text):
    found = pasted(text)

    assert all(is_address(one) for one in found.good) and len(set(found.good)) == len(found.good)
    assert all(1 <= number <= len(text.splitlines()) for number, _ in found.bad)
    assert pasted("\n".join(found.good)).good == found.good  # reading it again changes nothing
