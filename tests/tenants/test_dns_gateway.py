"""The gateway asks a real name server; the rules say what its answers mean."""

import pytest

from tenants.gateways.dns import Dns
from tenants.rules.custom_hosts import custom_host
from tenants.rules.dns_findings import Expected, Verdict, findings, verdict
from tests.tenants.name_server import BOGUS, REFUSED, SERVFAIL, SILENT

HOST, TARGET = "cache.shop.com", "a1b2.edge.agentcache.cloud"
CHALLENGE, TOKEN = f"_agentcache-challenge.{HOST}", "agentcache-verify=fresh"
WANTED = Expected(TARGET, TOKEN, "edge.agentcache.cloud", ("letsencrypt.org",))


@pytest.fixture
def world(dns_zone):
    """A zone in which everything is right."""
    zone, address = dns_zone
    zone.set(CHALLENGE, "TXT", '"agentcache-verify=" "fresh"')
    zone.set(HOST, "CNAME", f"{TARGET}.")
    zone.set(TARGET, "A", "192.0.2.10")
    zone.set(TARGET, "AAAA", "2001:db8::10")
    zone.address = address
    return zone


def look(zone, timeout_s=2.0):
    seen = Dns([zone.address], timeout_s).look(custom_host(HOST), TARGET)
    found = findings(seen, WANTED)
    return seen, {one.check: one.code for one in found}, verdict(found)


def test_records_as_they_should_be(world):
    seen, codes, said = look(world)

    assert codes == {"txt": "txt_found", "cname": "cname_found", "caa": "caa_none"}
    assert said is Verdict.PASSED
    assert seen.cname.values == (TARGET,) and seen.txt.values == (TOKEN,)
    assert seen.target_addresses.values == ("192.0.2.10", "2001:db8::10")


@pytest.mark.parametrize(
    ("name", "rdtype", "values", "check", "code"),
    [
        (HOST, "CNAME", ["www.shop.com."], "cname", "cname_wrong"),
        (HOST, "CNAME", ["old.edge.agentcache.cloud."], "cname", "cname_stale"),
        (HOST, "CNAME", [SERVFAIL], "cname", "servfail"),
        (HOST, "CNAME", [REFUSED], "cname", "refused"),
        (CHALLENGE, "TXT", ['"agentcache-verify=old"'], "txt", "txt_stale"),
        (CHALLENGE, "TXT", [SERVFAIL], "txt", "servfail"),
        (CHALLENGE, "TXT", [BOGUS], "txt", "dnssec"),
        ("shop.com", "CAA", ['0 issue "digicert.com"'], "caa", "caa_blocks"),
        ("com", "CAA", ['0 issue "letsencrypt.org"'], "caa", "caa_none"),
        ("agentcache.cloud", "CAA", ['0 issue "digicert.com"'], "caa", "caa_none"),
    ],
)
def test_one_thing_is_different(world, name, rdtype, values, check, code):
    world.set(name, rdtype, *values)

    assert look(world)[1][check] == code


def test_a_chain_is_followed_to_the_target(world):
    world.set(HOST, "CNAME", "www.shop.com.")
    world.set("www.shop.com", "CNAME", f"{TARGET}.")

    assert look(world)[1]["cname"] == "cname_found"


def test_a_circle_of_cnames_ends(world):
    world.set(HOST, "CNAME", "www.shop.com.")
    world.set("www.shop.com", "CNAME", f"{HOST}.")

    assert look(world)[1]["cname"] == "cname_wrong"


@pytest.mark.parametrize(
    ("addresses", "code"),
    [
        (["192.0.2.10"], "cname_flattened"),
        (["198.51.100.1"], "addresses_elsewhere"),
        (["192.0.2.10", "198.51.100.1"], "addresses_mixed"),
        (["104.18.2.3"], "proxy_on"),
        ([], "cname_missing"),
    ],
)
def test_flattened_names_are_told_by_their_addresses(world, addresses, code):
    del world.records[HOST, "CNAME"]
    world.set(HOST, "A", *addresses)

    assert look(world)[1]["cname"] == code


def test_the_token_under_a_name_that_got_the_zone_twice(world):
    del world.records[CHALLENGE, "TXT"]
    world.set(f"{CHALLENGE}.shop.com", "TXT", f'"{TOKEN}"')

    assert look(world)[1]["txt"] == "txt_doubled"


def test_a_servers_silence_is_no_failure(world):
    world.set(CHALLENGE, "TXT", SILENT)

    _, codes, said = look(world, timeout_s=0.3)

    assert (codes["txt"], said) == ("timeout", Verdict.UNASKED)


def test_no_server_at_all_is_no_failure():
    seen = Dns(["127.0.0.1:1"], 0.2).look(custom_host(HOST), TARGET)

    found = findings(seen, WANTED)
    assert verdict(found) is Verdict.UNASKED
    assert {one.state for one in found} == {"unasked"}


def test_caa_is_asked_for_up_the_tree_and_not_of_the_top(world):
    look(world)

    asked = [name for name, rdtype in world.asked if rdtype == "CAA"]
    assert asked == [HOST, "shop.com"]
