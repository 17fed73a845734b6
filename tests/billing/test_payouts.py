"""Payouts: who may change what, which statements they claim, and that each is freed once."""

import pathlib
import threading
from datetime import timedelta

import psycopg
import pytest
import sepaxml
import xmlschema
from django.conf import settings
from django.db import connection

from billing.actions.bank_files import take_bank_file
from billing.actions.connected_accounts import keep_account
from billing.actions.export_payouts import export_payouts
from billing.actions.payout_details import (
    HOLD,
    BadPayoutDetails,
    ask_payout_details,
    decide_payout_details,
)
from billing.actions.payouts import (
    approve_payouts,
    cancel_payout,
    fail_payout,
    hold_payout,
    prepare_payouts,
    release_payout,
    reverse_payout,
    settle_payout,
)
from billing.gateways.pain001 import CannotExport, Debtor
from billing.models import Document, Payout, PayoutClaim, PayoutDetails
from billing.queries.balances import unshown_payouts_minor
from billing.queries.documents import document_detail
from billing.queries.payout_figures import payout_figures
from billing.queries.payouts import details_rows, usable_details
from billing.rules.errors import SamePerson, WrongState
from billing.rules.periods import parse_month
from billing.rules.templates import Deal
from tenants.schema import in_console, in_partner
from tests.billing.conftest import issued_month
from tests.billing.people import APPROVER, PREPARER, utc
from tests.billing.world import NOW, balances, breaches, hit, record, settle, sign
from tests.conftest import two_partners

OWNER, SECOND = "owner@redis.example", "cfo@redis.example"
IBAN = "DE89370400440532013000"
LATER = NOW + HOLD
US = Debtor("AgentCache, Inc.", "NL91ABNA0417164300", "ABNANL2A")


def ask(partner, account=IBAN, kind="bank", bic="COBADEFFXXX", now=NOW, actor=OWNER):
    return ask_payout_details(partner_id=partner.id, kind=kind, holder="Redis Labs Ltd",
                              account=account, bic=bic, kek=settings.KEK, actor=actor,
                              now=now)  # fmt: skip


def decide(partner, details, approve=True, actor=SECOND, now=NOW):
    return decide_payout_details(details_id=details.id, partner_id=partner.id, approve=approve,
                                 actor=actor, now=now)  # fmt: skip


def details_approved(database):
    """Redis earned 30.42 in September (30 % of 100.01 and of 1.40), Pinecone 0.20."""
    issued_month(database)
    database.login("web")
    for partner in two_partners():
        with in_partner(partner):
            decide(partner, ask(partner))


@pytest.fixture
def earned(database, partners):
    """The same, connected as settlement."""
    database.fill(details_approved)
    database.login("settle")
    return partners


def prepare(now=LATER):
    return {one.partner_id: one for one in prepare_payouts(actor=PREPARER, now=now).payouts}


def approve(*payouts, now=LATER, actor=APPROVER):
    return approve_payouts(payout_ids=[one.id for one in payouts], actor=actor, now=now)


def order(*payouts, now=LATER):
    return export_payouts(payout_ids=[one.id for one in payouts], debtor=US, kek=settings.KEK,
                          actor=APPROVER, now=now)  # fmt: skip


def statement(partner, month="2026-09"):
    start = parse_month(month).start
    return Document.objects.get(partner_id=partner.id, kind="payout_statement", period_start=start)


def figures(partner, now=LATER):
    """Next, carried forward, under way, paid this year."""
    found = payout_figures(partner.id, now)
    return found.next_minor, found.carried_minor, found.under_way_minor, found.paid_minor


def status(document):
    return document_detail(document.id, today=NOW.date()).row.status


def test_details_need_a_second_owner_and_a_hold(world, database):
    redis, pinecone = world
    ready = {"id": "acct_1234567890", "payouts_enabled": True}
    keep_account(partner_id=redis.id, remote=ready, now=NOW)
    database.login("web")
    with in_partner(redis):
        details = ask(redis)
        with pytest.raises(SamePerson, match="Ask somebody else"):
            decide(redis, details, actor=OWNER.upper())
        with pytest.raises(WrongState, match="Another change waits"):
            ask(redis)
        assert usable_details(redis.id, NOW) is None
        first = decide(redis, details)
        assert decide(redis, details) == first
        with pytest.raises(WrongState, match="has decided"):
            decide(redis, details, approve=False)
        assert usable_details(redis.id, LATER - timedelta(seconds=1)) is None
        assert usable_details(redis.id, LATER) == details
        second = ask(redis, "acct_1234567890", "stripe", "", now=LATER)
        assert usable_details(redis.id, LATER) == details
        decide(redis, second, approve=False, actor=OWNER, now=LATER)
        states = [row.state for row in details_rows(redis.id, LATER)]
    with in_partner(pinecone):
        assert list(PayoutDetails.objects.all()) == []
        with pytest.raises(WrongState, match="no such change"):
            decide(pinecone, details)

    assert states == ["refused", "usable"]
    assert (details.masked, IBAN.encode() in bytes(details.sealed)) == ("DE••••3000", False)


def test_the_database_itself_wants_a_second_owner(earned, database):
    asked = "(select id from billing_payoutdetails limit 1)"
    with database.psql("owner") as owner:
        owner.execute("alter table billing_payoutdetailsdecision disable trigger refuse_change")
        owner.execute("delete from billing_payoutdetailsdecision")
        with pytest.raises(psycopg.errors.CheckViolation, match="second owner"):
            owner.execute(
                "insert into billing_payoutdetailsdecision (id, partner_id, details_id, approved,"
                " decided_by, decided_at, usable_from) select gen_random_uuid(), partner_id, id,"
                f" true, asked_by, now(), now() from billing_payoutdetails where id = {asked}"
            )


@pytest.mark.parametrize(("given", "why"), [
    ({"account": "DE89370400440532013001"}, "IBAN: it can not be right"),
    ({"bic": "NOBIC"}, "BIC"), ({"kind": "stripe"}, "begins with acct_"),
    ({"kind": "cash"}, "Kind: bank or stripe"),
])  # fmt: skip
def test_details_that_can_not_be_right_are_refused_without_repeating_them(world, given, why):
    with pytest.raises(BadPayoutDetails, match=why) as refused:
        ask(world.redis, **given)

    assert "8937" not in str(refused.value)


def test_a_payout_from_claim_to_the_banks_own_file(earned):
    redis = earned.redis
    assert figures(redis) == (30_42, 0, 0, 0) and figures(earned.pinecone) == (20, 0, 0, 0)
    assert payout_figures(redis.id, LATER).next_on == statement(redis).due_date
    made = prepare()
    assert prepare() == {}
    payout = made[redis.id]
    assert (payout.amount_minor, payout.currency, payout.state) == (30_42, "USD", "pending")
    assert figures(redis) == (0, 0, 30_42, 0) and figures(earned.pinecone) == (0, 0, 20, 0)

    with pytest.raises(SamePerson):
        approve(payout, actor=PREPARER)
    with pytest.raises(WrongState, match="only approved payouts"):
        order(payout)
    approve(*made.values())
    file = order(*made.values())
    again = order(*made.values())

    schema = pathlib.Path(sepaxml.__file__).parent / "schemas" / "pain.001.001.03.xsd"
    xmlschema.XMLSchema(str(schema)).validate(file.content.decode())
    assert (file.name, payout.reference in file.content.decode()) == (again.name, True)
    assert figures(redis) == (0, 0, 0, 30_42)
    assert payout_figures(redis.id, utc("2027-01-01")).paid_minor == 0
    assert file.content.count(b"<InstdAmt") == 2 and b"30.42" in file.content
    assert IBAN.encode() in file.content
    assert balances(redis)["2120"] == -30_42 and balances(redis).get("2100", 0) == 0
    assert status(statement(redis)) == "paid"
    assert breaches() == []

    lines = f"2026-10-07,-30.42,USD,Redis,payout,B1,,{payout.reference}\n"
    lines += f"2026-10-07,-30.42,USD,Redis,payout,B2,,{payout.reference}\n"
    head = "date,amount,currency,payer,text,id,account,end_to_end_id\n"
    taken, _new = take_bank_file(name="b.csv", content=(head + lines).encode(), actor=PREPARER,
                           now=LATER)  # fmt: skip
    states = [(one.state, one.reason) for one in taken.lines.order_by("position")]
    assert states[0][0] == "matched" and states[1][0] == "unmatched"
    assert "which is settled" in states[1][1]
    found = balances(redis)
    assert (found["1000"], found.get("2120", 0)) == (-30_42, 0)
    assert breaches() == []


@pytest.mark.parametrize("how", ["cancel", "fail", "reverse"])
def test_what_fails_frees_its_statements_exactly_once(earned, how):
    redis = earned.redis
    payout = prepare()[redis.id]
    facts = {"payout_id": payout.id, "reason": "account closed", "actor": APPROVER, "now": LATER}
    if how != "cancel":
        approve(payout)
        order(payout)
    if how == "reverse":
        settle_payout(payout_id=payout.id, actor=APPROVER, now=LATER)
    {"cancel": cancel_payout, "fail": fail_payout, "reverse": reverse_payout}[how](**facts)

    with pytest.raises(WrongState, match="it is finished"):
        cancel_payout(**facts)
    assert unshown_payouts_minor(payout.agreement_id) == 0
    assert balances(redis)["2100"] == -30_42
    assert balances(redis).get("2120", 0) == balances(redis).get("1000", 0) == 0
    second = prepare()[redis.id]
    assert (second.amount_minor, second.claims.count()) == (30_42, 1)
    assert PayoutClaim.objects.filter(document=statement(redis)).count() == 2
    assert breaches() == []


def test_a_freed_claim_stays_freed_and_a_sum_is_never_changed(earned, database):
    payout = prepare()[earned.redis.id]
    cancel_payout(payout_id=payout.id, reason="x", actor=APPROVER, now=LATER)

    for sql in ("update billing_payoutclaim set released_at = null where released_at is not null",
                "update billing_payout set amount_minor = 1", "delete from billing_payout",
                "update billing_payoutdetails set holder = 'Thief'"):  # fmt: skip
        with database.psql("owner") as owner, pytest.raises(psycopg.errors.RestrictViolation):
            owner.execute(sql)


def test_while_details_change_nothing_is_sent(earned, database):
    redis = earned.redis
    payout = prepare()[redis.id]
    approve(payout)
    database.login("web")
    with in_partner(redis):
        change = ask(redis, "GB29NWBK60161331926819", bic="", now=LATER)
    with in_console():
        with pytest.raises(WrongState, match="being changed"):
            order(payout)
        hold_payout(payout_id=payout.id, reason="new account", actor=PREPARER, now=LATER)
    with in_partner(redis):
        decide(redis, change, now=LATER)
    with in_console():
        release_payout(payout_id=payout.id, actor=PREPARER, now=LATER)
        with pytest.raises(WrongState, match="being changed"):
            approve(payout)
        approve(payout, now=LATER + HOLD)
        file = order(payout, now=LATER + HOLD)

    assert b"GB29NWBK60161331926819" in file.content and IBAN.encode() not in file.content


def test_below_the_minimum_it_carries_forward_and_is_claimed_with_the_next(database, partners):
    redis = partners.redis
    sign(redis, "revenue_share_platform", deal=Deal(min_payout_minor=50_00))
    record(hit(redis, "2026-09-10", "acme", 50_005), hit(redis, "2026-10-10", "acme", 50_005),
           now=utc("2026-11-01"))  # fmt: skip
    database.login("settle")
    assert payout_figures(redis.id, LATER) is None
    settle()
    assert prepare() == {}
    assert figures(redis) == (0, 30_00, 0, 0)

    settle(parse_month("2026-10"), utc("2026-11-02T09:00"))
    payout = prepare(utc("2026-11-03"))[redis.id]

    assert (payout.amount_minor, payout.state, payout.claims.count()) == (60_00, "held", 2)
    assert "no payout details" in payout.reason
    assert breaches() == []


def test_a_statement_made_while_a_payout_is_under_way_is_not_paid_twice(earned, database):
    redis = earned.redis
    first = prepare()[redis.id]
    database.login("recorder")
    record(hit(redis, "2026-10-10", "acme", 50_005), now=utc("2026-11-01"))
    database.login("settle")
    settle(parse_month("2026-10"), utc("2026-11-02T09:00"))
    assert statement(redis, "2026-10").statement["closing_minor"] == 60_42

    second = prepare(utc("2026-11-03"))[redis.id]

    assert (first.amount_minor, second.amount_minor) == (30_42, 30_00)
    approve(first, second)
    order(first, second)
    assert balances(redis).get("2100", 0) == 0 and balances(redis)["2120"] == -60_42
    assert breaches() == []


def test_eight_at_once_claim_a_statement_once(earned):
    def work():
        prepare()
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert Payout.objects.count() == 2
    assert PayoutClaim.objects.filter(released_at=None).count() == 2


def test_what_the_file_can_not_say_is_refused(earned):
    payout = prepare()[earned.redis.id]
    approve(payout)

    with pytest.raises(CannotExport, match="PLATFORM_IBAN"):
        export_payouts(payout_ids=[payout.id], debtor=Debtor("Us", ""), kek=settings.KEK,
                       actor=APPROVER, now=LATER)  # fmt: skip
    with pytest.raises(CannotExport, match="No payout was chosen"):
        order()
    with pytest.raises(Exception, match="another platform key"):
        export_payouts(payout_ids=[payout.id], debtor=US, kek=b"0" * 64, actor=APPROVER, now=LATER)

    payout.refresh_from_db()
    assert payout.state == "approved"
