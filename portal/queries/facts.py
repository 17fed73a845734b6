"""What happened at a partner and can be told: rows of the audit log and of the books, as facts.

Each is written in the same transaction as the act, whoever acts, so nothing has to be told twice.
Read by the worker, in the partner's schema.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from django.db.models import Q, QuerySet

from billing.models import DisputeEntry, DocumentEvent, PayoutEvent
from billing.rules.disputes import REJECTED, UPHELD
from billing.rules.drafts import CREDIT_NOTE, CUSTOMER_INVOICE, PARTNER_INVOICE, PAYOUT_STATEMENT
from billing.rules.payouts import SETTLED
from cache_api.models import HookEvent
from cache_api.rules.hooks.catalogue import Fact
from tenants.models import AuditEntry, IncidentUpdate

_KEY = ("customer", "livemode", "label", "replaces", "replaced_by", "ends_at")
# Verb of the audit log → event, what its target is called, what of its data is told.
VERBS: Mapping[str, tuple[str, str, tuple[str, ...]]] = {
    "key.created": ("key.created", "key_id", _KEY),
    "key.rotated": ("key.rotated", "key_id", _KEY),
    "key.revoked": ("key.revoked", "key_id", _KEY),
    "customer.announced": ("customer.created", "customer", ("name", "plan")),
    "customer.suspended": ("customer.suspended", "customer", ("reason",)),
    "customer.resumed": ("customer.resumed", "customer", ("reason",)),
    "brand.published": ("brand.published", "partner", ()),
    "brand.rolled_back": ("brand.published", "partner", ()),
    "domain.verified": ("domain.verified", "host", ()),
    "domain.moved": ("domain.moved", "host", ()),
    "domain.made_primary": ("domain.made_primary", "host", ()),
}
PAPERS: Mapping[str, str] = {
    CUSTOMER_INVOICE: "invoice.issued",
    PARTNER_INVOICE: "invoice.issued",
    CREDIT_NOTE: "credit_note.issued",
    PAYOUT_STATEMENT: "statement.issued",
}


def facts_since(partner_id: uuid.UUID, since: uuid.UUID) -> list[Fact]:
    """The facts from the id `since` on that are no event yet, by id: five queries."""
    found = [
        *_audit(partner_id, since), *_papers(partner_id, since), *_payouts(partner_id, since),
        *_answers(partner_id, since), *_incidents(partner_id, since),
    ]  # fmt: skip
    return sorted(found, key=lambda fact: fact.id)


def _new(model: Any, partner_id: uuid.UUID, since: uuid.UUID) -> QuerySet[Any]:
    told = HookEvent.objects.filter(id__gte=since).values("id")
    found: QuerySet[Any] = model.objects.filter(partner_id=partner_id, id__gte=since)
    return found.exclude(id__in=told).order_by("id")


def _audit(partner_id: uuid.UUID, since: uuid.UUID) -> list[Fact]:
    rows = _new(AuditEntry, partner_id, since).filter(verb__in=VERBS)
    return [_of_audit(row) for row in rows]


def _of_audit(row: AuditEntry) -> Fact:
    name, target, members = VERBS[row.verb]
    data = {target: row.target} | {key: row.data[key] for key in members if key in row.data}
    return Fact(row.id, name, row.at, data, customer=data.get("customer") or "")


def _papers(partner_id: uuid.UUID, since: uuid.UUID) -> list[Fact]:
    rows = _new(DocumentEvent, partner_id, since).filter(kind="issued")
    rows = rows.select_related("document").defer("document__canonical")
    return [
        Fact(row.id, PAPERS[row.document.kind], row.at, _paper(row.document),
             customer=row.document.customer_external_id)
        for row in rows
    ]  # fmt: skip


def _paper(document: Any) -> dict[str, Any]:
    return {
        "document_id": str(document.id), "number": document.number,
        "customer": document.customer_external_id, "period": f"{document.period_start:%Y-%m}",
        "currency": document.currency, "total_minor": document.total_minor,
        "due_date": document.due_date.isoformat(),
    }  # fmt: skip


def _payouts(partner_id: uuid.UUID, since: uuid.UUID) -> list[Fact]:
    rows = _new(PayoutEvent, partner_id, since).filter(state=SETTLED)
    return [
        Fact(row.id, "payout.paid", row.at,
             {"reference": row.payout.reference, "amount_minor": row.payout.amount_minor,
              "currency": row.payout.currency})
        for row in rows.select_related("payout")
    ]  # fmt: skip


def _incidents(partner_id: uuid.UUID, since: uuid.UUID) -> list[Fact]:
    told = HookEvent.objects.filter(id__gte=since).values("id")
    rows = IncidentUpdate.objects.filter(id__gte=since).exclude(id__in=told)
    concerned = Q(incident__partner_ids=[]) | Q(incident__partner_ids__contains=[partner_id])
    return [_said(row) for row in rows.filter(concerned).select_related("incident")]


def _said(row: IncidentUpdate) -> Fact:
    incident = row.incident
    return Fact(row.id, "incident.updated", row.at, {
        "incident_id": str(incident.id), "title": incident.title,
        "component": incident.component, "impact": incident.impact, "state": row.state,
        "text": row.text, "started_at": incident.started_at.isoformat(),
    })  # fmt: skip


def _answers(partner_id: uuid.UUID, since: uuid.UUID) -> list[Fact]:
    rows = _new(DisputeEntry, partner_id, since).filter(kind__in=(UPHELD, REJECTED))
    rows = rows.select_related("dispute__document", "dispute__line").defer(
        "file", "dispute__document__canonical"
    )
    return [_answer(row) for row in rows]


def _answer(row: DisputeEntry) -> Fact:
    document = row.dispute.document
    data = {
        "dispute_id": str(row.dispute_id), "answer": row.kind, "document": document.number,
        "line": row.dispute.line.position, "amount_minor": row.amount_minor or 0,
        "customer": document.customer_external_id,
    }  # fmt: skip
    return Fact(row.id, "dispute.answered", row.at, data, customer=document.customer_external_id)
