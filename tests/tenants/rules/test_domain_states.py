"""The two machines: every pair of states, how patience runs out, when to look again."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants.rules.dns_findings import Verdict
from tenants.rules.domain_states import (
    CERT_STEPS,
    CHECKED,
    ROUTING_STEPS,
    Cert,
    CertSeen,
    Routing,
    Standing,
    after_check,
    after_handshake,
    headline,
    may_lead,
    next_check,
    notice,
)

NOW = datetime(2026, 11, 26, tzinfo=UTC)
PASSED, FAILED, UNASKED = Verdict.PASSED, Verdict.FAILED, Verdict.UNASKED
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def walk(standing, *verdicts, contested=False):
    for said in verdicts:
        standing = after_check(standing, said, contested=contested)
    return standing


@pytest.mark.parametrize(
    ("start", "verdicts", "end"),
    [
        ("pending", [FAILED] * 50, "pending"),
        ("pending", [UNASKED, PASSED], "verified"),
        ("verified", [UNASKED] * 100, "verified"),
        ("verified", [FAILED], "warning"),
        ("verified", [FAILED, PASSED], "verified"),
        ("verified", [FAILED] * 9, "warning"),
        ("verified", [FAILED] * 10, "moved"),
        ("verified", [FAILED] * 9 + [UNASKED] * 20, "warning"),
        ("verified", [FAILED] * 9 + [PASSED] + [FAILED] * 9, "warning"),
        ("moved", [PASSED], "moved"),
        ("released", [PASSED], "released"),
        ("draft", [PASSED], "draft"),
    ],
)
def test_how_routing_goes(start, verdicts, end):
    assert walk(Standing(Routing(start)), *verdicts).routing == end


def test_who_is_contested_has_one_more_chance():
    held = Standing(Routing.VERIFIED)

    assert walk(held, FAILED, contested=True).routing == "warning"
    assert walk(held, FAILED, FAILED, contested=True).routing == "moved"
    assert walk(held, FAILED, PASSED, contested=True).routing == "verified"
    assert walk(held, *[UNASKED] * 9, contested=True).routing == "verified"


def test_patience_lasts_five_days_and_a_half():
    standing, waited = Standing(Routing.VERIFIED), timedelta()
    while standing.routing is not Routing.MOVED:
        standing = after_check(standing, FAILED)
        waited += next_check(standing, Cert.ACTIVE, 0, FAILED) or timedelta()

    assert 5 * DAY < waited < 6 * DAY


@pytest.mark.parametrize(
    ("standing", "cert", "cert_tries", "said", "pause"),
    [
        (Standing(Routing.PENDING, 0, 1), Cert.NONE, 0, FAILED, timedelta(seconds=20)),
        (Standing(Routing.PENDING, 0, 4), Cert.NONE, 0, FAILED, timedelta(seconds=160)),
        (Standing(Routing.PENDING, 0, 99), Cert.NONE, 0, FAILED, 6 * HOUR),
        (Standing(Routing.VERIFIED), Cert.ACTIVE, 0, PASSED, DAY),
        (Standing(Routing.VERIFIED), Cert.ACTIVE, 0, UNASKED, timedelta(minutes=10)),
        (Standing(Routing.VERIFIED), Cert.ISSUING, 2, PASSED, timedelta(seconds=40)),
        (Standing(Routing.WARNING, 1), Cert.ACTIVE, 0, FAILED, HOUR),
        (Standing(Routing.WARNING, 9), Cert.ACTIVE, 0, FAILED, DAY),
        (Standing(Routing.DRAFT), Cert.NONE, 0, FAILED, None),
        (Standing(Routing.MOVED), Cert.NONE, 0, FAILED, None),
        (Standing(Routing.RELEASED), Cert.NONE, 0, FAILED, None),
    ],
)
def test_when_to_look_again(standing, cert, cert_tries, said, pause):
    assert next_check(standing, cert, cert_tries, said) == pause


standings = st.builds(Standing, st.sampled_from(Routing), st.integers(0, 40), st.integers(0, 10**6))


@given(standings, st.sampled_from(Verdict), st.booleans())
def test_a_check_takes_a_step_of_the_table_or_none(standing, said, contested):
    after = after_check(standing, said, contested=contested)

    step = (standing.routing, after.routing)
    assert step in ROUTING_STEPS or step[0] == step[1]
    assert standing.routing in CHECKED or after == standing


def served(days):
    ends = NOW + timedelta(days=days, minutes=1)
    return CertSeen("served", "R3", ends - timedelta(days=90), ends)


REFUSED, GONE = CertSeen("refused"), CertSeen("unreachable")


@pytest.mark.parametrize(
    ("cert", "tries", "seen", "after", "tries_after"),
    [
        ("allowed", 0, served(89), "active", 0),
        ("allowed", 0, REFUSED, "issuing", 1),
        ("issuing", 3, REFUSED, "issuing", 4),
        ("issuing", 4, REFUSED, "error", 5),
        ("issuing", 4, GONE, "error", 5),
        ("error", 9, served(89), "active", 0),
        ("error", 9, REFUSED, "error", 10),
        ("active", 0, served(21), "active", 0),
        ("active", 0, served(20), "renewing", 0),
        ("renewing", 0, served(89), "active", 0),
        ("allowed", 0, CertSeen("served", "x", NOW, NOW + HOUR), "active", 0),
        ("active", 0, CertSeen("served", "x", NOW - 4 * HOUR, NOW + HOUR), "renewing", 0),
        ("active", 0, GONE, "active", 0),
        ("active", 0, REFUSED, "error", 1),
        ("renewing", 0, CertSeen("expired"), "error", 1),
        ("active", 0, CertSeen("untrusted"), "error", 1),
    ],
)
def test_how_a_certificate_goes(cert, tries, seen, after, tries_after):
    assert after_handshake(Cert(cert), tries, seen, NOW) == (after, tries_after)


handshakes = st.one_of(
    st.integers(-5, 90).map(served),
    st.sampled_from(["refused", "untrusted", "expired", "wrong_name", "unreachable"]).map(CertSeen),
)


@given(st.sampled_from([c for c in Cert if c is not Cert.NONE]), st.integers(0, 20), handshakes)
def test_a_handshake_takes_a_step_of_the_table_or_none(cert, tries, seen):
    after, _ = after_handshake(cert, tries, seen, NOW)

    assert (cert, after) in CERT_STEPS or cert == after


@pytest.mark.parametrize(
    ("routing", "cert", "tls", "word", "leads"),
    [
        ("draft", "none", True, "draft", False),
        ("pending", "none", True, "pending", False),
        ("verified", "allowed", True, "securing", False),
        ("verified", "issuing", True, "securing", False),
        ("verified", "active", True, "live", True),
        ("verified", "renewing", True, "live", True),
        ("verified", "error", True, "unsecured", False),
        ("verified", "allowed", False, "live", True),
        ("warning", "active", True, "warning", True),
        ("warning", "error", True, "unsecured", False),
        ("moved", "none", True, "moved", False),
        ("released", "none", True, "released", False),
    ],
)
def test_one_headline_for_both(routing, cert, tls, word, leads):
    assert headline(Routing(routing), Cert(cert), tls=tls) == word
    assert may_lead(Routing(routing), Cert(cert), tls=tls) is leads


@pytest.mark.parametrize(
    ("routing", "cert", "days", "word"),
    [
        ("pending", "none", 0, ""), ("verified", "issuing", 0, ""),
        ("verified", "active", 60, "live"),
        ("warning", "active", 60, "warning"), ("moved", "none", 0, "moved"),
        ("verified", "error", 0, "unsecured"), ("verified", "renewing", 20, "renewal_21"),
        ("verified", "renewing", 8, "renewal_21"), ("verified", "renewing", 7, "renewal_7"),
        ("verified", "renewing", 1, "renewal_1"), ("verified", "renewing", -3, "renewal_1"),
    ],
)  # fmt: skip
def test_what_is_told_by_mail(routing, cert, days, word):
    ends = NOW + timedelta(days=days, minutes=1)
    assert notice(Routing(routing), Cert(cert), ends, NOW, tls=True) == word
