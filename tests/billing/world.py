"""A small month: agreements, usage through the recorder's own action, runs by the real actions."""

import hashlib
import os
import random
import uuid
from datetime import datetime

from billing import reconcile
from billing.actions.agreements import sign_agreement
from billing.actions.open_runs import settle_period
from billing.actions.review import approve_period
from billing.actions.settle import issue_approved, settle_run
from billing.models import AgreementVersion, Document, JournalLine, SettlementRun
from billing.rules.periods import Period, parse_month
from cache_api.actions.announce_customer import announce_customer
from cache_api.actions.record_events import record_events
from cache_api.rules.events import UsageEvent
from tenants.models import Partner
from tenants.schema import in_partner, in_public
from tests.billing.people import APPROVER, PREPARER, retail_card, utc

NOW = utc("2026-10-02T09:00")
SEPTEMBER = parse_month("2026-09")
_random = random.Random(os.environ.get("PYTEST_XDIST_WORKER", "alone"))


def event_id(at: datetime) -> uuid.UUID:
    """A UUIDv7 of an instant; the random part is seeded for each worker: they share worlds."""
    ms = int(at.timestamp() * 1000)
    number = ms << 80 | 7 << 76 | _random.getrandbits(12) << 64 | 2 << 62 | _random.getrandbits(62)
    return uuid.UUID(int=number)


def hit(partner: Partner, at: str, customer: str, quantity: int = 1, **more: object) -> UsageEvent:
    facts = {"kind": "lookup", "outcome": "hit", "livemode": True, "model": "gpt-4o-mini"}
    return UsageEvent(
        event_id=event_id(utc(at)),
        partner_id=partner.id,
        customer=customer,
        quantity=quantity,
        **{**facts, **more},
    )


def record(*events: UsageEvent, now: datetime = NOW) -> None:
    with in_public():
        outcome = record_events(events=events, source="test", now=now)
    assert (outcome.inserted, outcome.dead) == (len(events), 0)


def customer(partner: Partner, external_id: str, plan: str = "", name: str = "") -> None:
    with in_partner(partner):
        announce_customer(
            partner_id=partner.id,
            external_id=external_id,
            name=name or external_id,
            actor=PREPARER,
            now=NOW,
            plan=plan,
        )


def sign(partner: Partner, template: str, starts: str = "2026-01-01", **more) -> AgreementVersion:
    given = {"retail_card_id": retail_card().id, "created_by": PREPARER, "approved_by": APPROVER}
    return sign_agreement(
        partner_id=partner.id,
        template=template,
        starts_at=utc(starts),
        now=utc("2026-01-01"),
        **{**given, **more},
    )


def review(period: Period = SEPTEMBER, now: datetime = NOW) -> dict[str, SettlementRun]:
    """Open and settle the month as the preparer; runs by agreement code."""
    opened = settle_period(period=period, actor=PREPARER, now=now)
    done = [settle_run(run_id=run.id, partner_id=run.partner_id, now=now) for run in opened.runs]
    return {run.agreement.code: run for run in done}


def issue(period: Period = SEPTEMBER, now: datetime = NOW) -> list[SettlementRun]:
    """Approve the month as the second person and issue it."""
    runs = approve_period(period=period, actor=APPROVER, now=now)
    return [issue_approved(run_id=run.id, partner_id=run.partner_id, now=now) for run in runs]


def settle(period: Period = SEPTEMBER, now: datetime = NOW) -> list[SettlementRun]:
    review(period, now)
    runs = issue(period, now)
    assert {run.state for run in runs} == {"issued"}, [run.reason for run in runs]
    return runs


def documents(partner: Partner) -> list[tuple[str, str, int]]:
    """(kind, customer, total in cents), in order of issue."""
    rows = Document.objects.filter(partner_id=partner.id).order_by("id")
    return [(row.kind, row.customer_external_id, row.total_minor) for row in rows]


def balances(partner: Partner) -> dict[str, int]:
    """Account → debit minus credit, in cents."""
    sums: dict[str, int] = {}
    for line in JournalLine.objects.filter(partner_id=partner.id):
        sums[line.account] = sums.get(line.account, 0) + line.debit_minor - line.credit_minor
    return {account: amount for account, amount in sums.items() if amount}


def fingerprint(database) -> dict[str, str]:
    """Every row of every billing table, hashed per table."""
    with database.psql() as boss:
        tables = [row[0] for row in boss.execute(
            "select tablename from pg_tables where schemaname = 'public'"
            " and tablename like 'billing_%' order by 1")]  # fmt: skip
        return {
            table: hashlib.sha256(str(boss.execute(
                f"select t::text from {table} t order by 1").fetchall()).encode()).hexdigest()
            for table in tables
        }  # fmt: skip


def breaches() -> list[str]:
    return [str(breach) for check in reconcile.CHECKS for breach in check.run()]
