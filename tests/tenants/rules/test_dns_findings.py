"""What DNS answers mean: a worked table of worlds, and who has to act in each."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants.rules.dns_findings import (
    Expected,
    Reply,
    Seen,
    State,
    Verdict,
    Who,
    findings,
    is_proxy,
    verdict,
)

TARGET, TOKEN = "a1b2.edge.agentcache.cloud", "agentcache-verify=fresh"
WANTED = Expected(TARGET, TOKEN, "edge.agentcache.cloud", ("letsencrypt.org", "pki.goog"))
OURS = ("192.0.2.10", "2001:db8::10")


def ok(*values):
    return Reply("ok", values)


NOTHING, NO_NAME, LATE = Reply("nodata"), Reply("nxdomain"), Reply("timeout")
GOOD = Seen(ok(TOKEN), ok(TARGET), ok(*OURS), ok(*OURS), NOTHING)
FLAT = replace(GOOD, cname=NOTHING)
OTHER = "198.51.100.7"
P, F, U = Verdict.PASSED, Verdict.FAILED, Verdict.UNASKED
WORLDS = [
    # what differs from a good world, the check, its state, code, who acts, the verdict
    (GOOD, {}, "txt", "ok", "txt_found", "nobody", P),
    (GOOD, {"txt": NO_NAME}, "txt", "missing", "txt_missing", "dns", F),
    (GOOD, {"txt": ok("v=spf1")}, "txt", "wrong", "txt_wrong", "dns", F),
    (GOOD, {"txt": ok("agentcache-verify=old")}, "txt", "wrong", "txt_stale", "dns", F),
    (GOOD, {"txt": ok("agentcache-verify=old", TOKEN)}, "txt", "ok", "txt_found", "nobody", P),
    (GOOD, {"txt": NO_NAME, "doubled": ok(TOKEN)}, "txt", "wrong", "txt_doubled", "dns", F),
    (GOOD, {"txt": LATE}, "txt", "unasked", "timeout", "nobody", U),
    (GOOD, {"txt": Reply("servfail")}, "txt", "unasked", "servfail", "nobody", U),
    (GOOD, {"txt": Reply("refused")}, "txt", "unasked", "refused", "nobody", U),
    (GOOD, {"txt": Reply("bogus")}, "txt", "wrong", "dnssec", "registrar", F),
    (GOOD, {}, "cname", "ok", "cname_found", "nobody", P),
    (GOOD, {"cname": ok("www.shop.com", TARGET)}, "cname", "ok", "cname_found", "nobody", P),
    (GOOD, {"cname": ok("shop.pages.dev")}, "cname", "wrong", "cname_wrong", "dns", F),
    (GOOD, {"cname": ok("zz.edge.agentcache.cloud")}, "cname", "wrong", "cname_stale", "dns", F),
    (GOOD, {"cname": LATE}, "cname", "unasked", "timeout", "nobody", U),
    (GOOD, {"cname": Reply("bogus")}, "cname", "wrong", "dnssec", "registrar", F),
    (FLAT, {}, "cname", "ok", "cname_flattened", "nobody", P),
    (FLAT, {"addresses": ok(OURS[0])}, "cname", "ok", "cname_flattened", "nobody", P),
    (FLAT, {"addresses": NO_NAME}, "cname", "missing", "cname_missing", "dns", F),
    (FLAT, {"addresses": ok("104.16.1.1")}, "cname", "wrong", "proxy_on", "dns", F),
    (FLAT, {"addresses": ok("2606:4700::1")}, "cname", "wrong", "proxy_on", "dns", F),
    (FLAT, {"addresses": ok(OTHER)}, "cname", "wrong", "addresses_elsewhere", "dns", F),
    (FLAT, {"addresses": ok(OTHER, OURS[0])}, "cname", "wrong", "addresses_mixed", "dns", F),
    (FLAT, {"addresses": Reply("servfail")}, "cname", "unasked", "servfail", "nobody", U),
    (FLAT, {"target_addresses": LATE}, "cname", "unasked", "target_unresolved", "us", U),
    (FLAT, {"txt": NO_NAME, "target_addresses": LATE}, "txt", "missing", "txt_missing", "dns", F),
    (GOOD, {}, "caa", "ok", "caa_none", "nobody", P),
    (GOOD, {"caa": ok('0 iodef "mailto:x@shop.com"')}, "caa", "ok", "caa_none", "nobody", P),
    (GOOD, {"caa": ok('0 issue "LetsEncrypt.org"')}, "caa", "ok", "caa_allows", "nobody", P),
    (GOOD, {"caa": ok('0 issue "pki.goog; accounturi=x"')}, "caa", "ok", "caa_allows", "nobody", P),
    (GOOD, {"caa": ok('0 issue "digicert.com"')}, "caa", "wrong", "caa_blocks", "dns", P),
    (GOOD, {"caa": ok('0 issue ";"')}, "caa", "wrong", "caa_blocks", "dns", P),
    (GOOD, {"caa": ok('0 issuewild "letsencrypt.org"')}, "caa", "ok", "caa_none", "nobody", P),
    (GOOD, {"caa": LATE}, "caa", "unasked", "timeout", "nobody", P),
]  # fmt: skip


@pytest.mark.parametrize(("world", "differs", "check", "state", "code", "who", "said"), WORLDS)
def test_a_world_and_what_it_means(world, differs, check, state, code, who, said):
    found = findings(replace(world, **differs), WANTED)

    one = next(finding for finding in found if finding.check == check)
    assert (one.state, one.code, one.who, verdict(found)) == (state, code, who, said)


def test_a_name_held_by_another_is_told_and_fails():
    found = findings(GOOD, replace(WANTED, held=True))

    assert [(f.check, f.code) for f in found if f.state is State.WRONG] == [("owner", "held")]
    assert verdict(found) is Verdict.FAILED


replies = st.builds(
    Reply,
    st.sampled_from(["ok", "nodata", "nxdomain", "timeout", "servfail", "refused", "bogus"]),
    st.lists(st.sampled_from([TOKEN, TARGET, "x"]), max_size=2).map(tuple),
)
addresses = st.lists(st.sampled_from([*OURS, "198.51.100.7", "104.16.1.1"]), max_size=3).map(
    lambda found: Reply("ok" if found else "nodata", tuple(found))
)


@given(st.builds(Seen, replies, replies, addresses, addresses, st.just(NOTHING)))
def test_every_fault_names_who_acts_and_only_answers_can_pass(seen):
    found = findings(seen, WANTED)

    for one in found:
        assert (one.who is Who.NOBODY) or one.state in (State.MISSING, State.WRONG, State.UNASKED)
        assert one.state not in (State.MISSING, State.WRONG) or one.who is not Who.NOBODY
        assert one.expected or one.state is State.OK
    if verdict(found) is Verdict.PASSED:
        assert TOKEN in seen.txt.values and seen.txt.asked
    assert Seen.from_json(seen.as_json()) == seen


def test_proxies_are_known_by_their_networks():
    assert is_proxy("172.64.0.1") and is_proxy("2606:4700:10::1")
    assert not is_proxy("172.63.255.255") and not is_proxy("2001:db8::1")
