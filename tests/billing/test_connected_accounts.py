"""A partner's own account at the simulated Stripe: one per asking, chosen only when it is ready."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.db import ProgrammingError, transaction

from billing.actions.adopt_accounts import adopt_accounts
from billing.actions.connected_accounts import (
    ask_look,
    connect_account,
    keep_account,
    renew_link,
)
from billing.actions.payout_details import ask_payout_details, decide_payout_details, masked
from billing.actions.reconcile_stripe import reconcile_stripe
from billing.actions.stripe_events import process_event
from billing.gateways.stripe_api import Stripe
from billing.models import ConnectedAccount, PayoutDetails, RemoteIntent, StripeEvent
from billing.queries.remote import onboarding
from billing.rules.errors import WrongState
from billing.rules.sealing import seal
from tenants.rules.datakeys import parse_kek
from tenants.schema import in_partner
from tests.billing.stripe_steps import notices, now, push
from tests.fakes.stripe import KEY, described, running

URLS = {"return_url": "https://a.example/back", "refresh_url": "https://a.example/again"}
OWNER = "owner@redis.example"


@pytest.fixture(scope="module")
def fake(shared_data):
    with running(described(shared_data)) as found:
        yield found
        assert found.report()["broken"] == []


@pytest.fixture
def asked(fake, partners, database):
    """Redis asked twice for an account in Germany; Pinecone once."""
    database.login("web")
    for partner in (partners.redis, partners.redis, partners.pinecone):
        with in_partner(partner):
            connect_account(partner_id=partner.id, country="de", actor=OWNER, now=now(), **URLS)
    database.login("settle")
    fake.control("hold")
    return partners


@pytest.fixture
def stripe(fake):
    fake.faults()
    return Stripe(KEY, fake.base, timeout_s=30)


def choose(database, partner, account):
    database.login("web")
    try:
        with in_partner(partner):
            return ask_payout_details(
                partner_id=partner.id, kind="stripe", holder="Redis Labs", account=account, bic="",
                kek=settings.KEK, actor=OWNER, now=now(),
            )  # fmt: skip
    finally:
        database.login("settle")


def test_asked_for_told_about_and_chosen(fake, stripe, asked, database):
    redis, pinecone = asked
    assert RemoteIntent.objects.filter(kind="account").count() == 2
    assert RemoteIntent.objects.filter(kind="account_link").count() == 2
    fake.faults({"kind": "drop", "on": "POST /v1/accounts", "times": 1},
                {"kind": "drop", "on": "POST /v1/account_links", "times": 1})  # fmt: skip
    for _ in range(3):
        push(stripe)
    assert set(RemoteIntent.objects.values_list("state", flat=True)) == {"sent"}
    accounts = {row.partner_id: row for row in ConnectedAccount.objects.all()}
    mine = accounts[redis.id]
    made = [one["id"] for one in stripe.every("accounts")]
    assert sorted(made) == sorted(row.remote_id for row in accounts.values())
    assert (mine.country, mine.payouts_enabled, len(mine.missing)) == ("DE", False, 3)
    with pytest.raises(WrongState, match="does not pay out"):
        choose(database, redis, mine.remote_id)

    found = onboarding(redis.id, now())
    assert "https://a.example/back" in fake.onboard(found.link.url)
    notices(fake, seed=2)
    for _ in range(2):
        for event in StripeEvent.objects.all():
            process_event(event_id=event.id, stripe=stripe, now=now())

    mine.refresh_from_db()
    assert (mine.payouts_enabled, mine.details_submitted, mine.missing) == (True, True, [])
    assert not ConnectedAccount.objects.get(partner_id=pinecone.id).payouts_enabled
    with pytest.raises(WrongState, match="is not connected"):
        choose(database, pinecone, mine.remote_id)
    assert choose(database, redis, mine.remote_id).masked.endswith(mine.remote_id[-4:])


def test_an_address_is_renewed_when_it_is_over_and_the_daily_look_sees_what_no_notice_told(
    fake, stripe, asked, database
):
    redis, _pinecone = asked
    push(stripe)
    first = onboarding(redis.id, now()).link
    database.login("web")
    with in_partner(redis):
        assert renew_link(partner_id=redis.id, now=now(), **URLS) == first
        assert ask_look(partner_id=redis.id) == 1
        later = now() + timedelta(minutes=6)
        assert onboarding(redis.id, later).link is None
        assert renew_link(partner_id=redis.id, now=later, **URLS) != first
    database.login("settle")

    fake.onboard(first.url)
    assert reconcile_stripe(stripe=stripe, now=now()) == []
    mine = ConnectedAccount.objects.get(partner_id=redis.id)
    assert mine.payouts_enabled
    ConnectedAccount.objects.create(partner_id=redis.id, remote_id="acct_gone", created_at=now(),
                                    seen_at=now())  # fmt: skip
    [gone] = reconcile_stripe(stripe=stripe, now=now())
    assert (gone.kind, gone.remote_id) == ("account", "acct_gone")


def test_accounts_named_before_connect_are_taken_over(stripe, partners, database):
    """Redis' own, once; one that Stripe does not show us and one of another partner stay out."""
    redis, pinecone = partners
    own = stripe.create("accounts", {"type": "express", "country": "DE", "metadata": {}}, "old")
    database.login("owner")
    for n, (partner, account) in enumerate(
        ((redis, own["id"]), (redis, "acct_00000unknown"), (pinecone, own["id"]))
    ):
        details = PayoutDetails.objects.create(
            partner_id=partner.id, kind="stripe", holder="Redis", masked=masked(account), bic="",
            sealed=seal(parse_kek(settings.KEK), account, partner.id), asked_by=OWNER,
            asked_at=now() + timedelta(seconds=n),
        )  # fmt: skip
        decide_payout_details(details_id=details.id, partner_id=partner.id, approve=True,
                              actor="other@x.example", now=now())  # fmt: skip
    database.login("settle")

    found, again = (
        [(one.partner_id, one.outcome) for one in
         adopt_accounts(stripe=stripe, kek=settings.KEK, actor=OWNER, now=now())]
        for _ in range(2)
    )  # fmt: skip

    assert [outcome.split(":")[0] for _, outcome in found] == [
        "not ready", "Stripe does not show it to us", "another partner has this account",
    ]  # fmt: skip
    assert again[0] == (redis.id, "connected already") and again[1:] == found[1:]
    [kept] = ConnectedAccount.objects.all()
    assert (kept.partner_id, kept.remote_id, kept.country) == (redis.id, own["id"], "DE")
    assert onboarding(redis.id, now()).account == kept


@pytest.mark.parametrize("more", [
    {"kind": "transfer"}, {"kind": "refund"}, {"state": "sent"}, {"url": "https://x.example"},
    {"other": True},
])  # fmt: skip
def test_a_partners_role_can_ask_for_nothing_else(partners, database, more):
    other = partners.pinecone.id if more.pop("other", False) else partners.redis.id
    facts = {"kind": "account", "state": "pending", "url": "", **more}
    database.login("web")
    with in_partner(partners.redis), pytest.raises(ProgrammingError, match="row-level security"), \
            transaction.atomic():  # fmt: skip
        RemoteIntent.objects.create(
            key="x", subject_id=other, partner_id=other, facts={}, next_try_at=now(),
            created_at=now(), changed_at=now(), **facts,
        )  # fmt: skip


def test_the_way_to_stripe_goes_on_for_an_account_that_was_taken_over(
    fake, stripe, partners, database
):
    """Nobody asked for it here, so no intent opened it; its owner still has facts to tell."""
    redis, pinecone = partners
    own = stripe.create("accounts", {"type": "express", "country": "DE", "metadata": {}}, "taken")
    keep_account(partner_id=redis.id, remote=own, now=now())
    found = onboarding(redis.id, now())
    assert (found.asked, found.account.remote_id, found.link) == (None, own["id"], None)

    database.login("web")
    with in_partner(redis):
        first, again = (renew_link(partner_id=redis.id, now=now(), **URLS) for _ in range(2))
    with in_partner(pinecone), pytest.raises(WrongState, match="No account"):
        renew_link(partner_id=pinecone.id, now=now(), **URLS)
    database.login("settle")
    assert first == again
    push(stripe)
    found = onboarding(redis.id, now())
    assert found.link == first and not found.account.payouts_enabled

    fake.onboard(found.link.url)
    with in_partner(redis):
        assert ask_look(partner_id=redis.id) == 1
    assert reconcile_stripe(stripe=stripe, now=now()) == []
    assert onboarding(redis.id, now()).account.payouts_enabled
