"""Every event that a webhook can tell: its name, who may hear it, what its `data` looks like.

What each is called on pages is in `portal.words`.

The one list: forms offer it, the pages show it, `facts` fill it, a test walks over it.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

PARTNER, CUSTOMER = "partner", "customer"
EVERYBODY = frozenset({PARTNER, CUSTOMER})
PARTNERS = frozenset({PARTNER})


@dataclass(frozen=True)
class EventType:
    """One kind of event. `example` is a whole `data`, as it is sent."""

    name: str
    hears: frozenset[str]
    example: Mapping[str, Any]


@dataclass(frozen=True)
class Fact:
    """Something that happened, as its own row tells it. `id` (UUIDv7) is that row's: the event's.

    `customer` is the external id of the customer it is about, '' for none. `hears` narrows who is
    told; empty for all that the catalogue allows.
    """

    id: uuid.UUID
    type: str
    at: datetime
    data: Mapping[str, Any]
    customer: str = ""
    hears: frozenset[str] = field(default=frozenset())


_KEY = {"key_id": "4fGq81LmZx0a", "customer": "acme"}
_PAPER = {"document_id": "01995f0e-7c1f-7d5e-9b1a-3f0d5f1d2c11", "number": "INV-2026-000123",
          "customer": "acme", "period": "2026-09", "currency": "USD", "total_minor": 120050,
          "due_date": "2026-11-01"}  # fmt: skip

_TYPES = (
    EventType("invoice.issued", EVERYBODY, _PAPER),
    EventType("credit_note.issued", EVERYBODY,
              {**_PAPER, "number": "CN-2026-000004", "total_minor": -2500}),
    EventType("statement.issued", PARTNERS,
              {**_PAPER, "number": "ST-2026-000009", "customer": ""}),
    EventType("payout.paid", PARTNERS,
              {"reference": "PO9B1A3F0D5F1D", "amount_minor": 84000, "currency": "USD"}),
    EventType("dispute.answered", EVERYBODY,
              {"dispute_id": "01995f0e-7c1f-7d5e-9b1a-3f0d5f1d2c12", "answer": "upheld",
               "document": "INV-2026-000123", "line": 4, "amount_minor": 1200,
               "customer": "acme"}),
    EventType("customer.created", PARTNERS,
              {"customer": "acme", "name": "Acme", "plan": "growth"}),
    EventType("customer.suspended", PARTNERS,
              {"customer": "acme", "reason": "unpaid"}),
    EventType("customer.resumed", PARTNERS,
              {"customer": "acme", "reason": ""}),
    EventType("key.created", EVERYBODY,
              {**_KEY, "livemode": True, "label": "checkout"}),
    EventType("key.rotated", EVERYBODY,
              {**_KEY, "replaced_by": "9aBc12LmZx0a", "ends_at": "2026-10-06T14:20:00+00:00"}),
    EventType("key.revoked", EVERYBODY, _KEY),
    EventType("alert.fired", EVERYBODY,
              {"alert_id": "01995f0e-7c1f-7d5e-9b1a-3f0d5f1d2c13", "name": "Budget",
               "kind": "budget", "period": "2026-10", "step": "80 %", "value": "812.40",
               "limit": "1000", "customer": ""}),
    EventType("incident.updated", PARTNERS,
              {"incident_id": "01995f0e-7c1f-7d5e-9b1a-3f0d5f1d2c14", "title": "Slow answers in eu",
               "component": "answers", "impact": "degraded", "state": "identified",
               "text": "A switch is being replaced.", "started_at": "2026-10-05T13:00:00Z"}),
    EventType("brand.published", PARTNERS, {"partner": "redis-labs"}),
    EventType("domain.verified", PARTNERS, {"host": "cache.acme.example"}),
    EventType("domain.moved", PARTNERS, {"host": "cache.acme.example"}),
    EventType("domain.made_primary", PARTNERS, {"host": "cache.acme.example"}),
)  # fmt: skip
CATALOGUE: Mapping[str, EventType] = {one.name: one for one in _TYPES}
TEST = "webhook.test"  # sent by hand, to one endpoint
MADE_HERE = ("alert.fired", TEST)  # not read from another storey's facts


def offered(audience: str) -> list[EventType]:
    """The events that a partner's (`PARTNER`) or a customer's (`CUSTOMER`) endpoint may choose."""
    return [one for one in _TYPES if audience in one.hears]


def body_of(fact: Fact) -> str:
    """The JSON text that is signed and sent, the same at every attempt."""
    at = fact.at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    whole = {"type": fact.type, "timestamp": at, "data": dict(fact.data)}
    return json.dumps(whole, ensure_ascii=False, separators=(",", ":"))


def hears(fact: Fact, *, types: frozenset[str], customer: str | None) -> bool:
    """Whether an endpoint is told: a partner's (`customer` None) or that customer's own."""
    kind = CATALOGUE.get(fact.type)
    if kind is None or fact.type not in types:
        return False
    if (PARTNER if customer is None else CUSTOMER) not in (fact.hears or kind.hears) & kind.hears:
        return False
    return customer is None or (customer != "" and fact.customer == customer)
