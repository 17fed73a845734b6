"""The demo's months hold an adjustment for late usage and a clawback, and go on a month later."""

from unittest.mock import patch

import pytest

from billing.models import Document, DocumentLine, SettlementRun
from portal.demo import exceptional
from portal.demo.paying import give_payout_details
from portal.demo.settling import settle_months
from portal.demo.steps import Calendar
from portal.demo.tour.kinds import examples
from tenants import schema
from tests.billing import world
from tests.billing.people import utc

NOW = utc("2027-02-10T10:00")
MONTHS = ("2026-09", "2026-10", "2026-11", "2026-12", "2027-01")


@pytest.fixture
def loaded(database, partners, settings):
    """Redis Labs' customer of the demo, five months of usage, all of it settled by the demo."""
    redis, _pinecone = partners
    world.sign(redis, "revenue_share_platform")
    world.customer(redis, exceptional.CUSTOMER)
    for month in MONTHS:
        world.record(world.hit(redis, f"{month}-10", exceptional.CUSTOMER, 100_000), now=NOW)
    calendar = Calendar.at(NOW)
    give_payout_details(partners={redis.slug: redis}, calendar=calendar, kek=settings.KEK)
    settle_months(calendar=calendar)
    return redis


def test_late_usage_is_adjusted_and_a_paid_share_clawed_back(loaded, database):
    adjusted = SettlementRun.objects.get(kind="adjustment")
    assert (f"{adjusted.period_start:%Y-%m}", adjusted.state) == ("2026-09", "issued")
    [late] = Document.objects.filter(run=adjusted, kind="customer_invoice")
    assert late.net_minor == exceptional.LATE_REQUESTS // 5 + 1  # $0.002 each, half a GB
    assert not late.events.filter(kind="paid") and late.due_date < NOW.date()

    [note] = Document.objects.filter(kind="credit_note")
    assert (f"{note.corrects.period_start:%Y-%m}", note.net_minor) == ("2026-10", -40_00)
    [taken] = DocumentLine.objects.filter(carried__amount_minor__lt=0)
    assert taken.amount_minor == note.net_minor * 30 // 100
    assert world.breaches() == []

    with schema.in_console():
        seen = {one.kind.name: one.name for one in examples(NOW) if one.name}
        paid = Document.objects.get(number=seen.pop("Paid"), issuer="platform")
        assert paid.events.filter(kind="paid").exists()
    assert seen == {
        "Overdue": late.number, "Clawback": taken.document.number,
        "Late usage": f"{adjusted.agreement.name}, 2026-09",
    }  # fmt: skip

    before = world.fingerprint(database)
    settle_months(calendar=Calendar.at(NOW))
    assert world.fingerprint(database) == before


def test_a_month_later_the_one_that_waited_is_issued_and_the_next_one_waits(loaded):
    calendar = Calendar.at(NOW)
    world.record(world.hit(loaded, "2027-02-10", exceptional.CUSTOMER, 100_000), now=NOW)

    settle_months(calendar=Calendar.at(utc("2027-03-10T10:00"), calendar.first))

    runs = SettlementRun.objects.filter(kind="regular", period_start__gte=utc("2027-01-01T00:00"))
    assert {f"{one.period_start:%Y-%m}": one.state for one in runs} == {
        "2027-01": "issued", "2027-02": "in_review",
    }  # fmt: skip
    assert world.breaches() == []


def test_a_month_of_which_only_a_parked_run_is_left_waits_and_later_ones_go_on(loaded):
    calendar = Calendar.at(NOW)
    runs = SettlementRun.objects.filter(kind="regular", period_start=utc("2027-01-01T00:00"))
    runs.update(state="parked", reason="No tax rate")
    for _ in range(2):
        with patch("portal.demo.settling.settle_run"):  # nobody entered the rate
            settle_months(calendar=Calendar.at(utc("2027-03-10T10:00"), calendar.first))
        assert runs.get().issued_at is None
