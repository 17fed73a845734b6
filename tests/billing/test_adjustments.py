"""Late usage of a closed month: an adjustment run at that month's terms, once, never clamped.

Retail: $0.002 a cached request; redis shares 30 %, pinecone 20 %.
"""

import pytest

from billing.actions.adjust import adjust_due
from billing.actions.begin import go_on
from billing.actions.document_events import record_document_event
from billing.actions.errors import AlreadySettled, EarlierRunOpen
from billing.actions.open_runs import open_run, settle_period
from billing.actions.review import approve_runs, reject_run
from billing.actions.settle import issue_approved, settle_run
from billing.models import Agreement, CustomerShare, Document, SettlementRun
from billing.queries.control_room import control_room
from billing.rules.periods import parse_month
from billing.rules.templates import Deal
from cache_api.models import Customer
from cache_api.rules.events import UsageEvent
from tenants.schema import in_partner
from tests.billing.people import APPROVER, PREPARER, utc
from tests.billing.world import (
    NOW,
    SEPTEMBER,
    balances,
    breaches,
    customer,
    documents,
    event_id,
    fingerprint,
    hit,
    issue,
    record,
    review,
    settle,
    sign,
)

OCTOBER, LATER = parse_month("2026-10"), utc("2026-11-02T09:00")
INVOICE, CREDIT, STATEMENT = "customer_invoice", "credit_note", "payout_statement"


def late(database, *events, now=NOW):
    database.login("recorder")
    record(*events, now=now)
    database.login("settle")


def taken_back(one):
    return UsageEvent(
        event_id=event_id(NOW), partner_id=one.partner_id, customer=one.customer, kind="feedback",
        outcome="unmatched", livemode=True, reason=str(one.event_id),
    )  # fmt: skip


def of_redis(world):
    return SettlementRun.objects.filter(partner_id=world.redis.id).order_by("opened_at", "id")


def test_late_usage_after_close_twice(database, september):
    """50,005 requests are 100.01, of which 30.00. Five more: 100.02, of which 30.01. Then 1,000
    more: 102.02 and 30.61. Each document carries the difference to what was booked."""
    closing = {row[0]: row[2] for row in documents(september.redis)}[STATEMENT]

    late(database, hit(september.redis, "2026-09-10", "acme", 5))
    settle()
    late(database, hit(september.redis, "2026-09-30T23:00", "acme", 1_000))
    settle()

    added = documents(september.redis)[3:]
    assert added == [(INVOICE, "acme", 1), (STATEMENT, "", 1), (INVOICE, "acme", 2_00),
                     (STATEMENT, "", 60)]  # fmt: skip
    kinds = [(run.kind, run.sequence, run.state) for run in of_redis(september)]
    assert kinds == [("regular", 1, "issued"), ("adjustment", 1, "issued"),
                     ("adjustment", 2, "issued")]  # fmt: skip
    shares = CustomerShare.objects.filter(partner_id=september.redis.id, customer_id__isnull=False)
    acme = [row for row in shares.order_by("run__opened_at", "run_id") if row.base_minor > 10_000]
    assert [(row.base_minor, row.partner_minor, row.delta_partner_minor) for row in acme] == [
        (100_01, 30_00, 30_00), (100_02, 30_01, 1), (102_02, 30_61, 60),
    ]  # fmt: skip
    last = Document.objects.filter(partner_id=september.redis.id, kind=STATEMENT).last()
    assert (last.statement["opening_minor"], last.statement["adjustments_minor"]) == (
        closing + 1, 60,
    )  # fmt: skip
    assert SettlementRun.objects.filter(partner_id=september.pinecone.id).count() == 1
    assert breaches() == []


def test_nothing_late_opens_nothing_and_changes_no_row(database, september):
    # Of another month, of another partner, and below a cent.
    late(database, hit(september.redis, "2026-10-01", "acme", 5_000),
         hit(september.pinecone, "2026-08-31T23:59", "acme", 5_000),
         hit(september.redis, "2026-09-02", "big", 1),
         hit(september.redis, "2026-09-02", "new", 2))  # fmt: skip
    before = fingerprint(database)

    assert adjust_due(now=NOW) == 0
    with pytest.raises(AlreadySettled, match="no usage changed since"):
        settle_period(period=SEPTEMBER, actor=PREPARER, now=NOW)

    assert fingerprint(database) == before


def test_usage_taken_back_after_close_is_a_credit_note(database, world):
    """One hit that served 100 GB is 2.00, of which 0.60; feedback takes it back afterwards."""
    wrong = hit(world.redis, "2026-09-12", "fed", bytes=100 * 10**9)
    late(database, wrong)
    settle()
    late(database, taken_back(wrong))

    settle()

    assert documents(world.redis)[-2:] == [(CREDIT, "fed", -2_00), (STATEMENT, "", -60)]
    note = Document.objects.get(kind=CREDIT)
    assert (note.number, note.series, note.buyer_name) == ("CN-2026-000001", "CN", "fed")
    assert balances(world.redis)["1100"] == 100_01 + 1_40
    assert balances(world.redis)["2100"] == -(30_00 + 42)
    statement = Document.objects.filter(partner_id=world.redis.id, kind=STATEMENT).last().statement
    assert statement["closing_minor"] == 30_00 + 42
    assert breaches() == []


def test_a_statement_can_end_below_zero_and_waits(database, partners):
    """A customer is credited after its share was paid out: the partner owes 30.00 back."""
    sign(partners.redis, "revenue_share_platform")
    wrong = hit(partners.redis, "2026-09-12", "acme", bytes=5_000 * 10**9)
    record(wrong)
    database.login("settle")
    settle()
    paid = Document.objects.get(kind=STATEMENT)
    record_document_event(document_id=paid.id, kind="paid", amount_minor=30_00, source_id="bank-1",
                          actor=PREPARER, now=NOW)  # fmt: skip
    late(database, taken_back(wrong))

    settle()

    state = Document.objects.filter(kind=STATEMENT).last().statement
    assert [state[f"{name}_minor"] for name in ("opening", "paid", "adjustments", "closing",
                                               "payable", "carried")] == [
        30_00, 30_00, -30_00, -30_00, 0, -30_00,
    ]  # fmt: skip
    assert breaches() == []


def test_a_plan_begun_since_does_not_reach_back(database, partners):
    """acme had no plan in September, and fresh was not there: neither owes its fee of 1,000.00."""
    redis = partners.redis
    sign(redis, "direct", deal=Deal(plan_fees={"mid-market": 12_000_00}))
    customer(redis, "acme")
    record(hit(redis, "2026-09-10", "acme", 1_000))
    database.login("settle")
    settle()
    database.login("owner")
    with in_partner(redis):
        Customer.objects.update(plan="mid-market")
    late(database, hit(redis, "2026-09-11", "acme", 500), hit(redis, "2026-09-11", "fresh", 500))

    settle()

    assert documents(redis) == [(INVOICE, "acme", 2_00), (INVOICE, "acme", 1_00),
                                (INVOICE, "fresh", 1_00)]  # fmt: skip


def test_the_calendar_opens_one_at_a_time_and_a_person_hands_it_in(database, september):
    late(database, hit(september.redis, "2026-10-10", "acme", 1_000), now=LATER)
    settle(OCTOBER, LATER)
    late(database, hit(september.redis, "2026-09-10", "acme", 500),
         hit(september.redis, "2026-10-11", "acme", 500), now=LATER)  # fmt: skip

    assert (adjust_due(now=LATER), adjust_due(now=LATER)) == (1, 0)

    run = SettlementRun.objects.get(kind="adjustment")
    assert (run.period_start, run.opened_by) == (SEPTEMBER.start, "calendar")
    args = {"run_id": run.id, "partner_id": run.partner_id, "now": LATER}
    assert settle_run(**args).state == "rated"
    with pytest.raises(EarlierRunOpen, match="2026-09"):
        open_run(agreement_id=run.agreement_id, period=parse_month("2026-11"), actor=PREPARER,
                 now=utc("2026-12-02"))  # fmt: skip
    go_on(run_id=run.id, actor=PREPARER, now=LATER)
    assert settle_run(**args).state == "in_review"
    room = control_room(SEPTEMBER)
    mine = [row for row in room.rows if row.partner_id == september.redis.id]
    assert [(row.run_kind, row.gross_minor) for row in mine] == [
        ("regular", 101_41), ("adjustment", 1_00),
    ]  # fmt: skip
    issue(SEPTEMBER, LATER)

    # The later month's statement was issued before: the adjustment opens with its balance.
    assert adjust_due(now=LATER) == 1
    review(OCTOBER, LATER)  # rated, as the calendar opened it
    review(OCTOBER, LATER)  # and handed in
    issue(OCTOBER, LATER)
    assert adjust_due(now=LATER) == 0
    assert breaches() == []


def test_an_adjustment_can_be_sent_back_and_made_again(database, september):
    late(database, hit(september.redis, "2026-09-10", "acme", 500))
    [run] = review().values()
    reject_run(run_id=run.id, actor=APPROVER, reason="wait for the rest", now=NOW)
    late(database, hit(september.redis, "2026-09-10", "acme", 500))

    [again] = review().values()

    assert (again.id, again.attempt, again.gross_minor) == (run.id, 2, 2_00)
    approve_runs(run_ids=[again.id], actor=APPROVER, now=NOW)
    assert issue_approved(run_id=run.id, partner_id=run.partner_id, now=NOW).state == "issued"
    assert Agreement.objects.get(pk=run.agreement_id).runs.count() == 2
    assert breaches() == []


def test_late_usage_waits_for_the_run_under_way_and_says_so(database, september):
    settle_period(period=OCTOBER, actor=PREPARER, now=LATER)
    late(database, hit(september.redis, "2026-09-10", "acme", 500), now=LATER)

    opened = settle_period(period=SEPTEMBER, actor=PREPARER, now=LATER)

    assert opened.runs == ()
    [(agreement, why)] = opened.refused
    assert (agreement.partner_id, why) == (
        september.redis.id,
        "Late usage of 2026-09 waits: 2026-10 of Redis Labs revenue_share_platform is open. "
        "Issue that first.",
    )
    assert adjust_due(now=LATER) == 0
