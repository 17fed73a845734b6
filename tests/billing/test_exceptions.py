"""The exceptions queue: what shows up, how pressing, whose it is; and a month whose usage waits."""

import uuid

import pytest

from billing.actions.bank_files import take_bank_file
from billing.actions.exceptions import keep_breaches, take_exception
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
from billing.queries import exceptions
from billing.rules.errors import BadTerms, SamePerson
from cache_api.metering.models import EdgeHeartbeat
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
