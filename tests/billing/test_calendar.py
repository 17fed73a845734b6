"""The calendar: it settles the month that ended as far as a person is not needed, once."""

from billing.actions.open_runs import settle_due, settle_period
from billing.actions.review import reject_run
from billing.actions.settle import settle_run, sweep_runs
from billing.models import SettlementRun
from billing.rules.runs import CALENDAR
from tests.billing.people import APPROVER, PREPARER, utc
from tests.billing.world import SEPTEMBER, breaches, issue

NOW = utc("2026-10-02T03:10")


def work(now=NOW) -> dict[str, int]:
    """What the workers do; how many runs are in which state."""
    for run in SettlementRun.objects.filter(issued_at=None):
        settle_run(run_id=run.id, partner_id=run.partner_id, now=now)
    found = list(SettlementRun.objects.values_list("state", flat=True))
    return {state: found.count(state) for state in set(found)}


def test_the_calendar_rates_the_month_and_a_person_hands_it_in(world):
    assert settle_due(now=NOW) == 2
    assert settle_due(now=NOW) == 0
    assert work() == {"rated": 2} == work()

    settle_period(period=SEPTEMBER, actor=PREPARER, now=NOW)

    assert work() == {"in_review": 2}
    assert set(SettlementRun.objects.values_list("preparer", flat=True)) == {PREPARER}
    assert {run.state for run in issue(now=NOW)} == {"issued"}
    assert settle_due(now=utc("2026-10-09T03:10")) == 0
    assert breaches() == []


def test_the_sweep_leaves_what_waits_for_a_person(world):
    settle_due(now=NOW)
    assert sweep_runs(now=utc("2026-10-02T03:20")) == 2
    work()

    assert sweep_runs(now=utc("2026-10-02T03:30")) == 0


def test_the_calendar_does_not_take_up_what_a_person_sent_back(world):
    settle_period(period=SEPTEMBER, actor=PREPARER, now=NOW)
    work()
    run = SettlementRun.objects.first()
    reject_run(run_id=run.id, actor=APPROVER, reason="look again", now=NOW)

    assert settle_due(now=NOW) == 0
    run.refresh_from_db()
    assert (run.state, run.reason) == ("collecting", "look again")


def test_a_month_waits_for_the_one_before(world):
    settle_due(now=NOW)
    work()

    assert settle_due(now=utc("2026-11-02T03:10")) == 0
    assert set(SettlementRun.objects.values_list("opened_by", flat=True)) == {CALENDAR}
