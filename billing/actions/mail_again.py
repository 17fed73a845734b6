"""A document is mailed once more because somebody asked: the page asks, a worker mails."""

import uuid
from dataclasses import replace
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext

from billing.actions.deliver import mails_for, paper_url, send_mails
from billing.models import Document
from billing.queries.credits import body_of
from billing.queries.mailing import asked_again, mailboxes
from billing.rules.errors import BillingError
from billing.rules.letters import ASKED, Letter, delivery_letter
from billing.rules.status import DELIVERED
from tenants import audit, queries
from tenants.gateways.turns import wait_in_line

AGAIN_AFTER, MOST_A_DAY = timedelta(minutes=10), 5


class TooSoon(BillingError):
    """It was asked for a moment ago, or often enough today."""


def ask_again(*, document_id: uuid.UUID, actor: str, now: datetime) -> None:
    """Have a document mailed once more to whoever gets it, within a minute (partner's role).

    The row in the log is what the worker goes by. Raises TooSoon within AGAIN_AFTER of the last
    time, and for more than MOST_A_DAY. Each call asks once more.
    """
    with transaction.atomic():
        wait_in_line(f"mail again {document_id}")
        document = Document.objects.get(pk=document_id)
        before = [row.at for row in asked_again(now, document)]
        if len(before) >= MOST_A_DAY or any(now - at < AGAIN_AFTER for at in before):
            raise TooSoon
        audit.record(
            actor=actor, verb=ASKED, target=document.number, at=now,
            partner_id=document.partner_id, data={"document": str(document.id)},
        )  # fmt: skip


def mail_asked(*, now: datetime) -> int:
    """Mail what was asked for within a day; how many went out (worker).

    Safe to repeat and at once from several workers: each asking is answered once; one that failed
    is tried again as documents are.
    """
    return sum(_mail(row.id, uuid.UUID(row.data["document"]), now) for row in asked_again(now))


def _mail(asking: uuid.UUID, document_id: uuid.UUID, now: datetime) -> bool:
    document, source = Document.objects.get(pk=document_id), f"again {asking}"
    if document.events.filter(kind=DELIVERED, source_id=source).exists():
        return False
    body = body_of(document)
    own, url = queries.mail_texts(document.partner_id), paper_url(document, body)

    def write(language: str) -> Letter:
        letter = delivery_letter(body, str(document.id), url, language, gettext, own)
        return replace(letter, message_id=f"{letter.message_id}.again-{asking}")

    to = mailboxes(document, body["buyer"]["email"])
    return send_mails(document, mails_for(document, body["language"], to, write), DELIVERED,
                      source, now)  # fmt: skip
