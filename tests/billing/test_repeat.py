"""Repeated, raced, broken off: a month comes out once, and the same input gives the same bytes."""

import threading
import uuid
from dataclasses import replace

import pytest
from django.db import IntegrityError, connection

from billing.actions.errors import AlreadySettled
from billing.actions.open_runs import settle_period
from billing.actions.review import approve_period
from billing.actions.settle import issue_approved, settle_run
from billing.gateways.spool import Spool
from billing.models import Agreement, Document, RunSnapshot, SettlementRun
from billing.queries import frozen_json
from billing.queries.frozen import (
    FrozenParties,
    frozen_head,
    frozen_input,
    frozen_owned,
    snapshot_of,
)
from billing.queries.parties import brand_of, buyer_of, seller_of
from billing.queries.preview import preview_run
from billing.rules.charging import charge
from billing.rules.documents import canonical_bytes, document_json
from billing.rules.snapshot import ROWS, parse_run_input
from tenants.schema import in_partner
from tests.billing.people import APPROVER, PREPARER, utc
from tests.billing.world import (
    NOW,
    SEPTEMBER,
    breaches,
    documents,
    fingerprint,
    hit,
    record,
    review,
    settle,
)

LATER = utc("2026-11-02T09:00")


def test_everything_run_twice_changes_no_row(database, september):
    before = fingerprint(database)

    with pytest.raises(AlreadySettled, match="2026-09 is settled: all 2 runs"):
        settle_period(period=SEPTEMBER, actor=PREPARER, now=NOW)
    for run in SettlementRun.objects.all():
        settle_run(run_id=run.id, partner_id=run.partner_id, now=LATER)
        issue_approved(run_id=run.id, partner_id=run.partner_id, now=LATER)

    assert fingerprint(database) == before
    assert breaches() == []


def test_eight_at_once_make_one_run_and_one_set_of_documents(database, world):
    errors: list[BaseException] = []
    barrier = threading.Barrier(8)

    def work() -> None:
        try:
            barrier.wait()
            review()
        except BaseException as error:  # noqa: BLE001
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert errors == []
    assert {(run.state, run.attempt) for run in SettlementRun.objects.all()} == {("in_review", 1)}
    assert SettlementRun.objects.count() == RunSnapshot.objects.count() == 2
    runs = approve_period(period=SEPTEMBER, actor=APPROVER, now=NOW)
    racers = [threading.Thread(target=_issue, args=(run, errors)) for run in runs for _ in "1234"]
    for thread in racers:
        thread.start()
    for thread in racers:
        thread.join()
    assert errors == []
    assert breaches() == []
    numbers = Document.objects.filter(kind="customer_invoice").values_list("sequence_no", flat=True)
    assert sorted(numbers) == [1, 2, 3]


def _issue(run: SettlementRun, errors: list[BaseException]) -> None:
    try:
        done = issue_approved(run_id=run.id, partner_id=run.partner_id, now=NOW)
        assert done.state == "issued", done.reason
    except BaseException as error:  # noqa: BLE001
        errors.append(error)
    finally:
        connection.close()


def test_a_failed_issue_gives_its_numbers_back(database, world):
    review()
    runs = approve_period(period=SEPTEMBER, actor=APPROVER, now=NOW)
    two = max(runs, key=lambda run: run.drafts.filter(kind="customer_invoice").count())
    with database.psql() as boss:
        boss.execute(
            "alter table billing_document add constraint no_luck"
            " check (number <> 'INV-2026-000002')"
        )

    with pytest.raises(IntegrityError, match="no_luck"):
        issue_approved(run_id=two.id, partner_id=two.partner_id, now=NOW)

    assert Document.objects.count() == 0
    with database.psql() as boss:
        boss.execute("alter table billing_document drop constraint no_luck")
    for one in runs:
        issue_approved(run_id=one.id, partner_id=one.partner_id, now=NOW)
    assert breaches() == []


def test_the_same_input_gives_the_same_bytes_also_after_later_usage(database, september):
    database.login("owner")
    redis = september.redis
    record(hit(redis, "2026-09-10", "acme", 3), hit(redis, "2026-09-30", "late", 9))
    run = SettlementRun.objects.get(partner_id=redis.id)

    drafts = charge(frozen_input(run)).drafts

    with Spool() as spool:
        parties = FrozenParties(run, spool).of(drafts)
    assert set(parties["customers"]) == {draft.customer_id for draft in drafts} - {None}
    for document, draft in zip(run.documents.order_by("position"), drafts, strict=True):
        again = canonical_bytes(
            document_json(
                draft,
                number=document.number,
                issued_at=NOW,
                due_date=document.due_date,
                seller=seller_of(draft, parties),
                buyer=buyer_of(draft, parties),
                brand=brand_of(parties),
            )
        )
        assert again == bytes(document.canonical)
    assert breaches() == []


def test_a_preview_says_what_the_run_will_and_writes_nothing(database, world):
    before = fingerprint(database)
    database.login("web")
    with in_partner(world.redis):
        agreement = Agreement.objects.get()
        preview = preview_run(agreement_id=agreement.id, period=SEPTEMBER)

    assert fingerprint(database) == before
    database.login("settle")
    settle()
    run = SettlementRun.objects.get(partner_id=world.redis.id)
    totals = preview.result.totals
    assert (totals.gross_minor, totals.partner_minor) == (run.gross_minor, run.share_minor)
    assert [draft.gross_minor for draft in preview.result.drafts] == [
        total for _kind, _who, total in documents(world.redis)
    ]
    assert uuid.UUID(preview.result.lines[0].version_id)


def test_a_frozen_head_is_read_in_pieces_as_it_was_written(database, september, monkeypatch):
    """Also that of an adjustment, which has the month's lines in it."""
    database.login("recorder")
    record(hit(september.redis, "2026-09-12", "big", 5_000))
    database.login("settle")
    settle()
    monkeypatch.setattr(frozen_json, "PIECE", 100)
    for run in SettlementRun.objects.filter(partner_id=september.redis.id):
        snapshot = snapshot_of(run)
        whole = parse_run_input(bytes(snapshot.head))
        pieces = list(frozen_json.head_bytes(snapshot.pk))
        assert b"".join(pieces) == bytes(snapshot.head)
        assert pieces.count(ROWS) == 1
        assert max(map(len, pieces)) == 100
        assert [*frozen_owned(snapshot)] == [*whole.booked_lines, *whole.booked_shares]
        bare = replace(whole, booked_lines=(), booked_shares=())
        assert frozen_head(snapshot) == bare
        assert bool(whole.booked_lines) == (run.kind == "adjustment")
    assert breaches() == []
