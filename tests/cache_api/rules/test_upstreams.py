"""Where a caller's key for a provider may travel."""

import pytest

from cache_api.rules.upstreams import address, granted


@pytest.mark.parametrize(
    ("base", "url"),
    [
        ("https://api.openai.com/v1", "https://api.openai.com/v1/x?q=1"),
        ("https://api.openai.com/v1/", "https://api.openai.com/v1/x?q=1"),
        ("http://127.0.0.1:9/v1", "http://127.0.0.1:9/v1/x?q=1"),
        ("http://localhost", "http://localhost/x?q=1"),
        ("http://api.openai.com/v1", None),
        ("http://127.0.0.1.evil.example/v1", None),
        ("https://user:word@api.openai.com", None),
        ("https://api.openai.com/v1?x=1", None),
        ("https://api.openai.com/v1#x", None),
        ("file:///etc/passwd", None),
        ("https://", None),
        ("https://[bad", None),
        ("", None),
    ],
)
def test_addresses(base, url):
    assert address(base, "/x", "q=1") == url


@pytest.mark.parametrize("value", [None, [], "https://api.openai.com", {"openai": 1}, {"a": "b"}])
def test_what_is_no_address_grants_nothing(value):
    assert granted(value) == {}


def test_good_addresses_stay_beside_bad_ones():
    good = {"openai": "https://api.openai.com/v1"}

    assert granted({**good, "groq": "http://api.groq.com"}) == good
