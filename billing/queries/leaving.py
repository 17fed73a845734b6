"""What still has to happen before a partner can leave, and what is kept of it afterwards."""

import uuid
from datetime import datetime, timedelta

from billing.models import (
    Agreement,
    AgreementVersion,
    Document,
    JournalEntry,
    Payout,
    SettlementRun,
)
from billing.queries.disputes import all_disputes
from billing.rules.payouts import APPROVED, HELD, PENDING
from cache_api.metering.models import UsageEvent
from tenants.models import AuditEntry, Partner

SCHEMA_KEPT = timedelta(days=775)  # 25 months, as long as anybody's usage by the hour


def hindrances(partner_id: uuid.UUID, now: datetime) -> list[str]:
    """One sentence each, with what to do; empty when the partner can leave (public, owner)."""
    found: list[str] = []
    for agreement in Agreement.objects.filter(partner_id=partner_id).order_by("code"):
        found += _agreement(agreement, now)
    count = sum(one.document.partner_id == partner_id for one in all_disputes(open_only=True))
    if count:
        found.append(f"{count} disputes are open: decide them.")
    payouts = Payout.objects.filter(partner_id=partner_id, state__in=(PENDING, HELD, APPROVED))
    for payout in payouts.order_by("reference"):
        found.append(f"Payout {payout.reference} is {payout.state}: send or cancel it.")
    return found


def hindrances_to_drop(partner: Partner, now: datetime) -> list[str]:
    """The same for a partner that left, whose schema shall go."""
    left = _noted(partner.id, "partner.closed")
    if partner.state != Partner.State.CLOSED or left is None:
        return [f"{partner.slug} has not left: offboard it first."]
    found, ends = [], left.at + SCHEMA_KEPT
    if now < ends:
        found.append(f"Its usage by the hour is kept until {ends:%Y-%m-%d}: wait.")
    if UsageEvent.objects.filter(partner_id=partner.id).exists():
        found.append("Usage events of it lie in PostgreSQL: `export_usage --drop` their days.")
    return found


def dropped(partner_id: uuid.UUID) -> AuditEntry | None:
    """When, by whom and with how many rows its schema went; None while it has one."""
    return _noted(partner_id, "partner.dropped")


def _noted(partner_id: uuid.UUID, verb: str) -> AuditEntry | None:
    found: AuditEntry | None = AuditEntry.objects.filter(partner_id=partner_id, verb=verb).first()
    return found


def kept(partner_id: uuid.UUID) -> dict[str, int]:
    """Rows that law and books need, by what they are (public, owner)."""
    tables = {
        "documents": Document, "journal_entries": JournalEntry, "settlement_runs": SettlementRun,
        "usage_events": UsageEvent, "audit_entries": AuditEntry,
    }  # fmt: skip
    return {
        name: table.objects.filter(partner_id=partner_id).count()  # type: ignore[attr-defined]
        for name, table in tables.items()
    }


def _agreement(agreement: Agreement, now: datetime) -> list[str]:
    versions = AgreementVersion.objects.filter(agreement=agreement, approved_at__isnull=False)
    ends = list(versions.order_by("valid_from").values_list("valid_to", flat=True))
    if any(end is None or end > now for end in ends):
        return [f"Agreement {agreement.code} is in force or to come: terminate it, and wait."]
    runs = SettlementRun.objects.filter(agreement=agreement)
    found = [
        f"The run {run} is {run.state}: issue it." for run in runs.exclude(state="issued")
    ]  # fmt: skip
    last = max((end for end in ends if end is not None), default=None)
    final = runs.filter(period_start__lt=last, period_end__gte=last, state="issued")
    if last is not None and not found and not final.exists():
        found.append(f"{agreement.code} ended on {last:%Y-%m-%d}: settle that month, its last.")
    return found
