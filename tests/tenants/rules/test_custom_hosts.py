"""Which names a partner may bring: what Cloudflare refuses, we refuse."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants.rules.custom_hosts import HostRefused, custom_host, parse_custom_host

OURS = "agentcache.cloud"
REFUSED = [
    ("192.0.2.1", "address"), ("192.0.2.1:443", "address"), ("[2001:db8::1]", "address"),
    ("2001:db8::1", "address"), ("https://192.0.2.1/", "address"),
    ("localhost", "not_a_name"), ("", "not_a_name"), ("   ", "not_a_name"),
    ("a b.com", "not_a_name"),
    ("-x.shop.com", "not_a_name"), ("_x.shop.com", "not_a_name"), ("x..shop.com", "not_a_name"),
    ("*.shop.com", "not_a_name"), ("x" * 64 + ".shop.com", "not_a_name"),
    (".".join(["x" * 60] * 4) + ".shop.com", "not_a_name"), ("cache.shop.com:8443", "not_a_name"),
    ("cache.shop.test", "reserved"), ("cache.example.com", "reserved"), ("a.localhost", "reserved"),
    ("example.org", "reserved"), ("x.home.arpa", "reserved"), ("x.onion", "reserved"),
    ("co.uk", "suffix"), ("github.io", "suffix"), ("cache.shop.notatld", "unknown_tld"),
    ("agentcache.cloud", "platform"), ("p1.partners.agentcache.cloud", "platform"),
    ("AgentCache.Cloud.", "platform"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "code"), REFUSED)
def test_what_nobody_may_bring(text, code):
    with pytest.raises(HostRefused) as refused:
        parse_custom_host(text, platform_domain=OURS)

    assert refused.value.code == code


@pytest.mark.parametrize(
    ("text", "host", "shown", "zone", "apex"),
    [
        ("cache.shop.com", "cache.shop.com", "cache.shop.com", "shop.com", False),
        ("  HTTPS://Cache.Shop.com/path ", "cache.shop.com", "cache.shop.com", "shop.com", False),
        ("shop.co.uk", "shop.co.uk", "shop.co.uk", "shop.co.uk", True),
        ("cache.bücher.de", "cache.xn--bcher-kva.de", "cache.bücher.de", "xn--bcher-kva.de", False),
        ("straße.de", "xn--strae-oqa.de", "straße.de", "xn--strae-oqa.de", True),
        ("me.github.io", "me.github.io", "me.github.io", "me.github.io", True),
    ],
)
def test_what_is_taken_and_how_it_is_shown(text, host, shown, zone, apex):
    found = parse_custom_host(text, platform_domain=OURS)

    assert (found.host, found.shown, found.zone, found.is_apex) == (host, shown, zone, apex)
    assert found == custom_host(host)


def test_names_of_the_records_in_full_and_as_dns_pages_want_them():
    deep, apex = custom_host("cache.eu.shop.com"), custom_host("shop.com")

    assert deep.challenge == "_agentcache-challenge.cache.eu.shop.com"
    assert deep.relative(deep.challenge) == "_agentcache-challenge.cache.eu"
    assert deep.relative(deep.host) == "cache.eu"
    assert (
        apex.relative(apex.challenge) == "_agentcache-challenge"
        and apex.relative("shop.com") == "@"
    )


def parsed(text):
    try:
        return parse_custom_host(text, platform_domain=OURS)
    except HostRefused as refused:
        return refused.code


@given(st.text(max_size=80))
def test_any_text_is_a_host_or_a_refusal(text):
    found = parsed(text)

    assert found in {code for _, code in REFUSED} or parsed(found.host) == found
