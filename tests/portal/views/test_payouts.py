"""The partner's payouts page, and how a customer is told to pay."""

from datetime import timedelta

import pytest
from django.conf import settings as django_settings

from billing.actions.connected_accounts import keep_account
from billing.actions.payout_details import ask_payout_details, decide_payout_details
from billing.actions.remote_intents import want_invoice
from billing.models import Document, PayoutDetails, RemoteIntent
from billing.rules.templates import Deal
from cache_api.models import Customer
from tenants import schema
from tenants.accounts.models import User
from tests.billing import world
from tests.portal.views import cast
from tests.portal.views.cast import NOW, PINECONE, REDIS, signed_in, text

IBAN, PASSWORD = "DE89370400440532013000", "a long enough password"


def form(**more):
    facts = {"kind": "bank", "holder": "Redis Labs Ltd", "account": IBAN, "bic": "",
             "password": PASSWORD}  # fmt: skip
    return {**facts, **more}


@pytest.fixture
def owners(long_portal):
    """Redis with two owners who have a password."""
    partners, _database = long_portal
    with schema.in_partner(partners.redis):
        for email in ("owner@example.com", "second@example.com"):
            person = User.objects.filter(email=email).first() or User(email=email, role="owner")
            person.set_password(PASSWORD)
            person.save()
    return partners


def second():
    return signed_in(REDIS, "second")


def test_details_change_after_password_second_owner_and_hold(owners):
    first = signed_in(REDIS, "owner")

    wrong = first.post("/manage/payouts/details/", form(password="guess"))
    assert wrong.status_code == 200 and "This is not your password" in text(wrong)
    bad = first.post("/manage/payouts/details/", form(account=IBAN[:-1] + "1"))
    assert "IBAN: it can not be right" in text(bad)
    asked = first.post("/manage/payouts/details/", form(), follow=True)
    assert "Another owner has to approve" in text(asked) and IBAN not in asked.content.decode()
    with schema.in_partner(owners.redis):
        details = PayoutDetails.objects.get()
    path = f"/manage/payouts/details/{details.id}/"
    mine = first.post(path, {"decision": "approve", "password": PASSWORD}, follow=True)
    assert "cannot approve it" in text(mine)

    other = second()
    refused = other.post(path, {"decision": "approve", "password": "x"}, follow=True)
    assert "not your password" in text(refused)
    done = text(other.post(path, {"decision": "approve", "password": PASSWORD}, follow=True))
    assert "used after 3 days" in done and "DE••••3000 is approved" in done
    assert signed_in(PINECONE, "owner").get("/manage/payouts/").status_code == 200
    assert signed_in(PINECONE, "owner").post(path, {"password": PASSWORD}).status_code == 302
    with schema.in_partner(owners.pinecone):
        assert PayoutDetails.objects.count() == 0


def test_the_page_says_what_is_paid_when_and_what_tax_papers_need(portal):
    """September: 30 % of $3.00 for Redis, 20 % of $154.00 for Pinecone; neither has an account."""
    redis, pinecone = (text(signed_in(host, "owner").get("/manage/payouts/"))
                       for host in (REDIS, PINECONE))  # fmt: skip

    assert "Next payout final $0.90 by " in redis and "Next payout final $30.80 by " in pinecone
    assert "On its way $0.00" in redis and "Paid in 2026 $0.00" in redis
    assert "For tax Legal name Redis Labs Ltd Country missing" in redis


def test_an_account_is_connected_at_stripe_and_then_asked_for(owners, long_portal, settings):
    _partners, database = long_portal
    first, path = signed_in(REDIS, "owner"), "/manage/payouts/connect/"
    assert "Stripe account" not in text(first.get("/manage/payouts/")).split("Change the")[0]
    assert first.post(path, {"country": "DE", "password": PASSWORD}).status_code == 404
    settings.STRIPE_API_KEY = "sk_test_x"

    wrong = text(first.post(path, {"country": "DE", "password": "guess"}, follow=True))
    assert "not your password" in wrong and "Connect an account" in wrong
    named = text(first.post(path, {"country": "Germany", "password": PASSWORD}, follow=True))
    assert "Country: two letters" in named
    asked = text(first.post(path, {"country": "de", "password": PASSWORD}, follow=True))
    assert "Stripe is being asked" in asked
    database.login("settle")
    with schema.in_public():
        account, link = RemoteIntent.objects.filter(partner_id=owners.redis.id).order_by("kind")
        assert link.facts["return_url"].endswith("/manage/payouts/connect/returned/")
        RemoteIntent.objects.filter(pk=account.pk).update(state="sent", remote_id="acct_12345678")
        RemoteIntent.objects.filter(pk=link.pk).update(
            state="sent", url="https://connect.example/x", steps={"expires_at": 2**40})  # fmt: skip
        remote = {"id": "acct_12345678", "country": "DE", "payouts_enabled": False,
                  "requirements": {"currently_due": ["a", "b"]}}  # fmt: skip
        keep_account(partner_id=owners.redis.id, remote=remote, now=NOW)
    database.login("web")
    page = first.get("/manage/payouts/").content.decode()
    assert 'href="https://connect.example/x"' in page and "Not ready" in page
    stripe_form = form(kind="stripe", account="acct_12345678")
    refused = text(first.post("/manage/payouts/details/", stripe_form))
    assert "does not pay out from this account yet" in refused
    database.login("settle")
    with schema.in_public():
        keep_account(partner_id=owners.redis.id, remote={**remote, "payouts_enabled": True},
                     now=NOW + timedelta(minutes=1))  # fmt: skip
    database.login("web")
    assert "Ask to be paid there" in text(first.get("/manage/payouts/"))
    done = text(first.post("/manage/payouts/details/", stripe_form, follow=True))
    assert "Another owner has to approve" in done
    other = signed_in(PINECONE, "owner")
    assert "acct_" not in text(other.get("/manage/payouts/"))

    # An account that was taken over: nobody asked for it here, and its owner goes on there too.
    database.login("settle")
    with schema.in_public():
        keep_account(partner_id=owners.pinecone.id, remote={**remote, "id": "acct_taken"}, now=NOW)
    database.login("web")
    page = other.get("/manage/payouts/").content.decode()
    assert "acct_taken" in page and "Go on at Stripe" in page and "Connect an account" not in page
    assert "A new address is asked for" in text(other.get(f"{path}refresh/", follow=True))
    assert "Stripe is being asked" in text(other.get("/manage/payouts/"))


@pytest.mark.parametrize(("role", "sees", "asks"), [
    ("owner", 200, 200), ("admin", 200, 403), ("finance", 200, 403), ("support", 403, 403),
])  # fmt: skip
def test_only_owners_change_where_money_goes(portal, role, sees, asks):
    client = signed_in(REDIS, role)

    assert client.get("/manage/payouts/").status_code == sees
    assert client.post("/manage/payouts/details/", {}).status_code == asks
    assert client.post("/manage/payouts/connect/").status_code == (404 if asks == 200 else 403)


def test_our_invoices_show_our_account_and_the_link_to_pay(long_portal, settings):
    partners, database = long_portal
    settings.PLATFORM_ACCOUNT = {"iban": "NL91ABNA0417164300", "bic": ""}
    settings.STRIPE_API_KEY, settings.STRIPE_SIMULATED = "sk_test_x", True
    with schema.in_partner(partners.redis):
        invoice = Document.objects.get(customer_external_id="acme")
    database.login("settle")
    intent = want_invoice(document=invoice, now=NOW)
    url = "http://127.0.0.1:8090/i/in_1"
    RemoteIntent.objects.filter(pk=intent.pk).update(state="sent", url=url)
    database.login("web")
    client = signed_in(REDIS, "customer_owner")

    page = client.get(f"/invoices/{invoice.id}/")

    assert f'href="{url}"' in page.content.decode()
    assert "NL91ABNA0417164300" in text(page) and "Simulated Stripe" in text(page)


def test_a_partners_own_invoice_shows_its_account_and_never_ours(database, partners, october,
                                                                 settings):  # fmt: skip
    settings.PLATFORM_ACCOUNT = {"iban": "NL91ABNA0417164300", "bic": ""}
    redis = partners.redis
    world.customer(redis, "acme")
    world.sign(redis, "revenue_share_partner", deal=Deal(share_bps=6000))
    world.record(world.hit(redis, "2026-09-10", "acme", 50_005))
    world.settle()
    with schema.in_partner(redis):
        acme = Customer.objects.get(external_id="acme").id
    cast.person(redis, "customer_owner", acme)
    database.login("web")
    with schema.in_partner(redis):
        details = ask_payout_details(partner_id=redis.id, kind="bank", holder="Redis Labs Ltd",
                                     account=IBAN, bic="", kek=django_settings.KEK, actor="a@x.y",
                                     now=NOW)  # fmt: skip
        invoice = Document.objects.get(customer_external_id="acme")
    client = signed_in(REDIS, "customer_owner")
    before = text(client.get(f"/invoices/{invoice.id}/"))
    with schema.in_partner(redis):
        decide_payout_details(details_id=details.id, partner_id=redis.id, approve=True, now=NOW,
                              actor="b@x.y", hold=timedelta(0))  # fmt: skip
    page = text(client.get(f"/invoices/{invoice.id}/"))

    assert "IBAN" not in before
    assert IBAN in page and "Redis Labs Ltd" in page and "NL91ABNA0417164300" not in page
