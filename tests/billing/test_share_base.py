"""The share of the customers' money before or after credits, refunds, fees and tax."""

from datetime import date
from decimal import Decimal

import pytest

from billing.actions.chargebacks import book_chargeback
from billing.actions.credit import Credit
from billing.actions.errors import AlreadySettled
from billing.actions.payments import Receipt, record_payment
from billing.actions.refunds import ask_refund, send_refund
from billing.models import Agreement, CarriedItem, Document, Payment, SettlementRun
from billing.queries.gathering import gather
from billing.queries.receipts import receipts
from billing.rules.periods import parse_month
from billing.rules.templates import Deal
from cache_api.models import Customer
from tenants.schema import in_partner
from tests.billing.credit import issue_credit_note
from tests.billing.people import PREPARER, utc
from tests.billing.two_people import enter_tax_rate, enter_tax_status, write_off_invoice
from tests.billing.world import NOW, balances, breaches, documents, hit, record, settle, sign

OCTOBER, NOVEMBER = parse_month("2026-10"), parse_month("2026-11")
BY = {"actor": PREPARER, "now": NOW}
LATER = utc("2026-12-02")


def invoice_of(partner):
    return Document.objects.filter(partner_id=partner.id, kind="customer_invoice").get()


def statements(partner):
    """(shares, fees, adjustments, closing) by month."""
    rows = Document.objects.filter(partner_id=partner.id, kind="payout_statement").order_by("id")
    names = ("shares_minor", "fees_minor", "adjustments_minor", "closing_minor")
    return [tuple(row.statement[name] for name in names) for row in rows]


def pay(partner, day, amount, fee=0):
    document, at = invoice_of(partner), utc(day)
    receipt = Receipt(f"{document.id} {day}", "hand", amount, document.currency, at, fee_minor=fee)
    record_payment(partner_id=partner.id, receipt=receipt, pays=[(document.id, None)],
                   actor=PREPARER, now=at)  # fmt: skip


def send_back(partner, day, amount):
    payment = Payment.objects.get(partner_id=partner.id)
    refund = ask_refund(key=f"{payment.id} back", payment_id=payment.id, actor=PREPARER,
                        document_id=invoice_of(partner).id, amount_minor=amount, reason="slow",
                        now=utc(day))  # fmt: skip
    send_refund(refund_id=refund.id, remote_id="", actor=PREPARER, now=utc(day))


def test_refunds_and_fees_are_taken_off_or_not(database, partners):
    """Of 100.01 invoiced, 100.01 paid with a fee of 3.20 and 40.00 paid back, then credited.

    Redis (30 %, invoiced, after all four): 30.00; then −30 % of 40.00 and of 3.20; once the credit
    note covers what was paid back, it decides: +12.00 −12.00. Pinecone (20 %, collected, before
    refunds, credits and fees): 20.00 when it is paid, and nothing more.
    """
    redis, pinecone = partners
    sign(redis, "revenue_share_platform",
         deal=Deal(share_after=("credits", "fees", "refunds", "tax")))  # fmt: skip
    sign(
        pinecone, "revenue_share_platform", deal=Deal(share_base="collected", share_after=("tax",))
    )
    record(hit(redis, "2026-09-10", "acme", 50_005), hit(pinecone, "2026-09-10", "acme", 50_005))
    database.login("settle")
    settle()
    for partner in partners:
        pay(partner, "2026-10-05", 100_01, fee=3_20)
        send_back(partner, "2026-10-09", 40_00)
    settle(OCTOBER, LATER)
    for partner in partners:
        issue_credit_note(document_id=invoice_of(partner).id, actor=PREPARER, now=utc("2026-11-05"),
                          credit=Credit("c", "slow", net_minor=40_00))  # fmt: skip

    settle(NOVEMBER, LATER)
    with pytest.raises(AlreadySettled):
        settle(NOVEMBER, LATER)

    assert statements(redis) == [
        (30_00, 0, 0, 30_00), (-12_00, 96, 0, 17_04), (12_00, 0, -12_00, 17_04),
    ]  # fmt: skip
    assert statements(pinecone) == [(0, 0, 0, 0), (20_00, 0, 0, 20_00), (0, 0, 0, 20_00)]
    run = SettlementRun.objects.get(partner_id=redis.id, period_start=OCTOBER.start)
    assert (run.gross_minor, run.net_minor, run.share_minor, run.fees_minor) == (
        0, 9_76, -12_96, 3_20,
    )  # fmt: skip
    # The fee is a cost of ours; the partner's part of it lessens what its share costs us.
    assert balances(redis) == {
        "1000": 56_81, "4000": -60_01, "5000": 17_04, "5200": 3_20, "2100": -17_04,
    }  # fmt: skip
    fees = Document.objects.get(partner_id=redis.id, period_start=OCTOBER.start).lines.get(
        kind="fees"
    )
    assert fees.explanation == ["payment fees so far $3.20, taken off", "30 % of it = −$0.96"]
    assert breaches() == []
    # The partner's own preview reads the same payments under its own role.
    database.login("web")
    with in_partner(redis):
        agreement = Agreement.objects.get(partner_id=redis.id)
        gathered = gather(agreement, OCTOBER)
    assert gathered.run_input.receipts == () and gathered.base is not None
    with in_partner(redis):
        assert [one.fee_minor for one in receipts(agreement.id, OCTOBER)] == [3_20]


def disputed(payment, status, *moves):
    """What Stripe says of a dispute: (minor units, fee, day) of each movement of the money."""
    return {
        "id": "dp_1", "amount": payment.amount_minor, "reason": "fraudulent", "status": status,
        "created": utc("2026-10-20").timestamp(), "evidence_details": {"due_by": None},
        "balance_transactions": [
            {"id": f"txn_{day}", "amount": amount, "fee": fee, "currency": "usd",
             "created": utc(day).timestamp()}
            for amount, fee, day in moves
        ],
    }  # fmt: skip


def test_a_chargeback_takes_a_collected_share_once_and_gives_it_back(database, partners):
    """September's 100.01 is paid in October, when the bank also takes it: nothing is in hand, so
    no share is due. It comes back in November (30 % of 100.01 is 30.00), is taken for good in
    December (−30.00), and writing the invoice off in January takes nothing more. Stripe's 15.00
    for the dispute are ours. Pinecone shares what is collected too, and is not touched."""
    redis, pinecone = partners
    for partner in partners:
        sign(partner, "revenue_share_platform", deal=Deal(share_base="collected"))
        record(hit(partner, "2026-09-10", "acme", 50_005))
    database.login("settle")
    settle()
    pay(redis, "2026-10-05", 100_01)
    pay(pinecone, "2026-10-05", 100_01)
    payment = Payment.objects.get(partner_id=redis.id)
    taken, back, lost = (-100_01, 15_00, "2026-10-20"), (100_01, 0, "2026-11-10"), (
        -100_01, 0, "2026-12-10")  # fmt: skip
    for month, status, moves in (
        ("2026-10", "needs_response", [taken]), ("2026-11", "won", [taken, back]),
        ("2026-12", "lost", [taken, back, lost]),
    ):  # fmt: skip
        for _ in range(2):
            book_chargeback(payment=payment, remote=disputed(payment, status, *moves), **BY)
        settle(parse_month(month), utc("2027-02-01"))
    write_off_invoice(document_id=invoice_of(redis).id, reason="lost", **BY)
    settle(parse_month("2027-01"), utc("2027-02-02"))

    shares = [row[0] for row in statements(redis)]
    assert shares == [0, 0, 30_00, -30_00, 0]
    assert [row[0] for row in statements(pinecone)] == [0, 20_00, 0, 0, 0]
    assert not CarriedItem.objects.exists()
    assert balances(redis) == {
        "1000": 100_01, "1020": -100_01 - 15_00, "4000": -100_01, "5100": 100_01, "5200": 15_00,
    }  # fmt: skip
    assert breaches() == []


def test_a_share_with_tax_goes_back_with_its_tax(database, partners):
    """30 % of 120.01 with 20 % tax is 36.00; 50.00 and then 50.01 net are credited: all goes back.

    Pinecone takes the tax off: 20 % of 100.01."""
    redis, pinecone = partners
    sign(redis, "revenue_share_platform", deal=Deal(share_after=("credits",), tax="charged"))
    sign(pinecone, "revenue_share_platform", deal=Deal(tax="charged"))
    record(hit(redis, "2026-09-10", "acme", 50_005), hit(pinecone, "2026-09-10", "acme", 50_005))
    enter_tax_rate(country="GB", label="VAT", percent=Decimal(20), valid_from=date(2026, 1, 1),
                   **BY)  # fmt: skip
    for partner in partners:
        with in_partner(partner):
            customer = Customer.objects.get().id
        enter_tax_status(partner_id=partner.id, customer_id=customer, treatment="standard",
                         country="GB", valid_from=date(2026, 1, 1), **BY)  # fmt: skip
        enter_tax_status(partner_id=partner.id, treatment="none", valid_from=date(2026, 1, 1), **BY)
    database.login("settle")
    settle()
    shown = [("customer_invoice", "acme", 120_01), ("payout_statement", "", 36_00)]
    assert documents(redis) == shown
    assert documents(pinecone)[1] == ("payout_statement", "", 20_00)

    for key, net in (("a", 50_00), ("b", 50_01)):
        issue_credit_note(document_id=invoice_of(redis).id, credit=Credit(key, "x", net_minor=net),
                          **BY)  # fmt: skip
    assert balances(redis) == {}
    assert breaches() == []
