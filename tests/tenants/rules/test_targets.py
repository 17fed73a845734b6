"""Addresses a webhook may be given, and machines it may reach."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants.rules.targets import BadTarget, chosen, is_public, target

GOOD = {
    "https://example.com": ("example.com", 443, "/"),
    "https://Hooks.Example.com:8443/a?b=c": ("hooks.example.com", 8443, "/a?b=c"),
    "https://xn--bcher-kva.example/x": ("xn--bcher-kva.example", 443, "/x"),
}
BAD = {
    "http://example.com/": "begins with https",
    "ftp://example.com/": "begins with https",
    "https://example.com:22/": "Use one of the ports 443, 8443, not 22",
    "https://example.com:0/": "Use one of the ports 443, 8443, not 0",
    "https://example.com:99999/": "This is no address",
    "https://127.0.0.1/": "no public host name",
    "https://2130706433/": "no public host name",
    "https://0x7f.1/": "no public host name",
    "https://[::1]/": "no public host name",
    "https://[fe80::1%25eth0]/": "no",
    "https://localhost/": "no public host name",
    "https://a.localhost/": "no public host name",
    "https://metadata.google.internal/": "no public host name",
    "https://user:pw@example.com/": "Leave out user names",
    "https://example.com@127.0.0.1/": "Leave out user names",
    "https://example.com\\@127.0.0.1/": "Leave out",
    "https://example.com/#x": "fragments",
    "https://exa mple.com/": "without spaces",
    "https://ex\u00e4mple.com/": "ASCII",
    "https:///x": "This is no public host name",
    "https://example.com/" + "x" * 1000: "at most 1000",
    "": "begins with https",
}
PRIVATE = (
    "127.0.0.1", "127.255.0.9", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1",
    "100.100.100.200", "169.254.169.254", "192.0.0.192", "198.18.0.1", "224.0.0.1",
    "255.255.255.255", "168.63.129.16", "::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1",
    "fd00:ec2::254", "ff02::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1",
    "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "2001:0:7f00:1::", "2001:db8::1", "nonsense", "",
    "64:ff9b:1::a9fe:a9fe", "fec0::1", "5f00::1", "3fff::1", "4000::1", "::ffff:0:7f00:1",
    "0177.0.0.1", "0x7f.0.0.1", "2130706433", "127.1", "127.0.0.1 ", "\u0661.1.1.1",
)  # fmt: skip


@pytest.mark.parametrize("url", GOOD)
def test_a_public_https_address(url):
    found = target(url)

    assert (found.host, found.port, found.path, found.scheme) == (*GOOD[url], "https")
    assert not found.loopback


@pytest.mark.parametrize("url", BAD)
def test_an_address_that_is_refused_says_why(url):
    with pytest.raises(BadTarget, match=BAD[url]):
        target(url)


def test_loopback_only_where_it_is_allowed():
    assert target("http://localhost:9000/x", loopback=True).loopback
    for url in ("http://localhost:9000/", "http://127.0.0.1:9000/"):
        with pytest.raises(BadTarget):
            target(url)
    for url in ("http://localhost:22/", "http://localhost/", "http://10.0.0.1:9000/",
                "https://127.0.0.1/"):  # fmt: skip
        with pytest.raises(BadTarget):
            target(url, loopback=True)


@pytest.mark.parametrize("address", PRIVATE)
def test_what_is_not_the_public_internet(address):
    assert not is_public(address)
    with pytest.raises(BadTarget):
        chosen(["93.184.215.14", address], loopback=False)


@pytest.mark.parametrize("address", ["93.184.215.14", "1.1.1.1", "2606:2800:21f:cb07::1"])
def test_what_is(address):
    assert is_public(address)
    assert chosen([address], loopback=False) == address
    with pytest.raises(BadTarget):
        chosen([address], loopback=True)


def test_a_name_without_address():
    with pytest.raises(BadTarget, match="no address"):
        chosen([], loopback=False)


@given(
    st.one_of(
        st.ip_addresses(network="10.0.0.0/8"),
        st.ip_addresses(network="127.0.0.0/8"),
        st.ip_addresses(network="169.254.0.0/16"),
        st.ip_addresses(network="fc00::/7"),
    )
)
def test_no_private_address_is_public_in_any_spelling(address):
    assert not is_public(str(address))
    if isinstance(address, ipaddress.IPv4Address):
        assert not is_public(f"::ffff:{address}")
        assert not is_public(str(ipaddress.IPv6Address((0x64FF9B << 96) | int(address))))
        assert not is_public(str(ipaddress.IPv6Address((0x2002 << 112) | (int(address) << 80))))
