"""Stripe over HTTP only: whatever is lost, late, twice or out of order, one object per intent.

Every request and every answer is checked against Stripe's own description (shared data).
"""

import json
import logging
import os
import re
import signal
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client

from billing.actions.connected_accounts import keep_account
from billing.actions.credit import Credit
from billing.actions.order_transfers import order_transfers
from billing.actions.payout_details import ask_payout_details, decide_payout_details
from billing.actions.payouts import approve_payouts, fail_payout, prepare_payouts
from billing.actions.push import sweep_intents
from billing.actions.reconcile_stripe import reconcile_stripe
from billing.actions.refunds import ask_refund
from billing.actions.remote_intents import (
    try_again,
    want_credit_notes,
    want_invoices,
    want_refund,
)
from billing.actions.stripe_events import keep_event, process_event
from billing.gateways.stripe_api import BadSignature, Refused, Stripe, TryLater, signed_notice
from billing.models import (
    Document,
    Payment,
    Refund,
    RemoteDifference,
    RemoteIntent,
    StripeEvent,
)
from portal.simulators.stripe.server import FAULTS
from portal.simulators.stripe.webhooks import signature
from tenants import resolve
from tenants.actions.switches import end_switch, set_switch
from tenants.rules.switches import PAYOUTS_HELD
from tenants.schema import in_console, in_partner
from tests.billing.credit import issue_credit_note
from tests.billing.people import APPROVER, PREPARER
from tests.billing.stripe_steps import acme, intent_of, notices, now, push, status
from tests.billing.world import balances, breaches, settle
from tests.fakes.stripe import KEY, SECRET, described, running

HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def fake(shared_data):
    with running(described(shared_data)) as found:
        yield found
        report = found.report()
        assert report["broken"] == []


@pytest.fixture
def stripe(fake):
    fake.faults()
    return Stripe(KEY, fake.base, timeout_s=30)


@pytest.fixture
def billed(world):
    """acme at Redis owes 100.01, big 1.40; acme at Pinecone 1.00: news to the fake, each time."""
    settle()
    return world


def sent_invoices(stripe, document):
    found = stripe.every("invoices")
    return [one for one in found if one["metadata"].get("document") == str(document.id)]


def test_an_invoice_goes_out_is_paid_and_comes_back_once(fake, stripe, billed):
    redis = billed.redis
    assert want_invoices(now=now()) == 3 and want_invoices(now=now()) == 0
    fake.control("hold")
    push(stripe)
    document = acme(redis)
    intent = intent_of(document)
    [remote] = sent_invoices(stripe, document)

    assert set(RemoteIntent.objects.values_list("state", flat=True)) == {"sent"}
    assert (remote["total"], remote["status"], remote["currency"]) == (100_01, "open", "usd")
    assert intent.url == remote["hosted_invoice_url"] and document.number in remote["description"]
    assert "Redis Edge Cache, sold by AgentCache, Inc." in remote["description"]

    fake.pay(remote["id"])
    events = notices(fake)
    assert len(events) == 2 * len({event["id"] for event in events})
    for _ in range(2):
        for event in StripeEvent.objects.all():
            process_event(event_id=event.id, stripe=stripe, now=now())

    [payment] = Payment.objects.all()
    assert (payment.amount_minor, payment.fee_minor, payment.method) == (100_01, 3_20, "stripe")
    assert status(document) == "paid"
    found = balances(redis)
    assert (found["1020"], found["5200"], found["1100"]) == (96_81, 3_20, 1_40)
    assert reconcile_stripe(stripe=stripe, now=now()) == [] and breaches() == []


def test_a_refund_by_us_and_one_made_at_stripe(fake, stripe, billed):
    document = acme(billed.redis)
    want_invoices(now=now())
    push(stripe)
    fake.pay(intent_of(document).remote_id)
    assert reconcile_stripe(stripe=stripe, now=now()) == []  # its notice never came
    payment = Payment.objects.get()
    ours = ask_refund(key="r1", payment_id=payment.id, document_id=document.id, reason="wrong plan",
                      amount_minor=40_00, actor=PREPARER, now=now())  # fmt: skip
    want_refund(refund=ours, now=now())
    fake.control("hold")
    fake.faults({"kind": "drop", "on": "POST /v1/refunds"})
    push(stripe)
    push(stripe)
    charge = payment.key.removeprefix("stripe ")
    stripe.create("refunds", {"charge": charge, "amount": 10_00}, "by hand at Stripe")
    notices(fake)
    for event in StripeEvent.objects.all():
        process_event(event_id=event.id, stripe=stripe, now=now())

    assert sorted(Refund.objects.values_list("amount_minor", "state")) == [
        (10_00, "sent"), (40_00, "sent"),
    ]  # fmt: skip
    assert len(list(stripe.every("refunds", charge=charge))) == 2
    assert (status(document), balances(billed.redis)["1020"]) == ("refunded", 96_81 - 50_00)
    assert reconcile_stripe(stripe=stripe, now=now()) == [] and breaches() == []


def test_every_fault_leaves_one_object_per_intent(fake, stripe, billed):
    want_invoices(now=now())
    fake.faults(
        {"kind": "drop", "on": "POST /v1/customers", "times": 2},
        {"kind": "429", "on": "POST /v1/customers", "times": 2},
        {"kind": "drop", "on": "POST /v1/invoices", "times": 3},
        {"kind": "drop_before", "on": "POST /v1/invoiceitems", "times": 2},
        {"kind": "slow", "on": "POST /v1/invoiceitems", "times": 2, "seconds": 2.0},
        {"kind": "500_after", "on": "POST /v1/invoiceitems", "times": 1},
        {"kind": "drop", "on": "POST /v1/invoices/", "times": 2},
    )
    for _ in range(6):
        push(stripe)

    assert set(RemoteIntent.objects.values_list("state", flat=True)) == {"sent"}
    for document in Document.objects.filter(kind="customer_invoice"):
        [remote] = sent_invoices(stripe, document)
        assert (remote["total"], len(remote["lines"]["data"])) == (document.total_minor, 1)
    report = fake.report()
    assert all(fault["times"] == 0 for fault in report["faults"])
    # A plain 500 is what its key is answered with for ever: the next but one fires it.
    assert set(FAULTS) - {"500"} <= fake.fired()
    assert reconcile_stripe(stripe=stripe, now=now()) == []


def test_a_forgotten_key_does_not_make_a_second_object(fake, stripe, billed):
    want_invoices(now=now())
    document = acme(billed.redis)
    fake.faults({"kind": "drop", "on": "POST /v1/invoices", "times": 9})
    push(stripe)
    assert intent_of(document).state == "pending" and len(sent_invoices(stripe, document)) == 1
    fake.faults()
    fake.control("forget_keys")

    push(stripe, hours=30)

    assert intent_of(document).state == "sent" and len(sent_invoices(stripe, document)) == 1


def test_what_can_not_be_told_waits_for_a_person(fake, stripe, billed):
    document = acme(billed.redis)
    want_invoices(now=now())
    fake.faults({"kind": "500", "on": "POST /v1/invoices", "times": 3})
    for _ in range(5):
        push(stripe)
    intent = intent_of(document)
    assert (intent.state, intent.tries) == ("needs_review", 8)
    assert "No clear answer after 8 tries" in intent.problem and "500" in fake.fired()
    assert sent_invoices(stripe, document) == []

    try_again(intent_id=intent.id, actor=APPROVER, now=now())
    push(stripe)

    assert intent_of(document).state == "sent" and len(sent_invoices(stripe, document)) == 1


def test_changed_figures_and_foreign_refusals_are_not_retried(fake, stripe, billed):
    document = acme(billed.redis)
    want_invoices(now=now())
    customer = RemoteIntent.objects.get(pk=intent_of(document).facts["customer"])
    stripe.create("customers", {"name": "Somebody else"}, f"{customer.id}:customer:0")

    push(stripe)

    customer.refresh_from_db()
    assert (customer.state, customer.tries) == ("needs_review", 1)
    assert "same parameters" in customer.problem
    assert "It waits for" in intent_of(document).problem
    with pytest.raises(Refused, match="Additional properties are not allowed"):
        stripe.create("customers", {"nmae": "x"}, "typo")
    with pytest.raises(Refused, match="No such invoice"):
        stripe.fetch("invoices", "in_none")


def test_one_key_twice_at_once_is_answered_once(fake, stripe):
    import threading

    fake.faults({"kind": "slow", "on": "POST /v1/customers", "seconds": 1.0})
    answers = []

    def ask():
        try:
            answers.append(Stripe(KEY, fake.base).create("customers", {"name": "x"}, "twice")["id"])
        except TryLater as error:
            answers.append(str(error))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    ids = {one for one in answers if one.startswith("cus_")}
    assert len(ids) == 1 and "in_use" in fake.fired()
    assert stripe.create("customers", {"name": "x"}, "twice")["id"] in ids


@pytest.fixture
def transferable(billed, database, fake, stripe):
    """Redis is paid to a connected account; its payout of 30.42 is approved."""
    from django.conf import settings

    account = stripe.create("accounts", {"type": "express", "country": "US"}, str(now()))["id"]
    fake.onboard(f"{fake.base}/c/{account}")
    at = now()
    keep_account(partner_id=billed.redis.id, remote=stripe.fetch("accounts", account), now=at)
    database.login("web")
    with in_partner(billed.redis):
        details = ask_payout_details(
            partner_id=billed.redis.id, kind="stripe", holder="Redis Labs", account=account, bic="",
            kek=settings.KEK, actor="owner@redis.example", now=at,
        )  # fmt: skip
        decide_payout_details(details_id=details.id, partner_id=billed.redis.id, approve=True,
                              actor="cfo@redis.example", now=at, hold=timedelta(0))  # fmt: skip
    database.login("settle")
    payouts = {one.partner_id: one for one in prepare_payouts(actor=PREPARER, now=now()).payouts}
    payout = payouts[billed.redis.id]
    approve_payouts(payout_ids=[payout.id], actor=APPROVER, now=now())
    for _ in range(2):
        order_transfers(payout_ids=[payout.id], kek=settings.KEK, actor=APPROVER, now=now())
    return payout


def test_a_transfer_is_made_once_and_a_reversal_is_owed_again(fake, stripe, billed, transferable):
    payout = transferable
    assert balances(billed.redis)["2120"] == -30_42
    fake.control("hold")
    fake.faults({"kind": "drop", "on": "POST /v1/transfers", "times": 2})
    for _ in range(3):
        push(stripe)

    [remote] = stripe.every("transfers", transfer_group=payout.reference)
    payout.refresh_from_db()
    assert (remote["amount"], payout.state) == (30_42, "settled")
    assert balances(billed.redis)["1020"] == -30_42

    fake.control(f"reverse/{remote['id']}")
    notices(fake, seed=3)
    for event in StripeEvent.objects.all():
        process_event(event_id=event.id, stripe=stripe, now=now())
    payout.refresh_from_db()
    assert (payout.state, balances(billed.redis)["2100"]) == ("reversed", -30_42)
    assert payout.claims.filter(released_at=None).count() == 0
    assert reconcile_stripe(stripe=stripe, now=now()) == [] and breaches() == []


def test_a_refused_transfer_waits_and_can_be_given_back(fake, stripe, billed, transferable):
    fake.faults({"kind": "500", "on": "POST /v1/transfers", "times": 1})
    for _ in range(5):
        push(stripe)
    intent = RemoteIntent.objects.get(kind="transfer")
    assert (intent.state, list(stripe.every("transfers", transfer_group=transferable.reference))) \
        == ("needs_review", [])  # fmt: skip

    fail_payout(payout_id=transferable.id, reason="account closed", actor=APPROVER, now=now())

    assert balances(billed.redis)["2100"] == -30_42 and breaches() == []


def test_while_payouts_are_held_no_transfer_is_made_and_then_one_is(
    database, stripe, billed, transferable
):
    database.login("web")
    with in_console():
        held = set_switch(kind=PAYOUTS_HELD, partner_id=None, region="", reason="we look into it",
                          until=None, actor=APPROVER, now=now())  # fmt: skip
    database.login("settle")
    push(stripe)
    intent = RemoteIntent.objects.get(kind="transfer")
    at_stripe = lambda: stripe.every("transfers", transfer_group=transferable.reference)  # noqa: E731
    assert (intent.state, intent.tries, list(at_stripe())) == ("pending", 0, [])
    assert "we look into it" in intent.problem

    database.login("web")
    with in_console():
        end_switch(switch_id=held.pk, actor=APPROVER, now=now())
    database.login("settle")
    push(stripe)

    assert len(list(at_stripe())) == 1 and breaches() == []


def test_a_credit_note_lowers_what_stripe_asks_for(fake, stripe, billed):
    document = acme(billed.redis)
    want_invoices(now=now())
    push(stripe)
    issue_credit_note(document_id=document.id, credit=Credit("k", "late", net_minor=10_00),
                      actor=APPROVER, now=now())  # fmt: skip
    assert [want_credit_notes(now=now()) for _ in range(2)] == [1, 0]
    fake.faults({"kind": "drop", "on": "POST /v1/credit_notes"})
    push(stripe)

    assert stripe.fetch("invoices", intent_of(document).remote_id)["amount_due"] == 90_01
    assert breaches() == []


def test_the_books_are_compared_both_ways(fake, stripe, billed):
    document = acme(billed.redis)
    want_invoices(now=now())
    push(stripe)
    remote_id = intent_of(document).remote_id
    RemoteIntent.objects.filter(pk=intent_of(document).pk).update(remote_id="in_lost")
    account = stripe.create("accounts", {"type": "express"}, "acc")["id"]
    fake.onboard(f"{fake.base}/c/{account}")
    foreign = {"amount": 7, "currency": "usd", "destination": account}
    stripe.create("transfers", foreign, "tr")
    at = now() + 2 * HOUR

    first = reconcile_stripe(stripe=stripe, now=at)
    again = reconcile_stripe(stripe=stripe, now=at)

    said = {row.remote_id: row.message for row in first}
    assert "Stripe does not have invoice" in said["in_lost"]
    assert any("transfer that we have not ordered" in text for text in said.values())
    assert {row.pk for row in first} == {row.pk for row in again}
    RemoteIntent.objects.filter(pk=intent_of(document).pk).update(remote_id=remote_id)
    later = reconcile_stripe(stripe=stripe, now=at)
    assert "in_lost" not in {row.remote_id for row in later}
    assert RemoteDifference.objects.get(remote_id="in_lost").gone_at == at


def test_the_door_takes_signed_notices_once_and_nothing_else(billed, database, settings):
    settings.STRIPE_WEBHOOK_SECRET = SECRET
    resolve.forget()
    database.login("web")
    door = Client(HTTP_HOST="console.agentcache.localhost", enforce_csrf_checks=True)
    body = json.dumps({"id": "evt_1", "type": "invoice.paid", "created": int(now().timestamp()),
                       "data": {"object": {"id": "in_1"}}}).encode()  # fmt: skip

    def post(content, header):
        return door.post("/stripe/webhook/", content, content_type="application/json",
                         headers={"Stripe-Signature": header}).status_code  # fmt: skip

    fresh = int(now().timestamp())
    good = signature(body, SECRET, fresh)
    assert [post(body, good), post(body, good)] == [200, 200]
    refused = [post(body, signature(body, SECRET, fresh - 301)), post(body + b" ", good),
               post(body, signature(body, "whsec_other", fresh)), post(body, ""),
               post(b"{}", signature(b"{}", SECRET, fresh))]  # fmt: skip
    assert refused == [400] * 5
    assert door.get("/stripe/webhook/").status_code == 405
    database.login("settle")
    [event] = StripeEvent.objects.all()
    assert (event.id, event.object_id, event.processed_at) == ("evt_1", "in_1", None)
    settings.STRIPE_WEBHOOK_SECRET = ""
    database.login("web")
    assert post(body, good) == 404
    resolve.forget()


def test_a_signature_is_over_the_raw_bytes():
    body = b'{"id": "evt_1"}'
    at = int(now().timestamp())
    assert signed_notice(body, signature(body, SECRET, at), SECRET) == {"id": "evt_1"}
    for content, header in ((b'{"id":"evt_1"}', signature(body, SECRET, at)), (body, "t=1"),
                            (body, f"t={at},v1=00")):  # fmt: skip
        with pytest.raises(BadSignature):
            signed_notice(content, header, SECRET)


def test_the_sweep_finds_what_no_task_brought(billed):
    want_invoices(now=now())
    assert sweep_intents(now=now()) == 6


class KillAtNewLine(logging.Handler):
    """Kills its process at the first log line that no earlier process was killed at."""

    def __init__(self, seen: Path) -> None:
        super().__init__()
        self.seen = seen

    def emit(self, record: logging.LogRecord) -> None:
        line = re.sub(r"try \d+$", "try", record.getMessage())
        known = self.seen.read_text().splitlines() if self.seen.exists() else []
        if line not in known:
            self.seen.write_text("\n".join([*known, line]))
            os.kill(os.getpid(), signal.SIGKILL)


def push_and_die(stripe, seen: Path) -> int:
    """Push in a process of its own; the signal that ended it, 0 when it came to its end."""
    connection.close()
    child = os.fork()
    if child == 0:
        logger = logging.getLogger("billing.actions.push")
        logger.setLevel(logging.INFO)
        logger.addHandler(KillAtNewLine(seen))
        push(stripe)
        os._exit(0)
    return os.WTERMSIG(os.waitpid(child, 0)[1])


def test_killed_at_each_logged_step_there_is_one_object_per_intent(
    fake, stripe, billed, transferable, tmp_path
):
    want_invoices(now=now(), limit=1)
    seen = tmp_path / "seen"
    ends = []
    while not ends or ends[-1] == signal.SIGKILL:
        assert len(ends) < 60
        ends.append(push_and_die(stripe, seen))

    document = Document.objects.get(pk=RemoteIntent.objects.get(kind="invoice").subject_id)
    # Customer and transfer: begun, called, answered, kept, sent; the invoice calls four times.
    assert (len(ends) - 1, ends[-1]) == (5 + 14 + 5, 0)
    assert set(RemoteIntent.objects.values_list("state", flat=True)) == {"sent"}
    [remote] = sent_invoices(stripe, document)
    assert (remote["total"], len(remote["lines"]["data"])) == (document.total_minor, 1)
    [customer] = stripe.search("customers", "intent", str(RemoteIntent.objects.get(
        kind="customer").pk))  # fmt: skip
    assert customer["id"] == remote["customer"]
    assert len(list(stripe.every("transfers", transfer_group=transferable.reference))) == 1
    assert breaches() == []


def test_while_stripe_is_away_everything_else_goes_on_and_intents_queue(billed):
    want_invoices(now=now())
    away = Stripe(KEY, "http://127.0.0.1:1", timeout_s=0.5)
    push(away)

    assert set(RemoteIntent.objects.values_list("state", flat=True)) == {"pending"}
    assert {bool(one.problem) for one in RemoteIntent.objects.all()} == {True}
    RemoteIntent.objects.filter(kind="invoice").update(steps={"invoice": "in_9"})
    about = {"object": {"id": "in_9"}}
    keep_event(event={"id": "evt_9", "type": "invoice.paid", "created": 1, "data": about},
               now=now())  # fmt: skip
    event = process_event(event_id="evt_9", stripe=away, now=now())
    assert (event.processed_at, event.tries) == (None, 1)
    assert breaches() == []
