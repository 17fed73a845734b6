"""What finance does on the console, with the console's own rights and not one more."""

from datetime import date

import pytest
from django.db import ProgrammingError

from billing import queries
from billing.actions.document_events import record_document_event
from billing.actions.open_runs import settle_period
from billing.actions.rate_cards import publish_rate_version
from billing.actions.review import approve_period, reject_run
from billing.actions.settle import issue_approved, settle_run
from billing.models import Agreement, Document, JournalLine, NumberSeries, RateCard, SettlementRun
from tenants.schema import in_console
from tests.billing.people import APPROVER, PREPARER, RETAIL, THIRD, utc
from tests.billing.world import NOW, SEPTEMBER, hit, record, sign


def test_the_console_signs_prices_starts_reviews_and_records_but_does_not_issue(database, partners):
    record(*(hit(partner, "2026-09-10", "acme", 50_005) for partner in partners))
    database.login("web")
    with in_console():
        for partner in partners:
            sign(partner, "revenue_share_platform")
        publish_rate_version(
            card_id=RateCard.objects.get().id,
            rates=RETAIL[:2],
            actor=PREPARER,
            approved_by=APPROVER,
            valid_from=utc("2026-09-20"),
            now=NOW,
        )
        opened = settle_period(period=SEPTEMBER, actor=PREPARER, now=NOW)
        with pytest.raises(ProgrammingError):
            settle_run(run_id=opened.runs[0].id, partner_id=opened.runs[0].partner_id, now=NOW)
    _as_worker(database, settle_run, opened.runs)
    database.login("web")
    with in_console():
        rejected = opened.runs[0]
        reject_run(run_id=rejected.id, actor=APPROVER, reason="look again", now=NOW)
        settle_period(period=SEPTEMBER, actor=THIRD, now=NOW)
    _as_worker(database, settle_run, opened.runs)
    database.login("web")
    with in_console():
        runs = approve_period(period=SEPTEMBER, actor=APPROVER, now=NOW)
        assert len(runs) == 2
    _as_worker(database, issue_approved, opened.runs)
    database.login("web")
    with in_console():
        room = queries.control_room(SEPTEMBER)
        detail = queries.run_detail(rejected.id)
        rows, total = queries.documents_page(today=date(2026, 10, 3))
        record_document_event(
            document_id=rows[0].id,
            kind="paid",
            amount_minor=1,
            source_id="b",
            actor=PREPARER,
            now=NOW,
        )

    assert room.states == {"issued": 2}
    assert (detail.run.attempt, detail.is_issued, total) == (2, True, 2)


@pytest.mark.parametrize("work", [
    lambda partner: Document.objects.update(total_minor=0),
    lambda partner: JournalLine.objects.update(debit_minor=1),
    lambda partner: NumberSeries.objects.all()._raw_delete("default"),
    lambda partner: SettlementRun.objects.all()._raw_delete("default"),
    lambda partner: Agreement.objects.update(partner_id=partner.id),
])  # fmt: skip
def test_the_console_may_not_touch_money_itself(database, partners, work):
    database.login("web")

    with in_console(), pytest.raises(ProgrammingError, match="permission denied"):
        work(partners.redis)


def _as_worker(database, work, runs) -> None:
    database.login("settle")
    for run in runs:
        work(run_id=run.id, partner_id=run.partner_id, now=NOW)
