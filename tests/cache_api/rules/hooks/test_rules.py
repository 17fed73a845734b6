"""The catalogue, signatures and the schedule."""

import base64
import hashlib
import hmac
import json
import uuid
from datetime import UTC, datetime, timedelta, timezone

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from cache_api.rules.hooks import catalogue, schedule, signing
from cache_api.rules.hooks.catalogue import CUSTOMER, PARTNER, Fact
from tenants.rules.ids import uuid7

NOW = datetime(2026, 10, 5, 14, 20, tzinfo=UTC)
HOURS = (0, 5 / 3600, 5 / 60, 0.5, 2, 5, 10, 14, 20, 24)


def test_a_signature_by_the_books():
    """The specification's own arithmetic, without the library."""
    key, event_id = bytes(range(32)), uuid7()

    sent = signing.headers(event_id, "{}", [key], NOW)

    signed = f"evt_{event_id.hex}.{int(NOW.timestamp())}.{{}}".encode()
    wanted = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert sent["webhook-signature"] == f"v1,{wanted}"
    assert sent["webhook-timestamp"] == "1791210000" == str(int(NOW.timestamp()))
    assert signing.secret_text(key) == "whsec_" + base64.b64encode(key).decode()


def test_both_secrets_open_a_message_of_the_overlap():
    old, new, body = signing.new_secret(), signing.new_secret(), '{"type":"webhook.test"}'
    now = datetime.now(UTC)

    sent = signing.headers(uuid7(), body, [new, old], now)

    for key in (old, new):
        assert Webhook(signing.secret_text(key)).verify(body, sent) == json.loads(body)
    with pytest.raises(WebhookVerificationError):
        Webhook(signing.secret_text(signing.new_secret())).verify(body, sent)
    with pytest.raises(WebhookVerificationError):
        Webhook(old).verify(body + " ", sent)


@pytest.mark.parametrize("at", [
    NOW.replace(tzinfo=None), NOW.astimezone(timezone(timedelta(hours=2))),
])  # fmt: skip
def test_a_time_that_is_not_utc_is_refused(at):
    with pytest.raises(ValueError, match="not in UTC"):
        signing.headers(uuid7(), "{}", [b"x" * 32], at)


def test_the_schedule_is_the_standards():
    gaps = [schedule.next_at(tries, NOW) - NOW for tries in range(schedule.MOST_TRIES)]

    assert [gap.total_seconds() / 3600 for gap in gaps] == pytest.approx(HOURS)
    assert schedule.next_at(10, NOW) is None


@pytest.mark.parametrize(
    ("status", "tries", "failing_h", "warned", "wanted"),
    [
        (500, 1, 0, False, ""), (None, 5, 23.9, False, ""), (500, 7, 24, False, "warn"),
        (302, 7, 30, True, ""), (500, 10, 71, True, ""), (500, 10, 75, True, "disable"),
        (500, 9, 100, True, ""), (410, 1, 0, False, "disable"),
    ],
)  # fmt: skip
def test_when_an_endpoint_is_given_up(status, tries, failing_h, warned, wanted):
    since = NOW - timedelta(hours=failing_h)

    assert schedule.verdict(status=status, tries=tries, failing_since=since, warned=warned,
                            now=NOW) == wanted  # fmt: skip


@pytest.mark.parametrize(("status", "ok"), [(200, 1), (204, 1), (299, 1), (199, 0), (301, 0),
                                            (404, 0), (None, 0)])  # fmt: skip
def test_what_counts_as_taken(status, ok):
    assert schedule.succeeded(status) == bool(ok)


def fact(type_="invoice.issued", customer="acme", **more):
    return Fact(uuid.uuid4(), type_, NOW, {"n": 1}, customer=customer, **more)


@pytest.mark.parametrize(
    ("one", "customer", "told"),
    [
        (fact(), None, True), (fact(), "acme", True), (fact(), "zeta", False),
        (fact(customer=""), "acme", False), (fact(customer=""), "", False),
        (fact("payout.paid"), None, True), (fact("payout.paid"), "acme", False),
        (fact("alert.fired", hears=frozenset({CUSTOMER})), None, False),
        (fact("alert.fired", hears=frozenset({CUSTOMER})), "acme", True),
        (fact("alert.fired", hears=frozenset({PARTNER})), "acme", False),
        (fact("payout.paid", hears=frozenset({CUSTOMER})), "acme", False),
        (fact("no.such"), None, False),
    ],
)  # fmt: skip
def test_who_hears_what(one, customer, told):
    everything = frozenset({*catalogue.CATALOGUE, "no.such"})

    assert catalogue.hears(one, types=everything, customer=customer) is told
    assert not catalogue.hears(one, types=frozenset(), customer=customer)


def test_customers_are_offered_no_event_of_the_partners_money():
    offered = {one.name for one in catalogue.offered(CUSTOMER)}

    assert offered == {"invoice.issued", "credit_note.issued", "dispute.answered", "key.created",
                       "key.rotated", "key.revoked", "alert.fired"}  # fmt: skip
    assert offered < {one.name for one in catalogue.offered(PARTNER)} == set(catalogue.CATALOGUE)


def test_a_body_is_the_standards_envelope():
    assert json.loads(catalogue.body_of(fact())) == {
        "type": "invoice.issued", "timestamp": "2026-10-05T14:20:00Z", "data": {"n": 1},
    }  # fmt: skip
