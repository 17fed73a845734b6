"""`Host` headers: one normal form, or nobody's."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tenants.rules.hostnames import InvalidHostname, normalise

SAME = {
    "cache.example.com": (
        "cache.example.com", "CACHE.Example.com", "cache.example.com.", "cache.example.com:8000",
        "cache.example.com.:443", " cache.example.com ", "cache.example.com:",
    ),
    "xn--bcher-kva.example": ("bücher.example", "BÜCHER.example", "xn--bcher-kva.example"),
    "::1": ("[::1]", "[::1]:8000"), "127.0.0.1": ("127.0.0.1", "127.0.0.1:80"),
}  # fmt: skip
# What stands behind a name is repeated in links and redirects: only a number may.
NOBODYS = (
    "", " ", ".", "..", ":80", "a..b", "-a.example", "a-.example", "a_b.example", "a b.example",
    "cache.example.com:80@evil.example", "cache.example.com:evil.example", "cache.example.com:-1",
    "cache.example.com/", "cache.example.com#", "cache.example.com?x", "cache.example.com\\@evil",
    "user@cache.example.com", "cache.example.com, evil.example", "cache.example.com:80:80",
    "cache\n.example.com", "cache.example.com\n.evil", "[::1", "::1",
    "[é]", "[::1]evil", "[evil.example]", "[fe.ed]", "[]", "a" * 64 + ".example",
    "a." * 127 + "example", "cache.example.com:123456", "a\x00.example", "a\u2024example\ufffd",
)  # fmt: skip


@pytest.mark.parametrize("wanted", SAME)
def test_spellings_of_one_name(wanted):
    assert {normalise(spelling) for spelling in SAME[wanted]} == {wanted}


@pytest.mark.parametrize("host", NOBODYS)
def test_what_is_no_host(host):
    with pytest.raises(InvalidHostname):
        normalise(host)


@settings(deadline=None)
@given(st.text(max_size=80) | st.from_regex(r"[a-z.\[\]:@/\n-]{1,40}"))
@example("cache.example.com:80\n")
def test_a_normal_form_is_plain_and_its_own(host):
    try:
        found = normalise(host)
    except InvalidHostname:
        return
    assert found.isascii() and found.isprintable() and not set(found) & set(" /@\\#?[]")
    assert ":" not in found or host.strip().startswith("[")
    assert normalise(f"[{found}]" if ":" in found else found) == found
