"""An address for mails: which may be brought, what DNS says of it, when mails come from it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants.rules.dns_findings import Reply, Verdict
from tenants.rules.senders import (
    SENDING,
    AddressRefused,
    SenderSeen,
    SenderStanding,
    Sending,
    Wanted,
    after_sender_check,
    includes,
    next_sender_check,
    parse_address,
    sender_findings,
    sender_verdict,
)

WANTED = Wanted("mail.shop.com", "acabc", "MIIB" + "x" * 380, "spf.agentcache.localhost")
NONE, GONE, MUTE = Reply("nodata"), Reply("nxdomain"), Reply("timeout")
OURS = Reply("ok", (WANTED.dkim_value,))
SPF = Reply("ok", ("google-site-verification=1", "v=spf1 include:spf.agentcache.localhost ~all"))
POLICY = Reply("ok", ("v=DMARC1; p=reject",))
ROUND = ("spf.agentcache.localhost",)


@pytest.mark.parametrize(("text", "expected"), [
    ("  Cache@Shop.COM ", ("cache@shop.com", "shop.com")),
    ("no-reply@mail.shop.com", ("no-reply@mail.shop.com", "mail.shop.com")),
    ("a+b.c_d@bücher.de", ("a+b.c_d@xn--bcher-kva.de", "xn--bcher-kva.de")),
])  # fmt: skip
def test_addresses_taken(text, expected):
    assert parse_address(text, platform_domain="agentcache.localhost") == expected


@pytest.mark.parametrize(("text", "code"), [
    ("", "not_an_address"), ("shop.com", "not_an_address"), ("@shop.com", "not_an_address"),
    ("a b@shop.com", "not_an_address"), ("a..b@shop.com", "not_an_address"),
    (".a@shop.com", "not_an_address"), ("a\r\nBcc: x@shop.com", "not_an_address"),
    ("<a>@shop.com", "not_an_address"), ("a@https://shop.com", "not_an_address"),
    ("x" * 65 + "@shop.com", "not_an_address"), ("a@192.0.2.1", "address"),
    ("a@co.uk", "suffix"), ("a@agentcache.localhost", "platform"), ("a@shop.example", "reserved"),
    ("a@localhost", "not_a_name"), ("a@shop.nosuchtld", "unknown_tld"),
])  # fmt: skip
def test_addresses_refused(text, code):
    with pytest.raises(AddressRefused) as refused:
        parse_address(text, platform_domain="agentcache.localhost")
    assert refused.value.code == code


@pytest.mark.parametrize(("dkim", "spf", "included", "dmarc", "codes", "verdict"), [
    (OURS, SPF, ROUND, POLICY, ["dkim_found", "spf_found", "dmarc_found"], "passed"),
    (OURS, SPF, ROUND, NONE, ["dkim_found", "spf_found", "dmarc_missing"], "passed"),
    (OURS, SPF, ROUND, MUTE, ["dkim_found", "spf_found", "timeout"], "passed"),
    (Reply("ok", (WANTED.dkim_value.replace("=MIIB", "= MIIB ").replace("xxx", "x xx"),)), SPF,
     ROUND, POLICY, ["dkim_found", "spf_found", "dmarc_found"], "passed"),
    (GONE, NONE, (), NONE, ["dkim_missing", "spf_missing", "dmarc_missing"], "failed"),
    (Reply("ok", ("v=DKIM1; p=",)), SPF, ROUND, POLICY,
     ["dkim_revoked", "spf_found", "dmarc_found"], "failed"),
    (Reply("ok", (WANTED.dkim_value[:200],)), SPF, ROUND, POLICY,
     ["dkim_other", "spf_found", "dmarc_found"], "failed"),
    (OURS, Reply("ok", ("v=spf1 mx ~all",)), (), POLICY,
     ["dkim_found", "spf_without_us", "dmarc_found"], "failed"),
    (OURS, Reply("ok", ("v=spf1 mx ~all", "v=spf1 -all")), (), POLICY,
     ["dkim_found", "spf_several", "dmarc_found"], "failed"),
    (OURS, Reply("ok", ("v=spf10 nonsense",)), (), POLICY,
     ["dkim_found", "spf_missing", "dmarc_found"], "failed"),
    (MUTE, SPF, ROUND, POLICY, ["timeout", "spf_found", "dmarc_found"], "unasked"),
    (Reply("bogus"), SPF, ROUND, POLICY, ["dnssec", "spf_found", "dmarc_found"], "failed"),
])  # fmt: skip
def test_findings(dkim, spf, included, dmarc, codes, verdict):
    seen = SenderSeen(dkim, spf, dmarc, included)
    found = sender_findings(SenderSeen.from_json(seen.as_json()), WANTED)
    assert [one.code for one in found] == codes
    assert sender_verdict(found) == verdict


@pytest.mark.parametrize(("present", "expected"), [
    ((), "v=spf1 include:spf.agentcache.localhost ~all"),
    (("v=spf1 mx include:_spf.google.com -all",),
     "v=spf1 include:spf.agentcache.localhost mx include:_spf.google.com -all"),
    (("V=SPF1",), "V=SPF1 include:spf.agentcache.localhost"),
    (("v=spf1 include:SPF.agentcache.localhost -all",),
     "v=spf1 include:SPF.agentcache.localhost -all"),
])  # fmt: skip
def test_the_spf_record_to_add_keeps_what_is_there(present, expected):
    assert WANTED.spf_value(present) == expected
    assert WANTED.spf_domain in includes(expected)


@given(st.lists(st.sampled_from(list(Verdict)), max_size=30))
def test_mails_come_from_it_only_between_a_pass_and_three_failures(verdicts):
    standing, passed, failed = SenderStanding(Sending.PENDING), False, 0
    for verdict in verdicts:
        standing = after_sender_check(standing, verdict)
        if verdict is Verdict.PASSED:
            passed, failed = True, 0
        elif verdict is Verdict.FAILED:
            failed += 1
            passed = passed and failed < 3
        assert (standing.state in SENDING) == passed
        assert next_sender_check(standing) is not None


def test_nothing_is_looked_for_at_an_ended_one():
    ended = SenderStanding(Sending.ENDED)
    assert after_sender_check(ended, Verdict.PASSED) == ended
    assert next_sender_check(ended) is None
