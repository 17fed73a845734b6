"""The chain of seals over final rows, as the audit log holds it."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from billing.rules.ledgers import VERB
from tenants.models import AuditEntry


def last_seal() -> dict[str, Any] | None:
    """The newest seal; None before the first."""
    found: dict[str, Any] | None = _seals().order_by("-data__step").values_list(
        "data", flat=True
    ).first()  # fmt: skip
    return found


def head_of_seals() -> str:
    """`STEP:HASH` of the newest seal, to be noted where the database's owner can not write."""
    last = last_seal()
    return f"{last['step']}:{last['sha256']}" if last else ""


def seal_ids() -> list[UUID]:
    """The rows of the audit log that hold the chain."""
    return list(_seals().values_list("id", flat=True))


def all_seals() -> Iterator[dict[str, Any]]:
    """Every seal in the order of the chain."""
    yield from _seals().order_by("data__step", "id").values_list("data", flat=True).iterator(10)


def _seals() -> QuerySet[AuditEntry]:
    return AuditEntry.objects.filter(verb=VERB)
