"""Payments, payouts and Stripe on the console, through the web login and its own rights."""

import uuid
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from billing.actions.payout_details import ask_payout_details, decide_payout_details
from billing.actions.remote_intents import want_invoices
from billing.models import BankLine, Chargeback, Document, Payment, Payout, Refund, RemoteIntent
from tenants import schema
from tests.portal.console.cast import signed_in
from tests.portal.views.cast import NOW, text

IBAN = "DE89370400440532013000"


def number(partner, customer="acme"):
    with schema.in_console():
        return Document.objects.get(
            partner_id=partner.id, customer_external_id=customer, kind="customer_invoice"
        ).number


def typed(partner, amount="100.01", **more):
    facts = {"number": number(partner), "amount": amount, "currency": "USD", "payer": "Acme"}
    slip = {"token": str(uuid.uuid4()), "received": "2026-10-05", "reference": "slip"}
    return {**facts, **slip, **more}


def test_a_payment_by_hand_counts_once_and_says_what_is_wrong(issued):
    client = signed_in("finance_preparer")
    form = typed(issued.redis)

    done = client.post("/payments/record/", form, follow=True)
    client.post("/payments/record/", form, follow=True)

    assert f"Recorded: {form['number']}" in text(done) and "$100.01" in text(done)
    with schema.in_console():
        assert Payment.objects.count() == 1
        assert Payment.objects.get().fee_minor == 0
    for wrong, said in ((typed(issued.redis, fee="100.02"), "A fee is a part of the amount"),
                        (typed(issued.redis, fee="x"), "is not an amount"),
                        (typed(issued.redis, number="INV-1"), "no number of an invoice of ours"),
                        (typed(issued.redis, amount="1.001"), "more decimals"),
                        (typed(issued.redis, currency="XXX"), "three letters"),
                        (typed(issued.redis, amount="many"), "is not an amount")):  # fmt: skip
        answer = client.post("/payments/record/", wrong)
        assert answer.status_code == 200 and said in text(answer)
    euros = client.post("/payments/record/", typed(issued.redis, currency="EUR"), follow=True)
    assert "is in USD, the payment in EUR" in text(euros)


def test_a_chargeback_is_shown_with_its_day_and_queued_for_an_owner(issued, database):
    client = signed_in("finance_preparer")
    assert "Chargebacks" not in text(client.get("/payments/"))
    client.post("/payments/record/", typed(issued.redis))
    database.login("settle")
    with schema.in_public():
        payment = Payment.objects.get()
        Chargeback.objects.create(
            partner_id=issued.redis.id, remote_id="dp_1", payment=payment, currency="USD",
            document=payment.applications.get().document, amount_minor=100_01, opened_at=NOW,
            reason="fraudulent", status="needs_response", changed_at=NOW,
            answer_by=NOW + timedelta(days=9),
        )  # fmt: skip
    database.login("web")

    page = text(client.get("/payments/"))
    found = page.split("Chargebacks")[1].split("Not applied")[0]
    assert "To be answered" in found and "14 Oct" in found and "nobody yet" in found, found
    queue = client.get("/finance/exceptions/").content.decode()
    assert f"Chargeback of {number(issued.redis)}" in queue
    assert "Answer at Stripe by 2026-10-14" in queue
    key = queue.split('name="key" value="chargeback')[1].split('"')[0]
    client.post("/finance/exceptions/take/", {"key": f"chargeback{key}"})
    assert "nobody yet" not in text(client.get("/payments/"))


def test_a_bank_file_and_the_lines_that_wait(issued):
    client = signed_in("finance_preparer")
    content = (
        "date,amount,currency,payer,text,id\n"
        f"2026-10-05,100.01,USD,Acme,{number(issued.redis)},B1\n"
        "2026-10-05,2.00,USD,Somebody,hello,B2\n2026-10-05,-1.00,USD,Bank,fees,B3\n"
    ).encode()

    def upload(name="october.csv", content=content):
        file = SimpleUploadedFile(name, content)
        return client.post("/payments/file/", {"file": file}, follow=True)

    page = text(upload())
    assert "3 lines: 1 booked, 2 wait below" in page
    assert "The amount would fit" in page and "Money out" in page
    assert "taken in before; nothing was booked again" in text(upload())
    assert "The first line must name the columns" in text(upload("x.csv", b"hello"))
    assert "no readable XML" in text(upload("x.xml", b"<hello"))
    with schema.in_console():
        zeta, fees = BankLine.objects.filter(state="unmatched").order_by("position")
    nobody = client.post(f"/payments/lines/{zeta.id}/assign/", {"number": "x"}, follow=True)
    assert "no number of an invoice" in text(nobody)
    client.post(f"/payments/lines/{zeta.id}/assign/", {"number": number(issued.redis, "zeta")})
    assert "Say why" in text(client.post(f"/payments/lines/{fees.id}/ignore/", follow=True))
    client.post(f"/payments/lines/{fees.id}/ignore/", {"reason": "bank fees"})
    assert "Nothing waits" in text(client.get("/payments/"))


def test_a_payment_is_sent_back_by_hand(issued):
    client = signed_in("finance_approver")
    client.post("/payments/record/", typed(issued.redis))
    with schema.in_console():
        payment = Payment.objects.get()
    path = f"/payments/{payment.id}/refund/"
    form = {"token": str(uuid.uuid4()), "number": number(issued.redis), "amount": "40",
            "currency": "USD", "reason": "wrong plan"}  # fmt: skip

    assert "Send a payment back" in text(client.get(path))
    assert "can not be sent back" in text(client.post(path, {**form, "amount": "100.02"}))
    done = client.post(path, form, follow=True)
    client.post(path, form, follow=True)

    assert "$40.00 sent back" in text(done)
    with schema.in_console():
        assert [row.state for row in Refund.objects.all()] == ["sent"]


@pytest.fixture
def payable(issued, settings):
    """Both partners have an account that can be paid to."""
    settings.PLATFORM_ACCOUNT = {"iban": "NL91ABNA0417164300", "bic": "ABNANL2A"}
    for partner in issued:
        with schema.in_partner(partner):
            details = ask_payout_details(
                partner_id=partner.id, kind="bank", holder=partner.name, account=IBAN, bic="",
                kek=settings.KEK, actor="a@partner.example", now=NOW,
            )  # fmt: skip
            decide_payout_details(
                details_id=details.id, partner_id=partner.id, approve=True, now=NOW,
                actor="b@partner.example", hold=timedelta(0),
            )  # fmt: skip
    return issued


def test_payouts_go_through_two_people_to_the_banks_order(payable):
    preparer, approver = signed_in("finance_preparer"), signed_in("finance_approver")

    page = text(preparer.post("/payouts/prepare/", follow=True))
    assert "2 payouts prepared" in page and "$30.60" in page and "a second person approves" in page
    assert IBAN not in page and "DE••••3000" in page
    with schema.in_console():
        ids = [str(one) for one in Payout.objects.values_list("id", flat=True)]
    assert preparer.post("/payouts/approve/", {"payout": ids}).status_code == 403
    assert "2 payouts wait for you" in text(approver.get("/payouts/"))
    approver.post("/payouts/approve/", {"payout": ids})
    file = approver.post("/payouts/order/", {"payout": ids, "method": "bank"})

    assert file["Content-Type"] == "application/xml" and file.content.count(b"<InstdAmt") == 2
    assert "Sent" in text(preparer.get("/payouts/"))
    held = preparer.post(f"/payouts/{ids[0]}/hold/", {"reason": "x"}, follow=True)
    assert "A payout that is sent cannot be put on hold. It can: arrive, fail." in text(held)
    preparer.post(f"/payouts/{ids[0]}/fail/", {"reason": "account closed"})
    assert "account closed" in text(preparer.get("/payouts/"))
    assert preparer.post(f"/payouts/{ids[0]}/steal/").status_code == 404
    assert approver.post("/payouts/approve/", {"payout": "x"}).status_code == 400


def test_stripe_is_not_needed_and_a_simulator_says_what_it_is(issued, settings):
    client = signed_in("finance_preparer")
    settings.STRIPE_API_KEY = ""
    assert "none is needed" in text(client.get("/stripe/"))

    settings.STRIPE_API_KEY, settings.STRIPE_SIMULATED = "sk_test_x", True
    with schema.in_console():
        want_invoices(now=NOW)
        one = RemoteIntent.objects.filter(kind="customer").first()
        RemoteIntent.objects.filter(pk=one.pk).update(state="needs_review", problem="No answer.")
    page = text(client.get("/stripe/"))
    assert "Simulated Stripe" in page and "No money moves" in page and "No answer." in page
    queued = client.post(f"/stripe/{one.id}/again/", follow=True)
    assert "looked for first" in text(queued)
    for path in ("/payments/", "/payouts/"):
        assert "Simulated Stripe" in text(client.get(path))
