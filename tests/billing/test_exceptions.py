"""The exceptions queue: what shows up, how pressing, whose it is; and a month whose usage waits."""

import uuid

import pytest

from billing.actions.bank_files import take_bank_file
from billing.actions.decide_request import approve_request
from billing.actions.errors import UnknownRun
from billing.actions.exceptions import ask_waiver, keep_breaches, take_exception
from billing.actions.finance_requests import decline_request
from billing.actions.open_runs import settle_period
from billing.actions.payouts import prepare_payouts
from billing.actions.remote_intents import want_invoices
from billing.actions.settle import settle_run
from billing.actions.waive_intake import waive_intake
from billing.models import (
    FoundBreach,
    IntakeWaiver,
    RemoteDifference,
    RemoteIntent,
    SettlementRun,
)
from billing.queries import all_exceptions, exceptions
from billing.rules.errors import BadTerms, SamePerson, WrongState
from cache_api.metering.models import DeadLetter, EdgeHeartbeat
from cache_api.reconcile import Breach
from tests.billing.people import APPROVER, PREPARER, THIRD, utc
from tests.billing.world import NOW, SEPTEMBER, issue, review

LATER = utc("2026-10-20T09:00")


def kinds(now=LATER) -> list[tuple[str, str]]:
    return [(one.kind, one.owner) for one in exceptions(now)]


def spool(database, size: int) -> None:
    database.login("recorder")
    EdgeHeartbeat.objects.update_or_create(
        boot_id=uuid.UUID(int=1),
        defaults={"last_seq": 9, "spool_bytes": size, "seen_at": utc("2026-10-01T08:00")},
    )
    database.login("settle")


def test_a_month_is_not_closed_while_an_edge_holds_usage_back(database, world):
    spool(database, 512)

    assert {run.state for run in review().values()} == {"parked"}
    assert kinds() == [("parked", ""), ("parked", "")]
    assert "512 bytes" in exceptions(LATER)[0].detail
    assert "waive_intake 2026-09" in exceptions(LATER)[0].detail

    spool(database, 0)
    assert {run.state for run in review().values()} == {"in_review"}
    assert {run.state for run in issue()} == {"issued"}
    assert kinds() == []


def test_two_people_can_waive_it_and_one_cannot(database, world):
    spool(database, 512)
    with pytest.raises(BadTerms, match="Say why"):
        waive_intake(period=SEPTEMBER, actor=PREPARER, reason=" ", now=NOW)
    waive_intake(period=SEPTEMBER, actor=PREPARER, reason="disk is lost", now=NOW)
    with pytest.raises(SamePerson):
        waive_intake(period=SEPTEMBER, actor=PREPARER.upper(), reason="disk is lost", now=NOW)
    assert {run.state for run in review().values()} == {"parked"}

    for _ in range(2):
        waive_intake(period=SEPTEMBER, actor=APPROVER, reason="disk is lost", now=NOW)

    assert {run.state for run in review().values()} == {"in_review"}
    assert IntakeWaiver.objects.values_list("asked_by", "confirmed_by").get() == (
        PREPARER, APPROVER,
    )  # fmt: skip


def test_late_months_and_breaches_queue_up_and_somebody_takes_them(world):
    for run in settle_period(period=SEPTEMBER, actor=PREPARER, now=NOW).runs:
        settle_run(run_id=run.id, partner_id=run.partner_id, now=NOW)
    broken = Breach("journal entries balance", "redis-labs", "entry 7: debit 1, credit 2")
    assert kinds(NOW) == []

    for moment in (NOW, LATER):
        assert keep_breaches(found=[broken], now=moment) == 1

    assert kinds() == [("breach", ""), ("late", ""), ("late", "")]
    row = FoundBreach.objects.get()
    assert (row.first_seen_at, row.last_seen_at) == (NOW, LATER)
    _, second, _ = exceptions(LATER)
    assert (second.money_minor, second.currency) == (
        max(SettlementRun.objects.values_list("gross_minor", flat=True)), "USD",
    )  # fmt: skip

    assert keep_breaches(found=[], now=LATER) == 0
    assert [kind for kind, _ in kinds()] == ["late", "late"]


def test_an_exception_has_one_owner_who_can_change(database, world):
    settle_period(period=SEPTEMBER, actor=PREPARER, now=NOW)
    key = exceptions(LATER)[0].key
    database.login("owner")

    for person in (PREPARER, PREPARER, THIRD):
        take_exception(key=key, actor=person, now=NOW)

    assert [owner for _, owner in kinds()] == [THIRD, ""]


def test_money_that_waits_is_in_the_queue(database, world):
    review()
    issue()
    content = b"date,amount,currency,payer,text\n2026-10-05,7.00,USD,Nobody,hello\n"
    take_bank_file(name="a.csv", content=content, actor=PREPARER, now=NOW)
    prepare_payouts(actor=PREPARER, now=NOW)
    want_invoices(now=NOW, limit=1)
    RemoteIntent.objects.filter(kind="invoice").update(state="needs_review", problem="No answer.")
    row = RemoteDifference.objects.create(
        key="x", kind="transfer", remote_id="tr_1", message="Not ours.", currency="USD",
        local_minor=0, remote_minor=5_00, found_at=NOW, seen_at=NOW,
    )  # fmt: skip

    found = exceptions(NOW)

    assert [one.kind for one in found] == ["stripe", "stripe", "payout", "payout", "bank_line"]
    assert {one.target[0] for one in found} == {"stripe", "payouts", "payments"}
    assert [one.money_minor for one in found][2:] == [30_42, 20, 7_00]
    RemoteDifference.objects.filter(pk=row.pk).update(gone_at=NOW)
    assert len(exceptions(NOW)) == 4


def lose(partner) -> None:
    """One more event of a partner that can not be recorded."""
    DeadLetter.objects.create(id=uuid.uuid4(), source="test", position="1", reason="no such model",
                              payload=b"x", partner_id=partner.id, at=NOW)  # fmt: skip


def test_two_people_let_an_exception_be_until_it_says_something_else(database, world):
    database.login("owner")
    lose(world.redis)
    lose(world.pinecone)
    theirs = next(one for one in exceptions(NOW) if one.partner_id == str(world.pinecone.id))
    about = {"key": f"dead letter {world.redis.id} no such model", "now": NOW}
    with pytest.raises(BadTerms, match="Say why"):
        ask_waiver(reason=" ", actor=PREPARER, **about)

    asked = ask_waiver(reason="A test of theirs.", actor=PREPARER, **about)
    assert ask_waiver(reason="Another reason.", actor=THIRD, **about) == asked
    assert [one.waiver and one.waiver.reason for one in exceptions(NOW)].count(None) == 1
    with pytest.raises(SamePerson):
        approve_request(request_id=asked.id, actor=PREPARER, now=NOW)
    for _ in range(2):
        approve_request(request_id=asked.id, actor=APPROVER, now=NOW)

    assert exceptions(NOW) == (theirs,)
    [waived] = [one for one in all_exceptions(NOW) if one.waived]
    assert (waived.waiver.approved_by, waived.waiver.reason) == (APPROVER, "A test of theirs.")
    lose(world.redis)  # one more: this is not what was waived
    assert {one.title for one in exceptions(NOW)} == {theirs.title, "2 events were not recorded"}
    assert {one.waiver for one in exceptions(NOW)} == {None}


def test_a_waiver_of_what_ended_or_changed_is_not_approved_and_one_may_say_no(database, world):
    database.login("owner")
    lose(world.redis)
    about = {"key": exceptions(NOW)[0].key, "now": NOW, "actor": PREPARER}
    declined = ask_waiver(reason="Old.", **about)
    decline_request(request_id=declined.id, reason="It is not.", actor=APPROVER, now=NOW)
    assert exceptions(NOW)[0].waiver is None

    asked = ask_waiver(reason="Old, they say.", **about)
    lose(world.redis)
    with pytest.raises(WrongState, match="ended or changed"):
        approve_request(request_id=asked.id, actor=APPROVER, now=NOW)
    DeadLetter.objects.update(resolved_at=NOW)
    with pytest.raises(UnknownRun, match="not open any more"):
        ask_waiver(reason="Still.", **about)

    assert exceptions(NOW) == ()


@pytest.mark.parametrize("what", ["late", "breach"])
def test_what_ends_by_being_done_is_not_waived(database, world, what):
    settle_period(period=SEPTEMBER, actor=PREPARER, now=NOW)
    keep_breaches(found=[Breach("entries balance", "pinecone", "entry 7")], now=NOW)
    key = next(one.key for one in exceptions(LATER) if one.kind == what)
    database.login("owner")

    with pytest.raises(WrongState, match="by what is done about it"):
        ask_waiver(key=key, reason="Let it be.", actor=PREPARER, now=LATER)
