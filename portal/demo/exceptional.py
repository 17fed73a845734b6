"""What goes otherwise in the demo's months: late usage with its adjustment, and a clawback."""

import hashlib
from datetime import timedelta

from billing.actions.credit import Credit
from billing.actions.credit_requests import approve_credit_note, ask_credit_note
from billing.models import Document
from billing.rules.drafts import CUSTOMER_INVOICE
from billing.rules.periods import Period
from cache_api.actions.record_events import record_events
from cache_api.rules.events import UsageEvent
from portal.demo.steps import APPROVER, PREPARER, Calendar
from tenants.models import Partner
from tenants.rules.ids import uuid7_at

WHOSE, CUSTOMER = "redis-labs", "acme-corp"
LATE_REQUESTS = 420_000


def happen(period: Period, calendar: Calendar) -> bool:
    """What happens once the month `period` is closed, if it is one of those months.

    The month before it loses part of an invoice whose share has been paid out, or gets late usage;
    then the answer is True, and settling that month again makes an adjustment (nobody pays its
    invoice: it is overdue). Safe to repeat: events and requests are known by their ids.
    """
    if period == calendar.before(3):
        _claw_back(calendar.before(4), period)
    return period == calendar.before(4) and _late_usage(calendar.before(5), period) > 0


def _late_usage(month: Period, after: Period) -> int:
    """One of the customer's servers was away for a day, and hands its counts in."""
    at = month.start + timedelta(days=19, hours=12)
    partner = Partner.objects.get(slug=WHOSE)
    digest = hashlib.sha256(f"{partner.id} late".encode()).digest()
    late = UsageEvent(
        event_id=uuid7_at(int(at.timestamp() * 1000), digest), partner_id=partner.id,
        customer=CUSTOMER, kind="lookup", outcome="hit", livemode=True, quantity=LATE_REQUESTS,
        provider="openai", model="gpt-4o-mini", bytes=1300, latency_us=4000, tokens_in=400,
        tokens_out=200, cost_saved_micros=1300, region="us-east", sdk="demo-generator",
        primary_cache="redis", overflow_reason="miss", price_version="demo",
    )  # fmt: skip
    found = record_events(events=[late], source="demo late usage", now=after.end)
    return found.inserted


def _claw_back(month: Period, after: Period) -> None:
    """Part of a paid invoice is credited after the partner got its share of it."""
    invoice = Document.objects.filter(
        kind=CUSTOMER_INVOICE, period_start=month.start, customer_external_id=CUSTOMER,
        partner_id=Partner.objects.get(slug=WHOSE).id,
    ).order_by("number").first()  # fmt: skip
    if invoice is None:
        return
    at = after.end + timedelta(days=3)
    credit = Credit("demo clawback", "Wrong answers on the 9th, credited in full",
                    net_minor=invoice.net_minor // 5)  # fmt: skip
    asked = ask_credit_note(document_id=invoice.id, credit=credit, actor=PREPARER, now=at)
    approve_credit_note(request_id=asked.id, actor=APPROVER, now=at)
