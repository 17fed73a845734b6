"""Everything that is known of one customer, as files: what the customer may ask for (GDPR 15, 20).

Runs in the partner's schema and role, so that no row of anybody else's can come along.
"""

from __future__ import annotations

import json
import uuid
from datetime import datetime
from typing import NamedTuple

from billing.models import Document
from billing.rules.archive import archive_bytes
from billing.rules.csv_text import csv_bytes
from billing.rules.documents import canonical_bytes
from billing.rules.fields import instant_text
from cache_api.models import Alert, Customer, HookEndpoint, RollupDay
from cache_api.rules.customer_facts import ERASED
from tenants.accounts.models import SignIn, User
from tenants.models import ApiKey, AuditEntry

_PEOPLE = ("email", "name", "role", "is_active", "language", "created_at", "last_login")
_SIGN_INS = ("person_id", "at", "ok", "how", "ip", "browser")
_KEYS = ("id", "label", "livemode", "created_at", "expires_at", "revoked_at", "last_used_at")
_LOG = ("at", "actor", "verb", "target")


def customer_file(partner_id: uuid.UUID, slug: str, row: Customer, now: datetime) -> bytes:
    """A zip with a manifest of SHA-256s. Secrets of keys are nowhere, so not here either."""
    people = User.objects.filter(customer_id=row.pk)
    keys = ApiKey.objects.filter(partner_id=partner_id, customer_external_id=row.external_id)
    papers = Document.objects.filter(partner_id=partner_id, customer_external_id=row.external_id)
    log = AuditEntry.objects.filter(partner_id=partner_id).filter(
        target__in=[row.external_id, *people.values_list("email", flat=True)]
    )
    tables = {
        "people.csv": (people.order_by("email"), _PEOPLE),
        "sign-ins.csv": (
            SignIn.objects.filter(person_id__in=people.values("pk")).order_by("at"), _SIGN_INS,
        ),
        "keys.csv": (keys.order_by("created_at"), _KEYS),
        "usage-days.csv": (
            RollupDay.objects.filter(customer_id=row.pk).order_by("bucket_at"),
            tuple(one.attname for one in RollupDay._meta.fields),
        ),
        "webhooks.csv": (HookEndpoint.objects.filter(customer_id=row.pk), ("url", "created_at")),
        "alerts.csv": (Alert.objects.filter(owner_id=row.pk), ("name", "kind")),
        "log.csv": (log.order_by("at", "id"), _LOG),
    }  # fmt: skip
    files = {
        name: csv_bytes(columns, ([_text(cell) for cell in cells]
                                  for cells in rows.values_list(*columns)))
        for name, (rows, columns) in tables.items()
    }  # fmt: skip
    facts = {
        "id": str(row.pk), "external_id": row.external_id, "name": row.name, "plan": row.plan,
        "state": row.state, "billing": row.billing, "quota": row.quota,
        "created_at": instant_text(row.created_at),
    }  # fmt: skip
    files["customer.json"] = json.dumps(facts, indent=1, sort_keys=True).encode()
    for paper in papers:
        files[f"documents/{paper.issuer}-{paper.number}.json"] = bytes(paper.canonical)
    about = {"partner": slug, "customer": row.external_id, "made_at": instant_text(now)}
    return archive_bytes(about, files)


def receipt_of(partner_id: uuid.UUID, external_id: str) -> AuditEntry | None:
    """The row of an erasure, if there was one."""
    rows = AuditEntry.objects.filter(partner_id=partner_id, verb=ERASED, target=external_id)
    return rows.order_by("at", "id").first()


class Erasure(NamedTuple):
    """What an erasure would touch or leave, and the receipt once it was done."""

    receipt: AuditEntry | None
    papers: int
    people: int


def erasure_of(partner_id: uuid.UUID, row: Customer) -> Erasure:
    """The same for one customer."""
    return Erasure(
        receipt=receipt_of(partner_id, row.external_id),
        papers=papers_kept(partner_id, row.external_id),
        people=User.objects.filter(customer_id=row.pk).count(),
    )


def papers_kept(partner_id: uuid.UUID, external_id: str) -> int:
    """Issued documents of the customer, which the law keeps."""
    return Document.objects.filter(partner_id=partner_id, customer_external_id=external_id).count()


def receipt_bytes(entry: AuditEntry) -> bytes:
    """The audit row of an erasure as JSON; the same bytes each time."""
    return canonical_bytes({
        "schema": "agentcache.customer-erasure/1", "customer": entry.target,
        "erased_at": instant_text(entry.at), "by": entry.actor, **entry.data,
    })  # fmt: skip


def _text(value: object) -> object:
    return value if isinstance(value, (str, int, float)) or value is None else str(value)
