"""Delivery reports of three mail servers, and everything that is none."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenants.rules.bounces import MOST_BYTES, MOST_RECIPIENTS, NoReport, read_report
from tests.tenants.reports import EXIM, POSTFIX, SERVERS, report

ADDRESS, MAIL = "Pay@Acme.example", "document.1.x@agentcache.example"
FOUND = "pay@acme.example"


@pytest.mark.parametrize("server", SERVERS)
def test_whose_mail_came_back_and_why(server):
    found = read_report(report(to=ADDRESS, message_id=MAIL, server=server))

    [one] = found.returned
    assert (found.message_id, one.addresses[0], one.status) == (MAIL, FOUND, "5.1.1")
    assert one.is_gone and "User unknown" in one.reason
    # Exchange says where the mailbox had been moved to, too.
    assert one.addresses[1:] == (("archive.pay@acme.example",) if server == "Exchange" else ())


@pytest.mark.parametrize(
    ("status", "said", "read", "gone"),
    [
        ("5.2.2", "552 5.2.2 mailbox full", "5.2.2", False),
        ("5.7.1", "550 5.7.1 looks like spam", "5.7.1", False),
        ("5.1.8", "550 5.1.8 sender's domain does not exist", "5.1.8", False),
        ("5.4.4", "Host or domain name not found", "5.4.4", True),
        ("5.2.1", "550 5.2.1 account is disabled", "5.2.1", True),
        ("5.0.0", "550 no such user here", "5.0.0", True),
        ("5.0.0", "550-5.7.26 unauthenticated", "5.7.26", False),
        ("5.0.0 (permanent)", "550 5.1.10 null MX", "5.1.10", True),
        ("nonsense", "nothing", "5.0.0", True),
    ],
)
def test_only_an_address_that_takes_no_mail_at_all_is_gone(status, said, read, gone):
    [one] = read_report(report(to=ADDRESS, message_id=MAIL, status=status, said=said)).returned

    assert (one.status, one.is_gone) == (read, gone)


@pytest.mark.parametrize("action", ["delayed", "delivered", "relayed", "expanded", ""])
def test_what_did_not_fail_is_left_out(action):
    assert read_report(report(to=ADDRESS, message_id=MAIL, action=action)).returned == ()


@pytest.mark.parametrize(
    ("mail", "why"),
    [
        (b"", "no multipart/report"),
        (b"From: ada@example.com\n\nI am on holiday.\n", "no multipart/report"),
        (b"Content-Type: multipart/report\n\nnothing in it", "no multipart/report"),
        (POSTFIX.replace("message/delivery-status", "text/plain").encode(), "no delivery status"),
        (POSTFIX.replace("Message-ID: <{message_id}>\n", "").encode(), "which mail came back"),
        (EXIM.replace("message/rfc822", "text/plain").encode(), "which mail came back"),
        (b"x" * (MOST_BYTES + 1), "more than"),
    ],
)  # fmt: skip
def test_anything_else_is_no_report(mail, why):
    with pytest.raises(NoReport, match=why):
        read_report(mail)


def test_many_addresses_in_one_report_are_read_up_to_a_bound():
    block = "Final-Recipient: rfc822; n{0}@acme.example\nAction: failed\nStatus: 5.1.1\n\n"
    many = "".join(block.format(n) for n in range(MOST_RECIPIENTS + 50))
    whole = report(to=ADDRESS, message_id=MAIL).decode()
    found = read_report(whole.replace("Final-Recipient:", many + "Final-Recipient:", 1).encode())

    assert len(found.returned) == MOST_RECIPIENTS
    assert found.returned[7].addresses == ("n7@acme.example",)


@settings(max_examples=60)
@given(st.binary(max_size=60), st.integers(0, 3000), st.sampled_from(sorted(SERVERS)))
def test_a_damaged_report_is_read_or_refused(junk, at, server):
    whole = report(to=ADDRESS, message_id=MAIL, server=server)
    try:
        found = read_report(whole[:at] + junk + whole[at + len(junk) :])
    except NoReport:
        return
    for one in found.returned:
        assert all("@" in address for address in one.addresses)
        assert one.status and one.reason.isprintable()
