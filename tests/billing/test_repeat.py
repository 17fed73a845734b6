"""Repeated, raced, broken off: a month comes out once, and the same input gives the same bytes."""

import json
import threading
import uuid

import pytest
from django.db import IntegrityError, connection

from billing.actions.errors import AlreadySettled
from billing.actions.open_runs import settle_period
from billing.actions.review import approve_period
from billing.actions.settle import issue_approved, settle_run
from billing.models import Agreement, Document, RunSnapshot, SettlementRun
from billing.queries.frozen import frozen_input, frozen_parties
from billing.queries.parties import brand_of, buyer_of, read_parties, seller_of
from billing.queries.preview import preview_run
from billing.rules.charging import charge
from billing.rules.documents import canonical_bytes, document_json
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


def test_everything_run_twice_changes_no_row(database, world):
    settle()
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


def test_the_same_input_gives_the_same_bytes_also_after_later_usage(database, world):
    settle()
    database.login("owner")
    record(hit(world.redis, "2026-09-10", "acme", 3), hit(world.redis, "2026-09-30", "late", 9))
    run = SettlementRun.objects.get(partner_id=world.redis.id)

    drafts = charge(frozen_input(run)).drafts

    parties = frozen_parties(run)
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


def test_frozen_names_are_read_one_by_one_as_they_were_written():
    customers = {f"id-{n}": {"legal_name": f'A "customers":{{n}} é{n}', "address": ["x", "}"]}
                 for n in range(3)}  # fmt: skip
    for some in ({}, {"id-0": customers["id-0"]}, customers):
        facts = {"brand": {"name": '"customers":'}, "customers": some, "partner_slug": "r}"}
        text = json.dumps(facts, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        found = read_parties(text)
        assert {**found, "customers": dict(found["customers"])} == facts
        assert len(found["customers"]) == len(some) and "id-9" not in found["customers"]
