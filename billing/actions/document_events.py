"""Append what happened to a document: delivered, paid, accepted."""

import uuid
from datetime import datetime

from django.db import transaction

from billing.actions.errors import UnknownRun
from billing.models import Document, DocumentEvent
from billing.rules.errors import BadMoney
from billing.rules.status import AMOUNT_KINDS, EVENT_KINDS
from tenants import audit


def record_document_event(
    *, document_id: uuid.UUID, kind: str, source_id: str, actor: str, now: datetime,
    amount_minor: int | None = None, note: str = "",
) -> DocumentEvent:  # fmt: skip
    """Append one event; `source_id` names the outside fact (a bank line, a message).

    `amount_minor` (minor units of the document's currency) goes with `AMOUNT_KINDS` only.
    Raises UnknownRun (no such document), BadMoney. Safe to repeat: the same kind and source of a
    document is written once, and the first row is returned.
    """
    if kind not in EVENT_KINDS:
        raise BadMoney(f"{kind!r} can not happen to a document. Use {', '.join(EVENT_KINDS)}.")
    if (kind in AMOUNT_KINDS) != (amount_minor is not None):
        raise BadMoney(f"An amount goes with {', '.join(AMOUNT_KINDS)}, and only with them.")
    with transaction.atomic():
        document = Document.objects.filter(pk=document_id).first()
        if document is None:
            raise UnknownRun(f"There is no document {document_id}.")
        event, created = DocumentEvent.objects.get_or_create(
            document=document, kind=kind, source_id=source_id,
            defaults={"partner_id": document.partner_id, "amount_minor": amount_minor,
                      "actor": actor, "note": note, "at": now},
        )  # fmt: skip
        if created:
            audit.record(actor=actor, verb=f"document.{kind}", target=document.number, at=now,
                         partner_id=document.partner_id, data={"source": source_id})  # fmt: skip
    return event
