"""A report of a mail server is matched with what we sent; what came back is written down."""

import re
import uuid
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import transaction

from billing.actions.document_events import record_document_event
from billing.models import Document
from billing.queries.mailing import MAILER, was_mailed_to
from billing.rules.status import BOUNCED_NOTE, UNDELIVERED
from tenants import queries
from tenants.actions.bounces import mark_bounced
from tenants.mail_ids import host_that_sent
from tenants.rules.bounces import Returned, read_report

# `billing.rules.letters`: document.ID, reminder.2.ID, document.ID.de, document.ID.again-ID
_PAPER = re.compile(
    r"(?:document|reminder\.\d)\.([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?:\.[\w-]+)*"
)


@dataclass(frozen=True)
class Bounced:
    """What became of one returned mail: `address` '' where we never sent it such a mail."""

    address: str
    status: str
    is_marked: bool  # it gets no mail any more that it can do without


@dataclass(frozen=True)
class _Mail:
    partner_id: uuid.UUID
    address: str
    document: Document | None = None


def note_bounces(*, raw: bytes, now: datetime) -> list[Bounced]:
    """Write down what a report says of mails that we sent to just these addresses (worker).

    A paper that did not arrive has that in its history; an address that takes no mail is marked.
    Raises NoReport. Safe to repeat: the same report changes nothing a second time.
    """
    report = read_report(raw)
    return [_note(report.message_id, one, now) for one in report.returned]


def _note(message_id: str, returned: Returned, now: datetime) -> Bounced:
    found = (_sent(message_id, address) for address in returned.addresses)
    mail = next((one for one in found if one is not None), None)
    if mail is None:
        return Bounced("", returned.status, False)
    with transaction.atomic():
        if mail.document is not None:
            note = f"{BOUNCED_NOTE}{mail.address}: {returned.status} {returned.reason}"
            record_document_event(
                document_id=mail.document.id, kind=UNDELIVERED, actor=MAILER, now=now,
                source_id=f"bounce {uuid.uuid5(mail.document.id, message_id + mail.address)}",
                note=note[:500],
            )  # fmt: skip
        if returned.is_gone:
            mark_bounced(partner_id=mail.partner_id, address=mail.address, now=now,
                         status=returned.status, reason=returned.reason)  # fmt: skip
    return Bounced(mail.address, returned.status, returned.is_gone)


def _sent(message_id: str, address: str) -> _Mail | None:
    """The mail with this id, if one was sent to this address."""
    name, _, host = message_id.partition("@")
    paper = _PAPER.fullmatch(name) if host == settings.PLATFORM_DOMAIN else None
    if paper:
        document = Document.objects.filter(pk=paper[1]).first()
        if document is None or not was_mailed_to(document, address):
            return None
        return _Mail(document.partner_id, address, document)
    partner_id = queries.partner_of_host(host_that_sent(message_id, address))
    return _Mail(partner_id, address) if partner_id else None
