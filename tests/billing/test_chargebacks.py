"""Card payments disputed at the bank, told by the simulated Stripe in any order and twice.

acme at Redis owes 100.01, of which Redis has 30.00 (30 % of it, cut by the split); the same
customer of Pinecone owes 1.00. Stripe keeps 3.20 of the payment and 15.00 for the dispute.
"""

import pytest

from billing.actions.credit import Credit
from billing.actions.payments import Receipt, record_payment
from billing.actions.reconcile_stripe import reconcile_stripe
from billing.actions.refunds import ask_refund
from billing.actions.remote_intents import want_invoices
from billing.actions.stripe_events import process_event
from billing.gateways.stripe_api import Stripe
from billing.models import CarriedItem, Chargeback, ChargebackMove, Payment, StripeEvent
from billing.queries.documents import document_detail
from billing.queries.exception_queue import exceptions
from billing.queries.mailing import overdue_invoices
from billing.queries.payments import chargebacks_page, open_invoices
from billing.rules.errors import BadMoney
from tests.billing.credit import issue_credit_note
from tests.billing.people import APPROVER, PREPARER
from tests.billing.stripe_steps import acme, intent_of, notices, now, push, status
from tests.billing.two_people import write_off_invoice
from tests.billing.world import balances, breaches, settle
from tests.fakes.stripe import KEY, described, running


@pytest.fixture(scope="module")
def fake(shared_data):
    with running(described(shared_data)) as found:
        yield found
        assert found.report()["broken"] == []


@pytest.fixture
def stripe(fake):
    fake.faults()
    return Stripe(KEY, fake.base, timeout_s=30)


@pytest.fixture
def paid(fake, stripe, world):
    """Both partners' acme paid by card; nothing of it is told yet. (world, Redis's charge)."""
    settle()
    want_invoices(now=now())
    fake.control("hold")
    push(stripe)
    for partner in world:
        fake.pay(intent_of(acme(partner)).remote_id)
    charge = stripe.fetch("invoices", intent_of(acme(world.redis)).remote_id)["charge"]
    return world, charge


def process(stripe):
    for _ in range(2):
        for event in StripeEvent.objects.all():
            process_event(event_id=event.id, stripe=stripe, now=now())


def disputed(fake, stripe, charge):
    fake.control(f"dispute/{charge}")
    return next(one["id"] for one in stripe.every("disputes", charge=charge))


def told(fake, stripe, seed):
    """Each notice so far, twice and shuffled; each processed twice."""
    notices(fake, seed)
    fake.control("hold")
    process(stripe)


def queued(kind="chargeback"):
    return [one for one in exceptions(now()) if one.kind == kind]


def owed(partner):
    """What the journal holds as owed to the partner."""
    return -balances(partner)["2100"]


@pytest.mark.parametrize("seed", [1, 2])
def test_lost_in_any_order_takes_money_fee_and_share(database, fake, stripe, paid, seed):
    world, charge = paid
    before = owed(world.redis)
    dispute = disputed(fake, stripe, charge)
    if seed > 1:  # the bank was quicker than the notices
        fake.control(f"close/{dispute}/lost")
    told(fake, stripe, seed)
    if seed == 1:
        [open_one] = queued()
        assert "Answer at Stripe by" in open_one.detail and open_one.money_minor == 100_01
        assert owed(world.redis) == before
        assert acme(world.redis) not in overdue_invoices(now().date().replace(year=2030))
        fake.control(f"close/{dispute}/lost")
        told(fake, stripe, seed)

    document = acme(world.redis)
    assert status(document) == "charged_back"
    assert (Chargeback.objects.get().status, ChargebackMove.objects.count()) == ("lost", 1)
    found = balances(world.redis)
    assert (found["1020"], found["1100"]) == (-3_20 - 15_00, 100_01 + 1_40)
    assert (found["5200"], before - owed(world.redis)) == (3_20 + 15_00, 30_00)
    assert {one.open_minor for one in open_invoices() if one.number == document.number} == {100_01}
    assert "Lost" in queued()[0].detail
    assert acme(world.redis) in overdue_invoices(now().date().replace(year=2030))
    assert status(acme(world.pinecone)) == "paid" and balances(world.pinecone)["1020"] > 0
    assert reconcile_stripe(stripe=stripe, now=now()) == [] and breaches() == []

    with database.psql() as boss:
        boss.execute("set session_replication_role = replica")
        boss.execute("update billing_chargebackmove set amount_minor = amount_minor + 1")
    assert any("what a chargeback moved" in breach for breach in breaches())


@pytest.mark.parametrize("after_lost", [False, True])
def test_won_brings_money_and_share_back(fake, stripe, paid, after_lost):
    world, charge = paid
    before = owed(world.redis)
    dispute = disputed(fake, stripe, charge)
    told(fake, stripe, 4)
    with pytest.raises(BadMoney, match="can not be sent back"):  # the bank has it already
        ask_refund(key="r", payment_id=Payment.objects.get(key=f"stripe {charge}").id,
                   document_id=acme(world.redis).id, amount_minor=1, reason="twice",
                   actor=PREPARER, now=now())  # fmt: skip
    if after_lost:
        fake.control(f"close/{dispute}/lost")
        told(fake, stripe, 5)
        assert before - owed(world.redis) == 30_00
    fake.control(f"close/{dispute}/won")
    told(fake, stripe, 6)

    [row] = chargebacks_page()
    assert (row.chargeback.status, row.taken_minor, row.fee_minor) == ("won", 0, 15_00)
    found = balances(world.redis)
    assert (found["1020"], found["1100"]) == (100_01 - 3_20 - 15_00, 1_40)
    assert (owed(world.redis), status(acme(world.redis))) == (before, "paid")
    shown = list(CarriedItem.objects.values_list("amount_minor", flat=True))
    assert shown == ([-30_00, 30_00] if after_lost else []) and queued() == []
    assert reconcile_stripe(stripe=stripe, now=now()) == [] and breaches() == []


def test_the_share_is_taken_once_however_the_lost_invoice_closes(fake, stripe, paid):
    world, charge = paid
    before = owed(world.redis)
    fake.control(f"close/{disputed(fake, stripe, charge)}/lost")
    told(fake, stripe, 7)
    document = acme(world.redis)

    issue_credit_note(document_id=document.id, credit=Credit("k", "late", net_minor=40_00),
                      actor=APPROVER, now=now())  # fmt: skip
    assert before - owed(world.redis) == 30_00
    receipt = Receipt(key="wire", method="bank", amount_minor=50_00, currency="USD",
                      received_at=now())  # fmt: skip
    for _ in range(2):
        record_payment(partner_id=world.redis.id, receipt=receipt, pays=[(document.id, None)],
                       actor=PREPARER, now=now())  # fmt: skip
    assert before - owed(world.redis) == 15_00  # 30 % of 40.00 credited and 10.01 still open
    for _ in range(2):
        write_off_invoice(document_id=document.id, reason="gone", actor=APPROVER, now=now())

    assert before - owed(world.redis) == 15_00
    assert document_detail(document.id, today=now().date()).row.open_minor == 0
    assert queued() == [] and breaches() == []


def test_the_daily_comparison_books_what_no_notice_told_and_says_what_does_not_fit(
    fake, stripe, paid
):
    world, charge = paid
    dispute = disputed(fake, stripe, charge)
    assert reconcile_stripe(stripe=stripe, now=now()) == []
    assert Chargeback.objects.get().status == "needs_response"
    fake.control(f"close/{dispute}/lost")
    assert reconcile_stripe(stripe=stripe, now=now()) == []
    assert Chargeback.objects.get().status == "lost"

    other = stripe.fetch("invoices", intent_of(acme(world.pinecone)).remote_id)["charge"]
    payment = Payment.objects.get(key=f"stripe {other}")
    refund = {"charge": other, "amount": 60}
    stripe.create("refunds", refund, f"by hand {charge}")
    second = disputed(fake, stripe, other)
    Chargeback.objects.create(
        partner_id=world.pinecone.id, remote_id="dp_lost", payment=payment, amount_minor=1,
        currency="USD", status="won", opened_at=now(), changed_at=now(),
    )  # fmt: skip
    said = {row.remote_id: row.message for row in reconcile_stripe(stripe=stripe, now=now())}
    assert said == {"dp_lost": "Stripe does not have this dispute."}
    assert Chargeback.objects.get(remote_id=second).document == acme(world.pinecone)
    assert breaches() == []
