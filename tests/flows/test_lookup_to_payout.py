"""The river, whole: real exchanges through the edge, the recorder, a run, documents, an oracle.

One installation serves the tests of this file in order; each looks further down the river.
"""

import json
import time
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
import redis
from django.db import connection
from psycopg.rows import dict_row

from billing import reconcile as money
from billing.actions.errors import AlreadySettled, NothingToSettle
from billing.actions.rate_cards import create_rate_card
from billing.actions.render_document import render_document
from billing.models import Document
from billing.rules.periods import month_of
from cache_api import reconcile as usage
from cache_api.actions.rebuild_rollups import rebuild_rollups
from cache_api.rules.events import FIELD, STREAM, UsageEvent, encode
from portal import env
from tenants.models import Partner
from tests.billing.people import APPROVER, PREPARER
from tests.billing.world import issue, review, sign
from tests.conftest import SHARED
from tests.flows.exchanges import json_exchanges
from tests.flows.harness import Installation, wait_for
from tests.flows.oracle import settle_month

NOW = datetime.now(UTC)
MONTH = month_of(NOW)
AFTER = MONTH.end + timedelta(days=1)
# Dear, so that one event and one basis point are whole cents.
PRICES = {"request": "1.25", "gb": "900"}
RATES = [
    {"key": "cached", "meter": "cached_requests", "mode": "per_unit", "unit_price": "1.25"},
    {"key": "served", "meter": "gb_served", "mode": "per_unit", "unit_price": "900"},
]
DEALS = {
    "redis-labs": ("revenue_share_platform", {"model": "share_we_collect", "share_bps": 3000}),
    "pinecone": ("wholesale", {"model": "wholesale", "factor_bps": 5000}),
}
REPEATS = 5
# Rows that say how often something was tried, not what happened.
BOOKKEEPING = {
    "stream_position", "recorder_batch", "partner_position", "duplicate_event", "edge_heartbeat",
    "django_migrations", "tenants_provisioningjob",
}  # fmt: skip


@pytest.fixture(scope="module")
def installation(tmp_path_factory):
    if not SHARED.is_dir():
        pytest.skip(f"shared data is absent: {SHARED}")
    whole = Installation(tmp_path_factory.mktemp("river") / "installation")
    whole.folder.mkdir()
    try:
        whole.start()
        yield whole
    finally:
        whole.stop()


@pytest.fixture
def books(installation, django_db_blocker):
    """Django's connection, as the owner of this installation's database."""
    before = dict(connection.settings_dict)
    with django_db_blocker.unblock():
        connection.close()
        url = installation.stack.urls["OWNER_DATABASE_URL"]
        connection.settings_dict.update(env.database(url))
        connection.set_schema_to_public()
        try:
            yield installation
        finally:
            connection.close()
            connection.settings_dict.update(before)


@pytest.fixture(scope="module")
def exchanged(installation) -> Counter:
    """Every exchange stored once and looked up several times at both partners."""
    seen: Counter = Counter()
    for exchange in json_exchanges(SHARED):
        for slug in installation.keys:
            status, body = installation.post_raw(slug, "/api/overflow/store", exchange.store_body())
            seen[f"store {status}"] += 1
            if status == 422:
                seen[f"refused {json.loads(body)['code']}"] += 1
                continue
            assert status == 201, (exchange.name, status, body[:300])
            for _ in range(REPEATS):
                status, body = installation.post_raw(slug, "/api/overflow", exchange.lookup_body())
                assert status == 200, (exchange.name, body[:300])
                assert json.loads(body)["hit"] is True, (exchange.name, body[:300])
                assert b'"response":' + exchange.response + b"," in body, exchange.name
                seen["hit"] += 1
    return seen


def rows(installation: Installation) -> dict[str, list[str]]:
    """Every row of every table of every schema, as text, but for the bookkeeping."""
    with installation.psql() as db:
        tables = db.execute(
            "select schemaname, tablename from pg_tables where schemaname = 'public'"
            " or schemaname like 'p\\_%' order by 1, 2"
        ).fetchall()
        return {
            f"{schema}.{table}": sorted(
                text for (text,) in db.execute(f'select t::text from "{schema}"."{table}" t')
            )
            for schema, table in tables
            if table not in BOOKKEEPING
        }


def events(installation: Installation) -> list[dict[str, object]]:
    """The recorded events in the oracle's words."""
    with installation.psql() as db:
        db.row_factory = dict_row
        return db.execute(
            "select p.slug as partner, customer, occurred_at as at, e.kind, outcome, quantity,"
            " bytes, livemode from usage_event e join tenants_partner p on p.id = e.partner_id"
            # The harness' own probes only missed: nothing to bill, so no document.
            " where customer <> '_default'"
        ).fetchall()


def expected(rows_, **changes):
    deals = {
        slug: {"prices": [(datetime(2025, 1, 1, tzinfo=UTC), PRICES)], **told, **changes}
        for slug, (_, told) in DEALS.items()
    }
    return settle_month(deals, rows_, MONTH.start, MONTH.end)


def issued() -> dict[str, dict[str, object]]:
    found = {}
    for partner in Partner.objects.all():
        papers = list(Document.objects.filter(partner_id=partner.id))
        alone = {row.kind: row.total_minor for row in papers if row.kind != "customer_invoice"}
        found[partner.slug] = {
            "customers": {row.customer_external_id: row.total_minor for row in papers
                          if row.kind == "customer_invoice"},
            "invoice": alone.get("partner_invoice"), "statement": alone.get("payout_statement"),
        }  # fmt: skip
    return found


def test_every_json_exchange_comes_back_byte_for_byte(exchanged):
    assert exchanged["hit"] >= 800
    assert {key for key in exchanged if key.startswith("store")} <= {"store 201", "store 422"}
    assert exchanged["store 201"] / (exchanged["store 201"] + exchanged["store 422"]) > 0.8


def replay(installation: Installation) -> int:
    """Append every recorded event to the stream again, as a spool shipped twice would."""
    stream = redis.Redis.from_url(installation.stack.urls["EVENTS_URL"])
    names = list(UsageEvent.__struct_fields__)
    with installation.psql() as db:
        found = db.execute(f"select {', '.join(names)} from usage_event").fetchall()
    for values in found:
        facts = dict(zip(names, values, strict=True))
        facts["tags"] = facts["tags"] or {}  # no tags are stored as null
        stream.xadd(STREAM, {FIELD: encode(UsageEvent(**facts))})
    wait_for(lambda: stream.xlen(STREAM) <= 1, "the recorder has read the stream")
    time.sleep(1)
    return len(found)


def test_events_recorded_twice_change_no_row(installation, exchanged):
    def count() -> int:
        with installation.psql() as db:
            return db.execute("select count(*) from usage_event").fetchone()[0]

    wait_for(lambda: count() == installation.answered, "every answer is recorded")
    time.sleep(1.5)  # heartbeats
    before = rows(installation)

    assert replay(installation) == installation.answered

    after = rows(installation)
    assert after["public.dead_letter"] == []
    assert after == before


def test_issued_documents_equal_the_oracle(books, exchanged):
    card = create_rate_card(code="dear", name="Dear", currency="USD", rates=RATES, actor=PREPARER,
                            approved_by=APPROVER,
                            valid_from=datetime(2025, 1, 1, tzinfo=UTC), now=NOW)  # fmt: skip
    for partner in Partner.objects.all():
        sign(partner, DEALS[partner.slug][0], retail_card_id=card.id)
    review(MONTH, AFTER)
    runs = issue(MONTH, AFTER)

    happened = events(books)
    assert {run.state for run in runs} == {"issued"}
    assert issued() == expected(happened)
    billed = next(row for row in happened if row["outcome"] == "hit")
    assert issued() != expected([row for row in happened if row is not billed])
    assert issued() != expected(happened, share_bps=3001, factor_bps=5001)


def test_every_step_done_again_changes_no_row(books):
    for document in Document.objects.all():
        render_document(document_id=document.id, now=AFTER)
    before = rows(books)

    with pytest.raises(AlreadySettled):
        review(MONTH, AFTER)
    with pytest.raises(NothingToSettle):
        issue(MONTH, AFTER)
    for document in Document.objects.all():
        render_document(document_id=document.id, now=AFTER + timedelta(days=9))

    assert rows(books) == before


def test_rollups_rebuilt_from_events_change_nothing(books):
    before = rows(books)

    rebuild_rollups(now=AFTER)

    assert rows(books) == before


def test_the_books_are_in_order(books):
    checks = (*usage.CHECKS, *money.CHECKS)

    assert [breach for check in checks for breach in check.run()] == []


def test_reconcile_finds_a_planted_event(books):
    """The check can fail: one rollup row changed by its owner is found."""
    partner = Partner.objects.get(slug="redis-labs")
    with books.psql() as db:
        db.execute(f"update {partner.schema_name}.cache_api_rolluphour set quantity = quantity + 1")

    found = [breach for check in usage.CHECKS for breach in check.run()]

    with books.psql() as db:
        db.execute(f"update {partner.schema_name}.cache_api_rolluphour set quantity = quantity - 1")
    assert found
