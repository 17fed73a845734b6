"""A run's life: repeated, raced, refused, parked, rejected, and left exactly as it was."""

import json
from hashlib import sha256

import psycopg
import pytest

from billing.actions.document_events import record_document_event
from billing.actions.errors import NothingToSettle
from billing.actions.open_runs import settle_period
from billing.actions.rate_cards import publish_rate_version
from billing.actions.review import approve_period, approve_runs, reject_run, withdraw_run
from billing.actions.settle import issue_approved, settle_run, sweep_runs
from billing.gateways import postgres
from billing.models import (
    Document,
    RateCard,
    RatedLine,
    RunInput,
    SettlementRun,
)
from billing.rules import charging
from billing.rules.errors import BadTerms, NotEnded, SamePerson, WrongState
from billing.rules.periods import parse_month
from cache_api.models import Customer
from tenants.schema import in_partner
from tenants.tasking import MissingPartner
from tests.billing.people import APPROVER, PREPARER, RETAIL, THIRD, utc
from tests.billing.world import (
    NOW,
    SEPTEMBER,
    breaches,
    hit,
    issue,
    record,
    review,
    settle,
    sign,
)

OCTOBER, LATER = parse_month("2026-10"), utc("2026-11-02T09:00")


def test_nobody_approves_their_own_run_and_a_set_is_approved_whole_or_not(database, world):
    runs = review()
    mine = runs["redis-labs-revenue-share-platform"]
    reject_run(run_id=mine.id, actor=APPROVER, reason="wrong logo", now=NOW)
    SettlementRun.objects.filter(pk=mine.id).update(opened_by=THIRD)
    settle_run(run_id=mine.id, partner_id=mine.partner_id, now=NOW)

    with pytest.raises(SamePerson):
        approve_period(period=SEPTEMBER, actor=THIRD.upper(), now=NOW)

    assert {run.state for run in SettlementRun.objects.all()} == {"in_review"}
    with pytest.raises(psycopg.errors.CheckViolation), database.psql("settle") as settlement:
        settlement.execute("update billing_settlementrun set approver = preparer")


def test_future_running_and_empty_months_are_refused(world):
    with pytest.raises(NotEnded, match="has not ended"):
        settle_period(period=OCTOBER, actor=PREPARER, now=NOW)
    with pytest.raises(NotEnded):
        settle_period(period=parse_month("2031-01"), actor=PREPARER, now=NOW)
    with pytest.raises(NothingToSettle, match="2025-05"):
        settle_period(period=parse_month("2025-05"), actor=PREPARER, now=NOW)

    assert SettlementRun.objects.count() == 0


def test_a_month_waits_for_the_month_before_it(world):
    review()

    opened = settle_period(period=OCTOBER, actor=PREPARER, now=LATER)

    assert opened.runs == ()
    assert [why for _agreement, why in opened.refused] == [
        f"2026-09 of {name} revenue share is in_review: issue it before 2026-10, "
        "whose statement opens with its balance."
        for name in ("Pinecone", "Redis Labs")
    ]


def test_what_can_not_be_rated_is_parked_and_the_others_go_on(database, world):
    database.login("owner")
    with in_partner(world.redis):
        Customer.objects.filter(external_id="big").update(billing={"currency": "EUR"})
    database.login("settle")

    runs = review()

    parked = runs["redis-labs-revenue-share-platform"]
    assert (parked.state, "EUR" in parked.reason) == ("parked", True)
    assert runs["pinecone-revenue-share-platform"].state == "in_review"
    assert [run.state for run in issue()] == ["issued"]
    database.login("owner")
    with in_partner(world.redis):
        Customer.objects.filter(external_id="big").update(billing={})
    database.login("settle")
    again = review()
    assert [(run.state, run.attempt) for run in again.values()] == [("in_review", 2)]
    assert [run.state for run in issue()] == ["issued"]
    assert breaches() == []


def test_usage_without_a_rate_is_parked_by_name(database, partners):
    rates = [{**RETAIL[0], "where": {"model": "gpt-4o"}}]
    sign(partners.redis, "revenue_share_platform")
    publish_rate_version(
        card_id=RateCard.objects.get().id,
        rates=rates,
        actor=PREPARER,
        approved_by=APPROVER,
        valid_from=utc("2026-09-01"),
        now=NOW,
    )
    record(hit(partners.redis, "2026-09-10", "acme", 5, model="unknown-model"))
    database.login("settle")

    [run] = review().values()

    assert run.state == "parked"
    assert "unknown-model" in run.reason


def test_a_rejected_run_starts_a_new_attempt_and_keeps_the_old_one(database, world):
    first = review()["redis-labs-revenue-share-platform"]
    database.login("owner")
    record(hit(world.redis, "2026-09-12", "acme", 5_000))
    database.login("settle")

    with pytest.raises(BadTerms, match="Say why"):
        reject_run(run_id=first.id, actor=APPROVER, reason=" ", now=NOW)
    reject_run(run_id=first.id, actor=APPROVER, reason="usage was missing", now=NOW)
    second = review()["redis-labs-revenue-share-platform"]

    assert (second.attempt, second.state, second.gross_minor) == (2, "in_review", 111_41)
    assert RatedLine.objects.filter(run=first, attempt=1).exists()
    quantities = RunInput.objects.filter(run=first, external_id="acme").order_by("attempt")
    assert [row.cached_requests for row in quantities] == [50_005, 55_005]
    states = list(second.events.values_list("state", flat=True))
    first_attempt = ["open", "collecting", "frozen", "rated", "in_review"]
    sent_back_and_taken_up = ["collecting", "collecting"]
    assert states == [*first_attempt, *sent_back_and_taken_up, "frozen", "rated", "in_review"]


def test_an_approval_can_be_withdrawn_until_the_run_is_issued(world):
    runs = review()
    approve_period(period=SEPTEMBER, actor=APPROVER, now=NOW)
    run = runs["redis-labs-revenue-share-platform"]

    withdrawn = withdraw_run(run_id=run.id, actor=APPROVER, reason="too early", now=NOW)

    assert (withdrawn.state, withdrawn.approver, withdrawn.attempt) == ("collecting", "", 2)
    other = runs["pinecone-revenue-share-platform"]
    assert issue_approved(run_id=other.id, partner_id=other.partner_id, now=NOW).state == "issued"
    with pytest.raises(WrongState, match="issued cannot withdraw"):
        withdraw_run(run_id=other.id, actor=APPROVER, reason="too late", now=NOW)
    with pytest.raises(WrongState):
        approve_runs(run_ids=[other.id], actor=APPROVER, now=NOW)


def test_a_task_refuses_to_work_for_another_partner(world):
    run = review()["redis-labs-revenue-share-platform"]

    with pytest.raises(MissingPartner):
        settle_run(run_id=run.id, partner_id=world.pinecone.id, now=NOW)


def test_the_sweep_queues_what_a_lost_task_left_but_not_what_a_person_rejected(world):
    opened = settle_period(period=SEPTEMBER, actor=PREPARER, now=NOW)
    assert sweep_runs(now=NOW) == 0
    assert sweep_runs(now=LATER) == 2

    for run in opened.runs:
        settle_run(run_id=run.id, partner_id=run.partner_id, now=NOW)
    reject_run(run_id=opened.runs[0].id, actor=APPROVER, reason="no", now=NOW)

    assert sweep_runs(now=LATER) == 0


def test_the_sweep_leaves_alone_what_somebody_works_on_until_that_one_dies(database, world):
    opened = settle_period(period=SEPTEMBER, actor=PREPARER, now=NOW)
    locks = "select 1 from billing_settlementrun where id = %s for update"
    with database.psql() as worker, worker.transaction(force_rollback=True):
        worker.execute(locks, [opened.runs[0].id])
        assert sweep_runs(now=LATER) == 1  # however late it is
    assert sweep_runs(now=LATER) == 2


def test_a_statement_opens_with_what_the_last_one_closed_with_less_payouts(database, september):
    database.login("owner")
    record(hit(september.redis, "2026-10-10", "acme", 50_000), now=LATER)
    database.login("settle")
    first = Document.objects.get(partner_id=september.redis.id, kind="payout_statement")
    for _ in range(2):
        record_document_event(
            document_id=first.id,
            kind="paid",
            amount_minor=20_00,
            source_id="bank-1",
            actor=PREPARER,
            now=NOW,
        )

    settle(OCTOBER, LATER)

    # September: 30 % of 100.01 and of 1.40; October: 30 % of 100.00.
    assert first.statement["closing_minor"] == 30_00 + 42
    second = Document.objects.get(
        partner_id=september.redis.id, kind="payout_statement", period_start=OCTOBER.start
    )
    keys = ("opening_minor", "paid_minor", "shares_minor", "closing_minor")
    assert [second.statement[key] for key in keys] == [30_42, 20_00, 30_00, 40_42]
    assert breaches() == []


def test_long_documents_and_small_slices_come_to_the_same_papers(world, monkeypatch):
    """Every document is put together by the database, every customer is a slice of its own."""
    monkeypatch.setattr(postgres, "LONG", 100)
    monkeypatch.setattr(charging.Charging.parts, "__defaults__", (1,))
    settle()
    documents = Document.objects.order_by("number")
    assert [one.number for one in documents.filter(series="INV")] == [
        "INV-2026-000001", "INV-2026-000002", "INV-2026-000003"]  # fmt: skip
    for one in documents:
        assert sha256(bytes(one.canonical)).hexdigest() == one.sha256
        assert len(json.loads(bytes(one.canonical))["lines"]) == one.lines.count() > 0
    assert sorted(one.total_minor for one in documents.filter(series="INV")) == [100, 140, 100_01]
    assert breaches() == []
