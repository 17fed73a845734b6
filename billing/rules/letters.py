"""What a document's mail says, and when a reminder is due."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from billing.rules.drafts import CREDIT_NOTE, PAYOUT_STATEMENT
from billing.rules.page import document_page

# Reminder number and the day past due from which it is sent; later ones need the one before.
REMINDERS = ((1, 3), (2, 14), (3, 30))
TRIES = 8
_FIRST_WAIT = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail before it is sent; `sender` is the name shown, the address is the installation's."""

    message_id: str
    sender: str
    reply_to: str
    subject: str
    text: str


def reminder_due(due_date: date, today: date, sent: int) -> int | None:
    """The number of the reminder to send now, after `sent` were; None when it is too early."""
    late = (today - due_date).days
    return next((n for n, days in REMINDERS if n == sent + 1 and late >= days), None)


def next_try_at(failed: int, last_at: datetime) -> datetime | None:
    """When to try again after so many failures, waiting twice as long each time; None: give up."""
    return last_at + _FIRST_WAIT * 2 ** (failed - 1) if failed < TRIES else None


def document_path(document: Mapping[str, Any], document_id: str, *, to_customer: bool) -> str:
    """Where the addressee opens it, on the partner's host."""
    if document["kind"] == PAYOUT_STATEMENT:
        return f"/manage/statements/{document_id}/"
    return f"/invoices/{document_id}/" if to_customer else f"/manage/invoices/{document_id}/"


def delivery_letter(document: Mapping[str, Any], document_id: str, url: str) -> Letter:
    """The mail that brings a document; its PDF goes with it."""
    page = document_page(document)
    amount = page["totals"]["due"]
    if page["is_statement"]:
        told = f"Payable: {amount}, on {page['due_date']}."
        told += " Please accept it, or dispute a line; after 14 days it counts as accepted."
    elif document["kind"] == CREDIT_NOTE:
        told = f"It credits {amount.lstrip(chr(0x2212))} of {document['corrects']['number']}." \
            if "corrects" in document else f"Amount: {amount}."  # fmt: skip
    else:
        told = f"Total: {amount}, due on {page['due_date']}."
    what = f"{page['title']} {page['number']}"
    return _letter(document, f"document {document_id}", f"{what} from {page['brand']['name']}",
                   [f"{what} for {page['period']} is attached.", told, url])  # fmt: skip


def reminder_letter(
    document: Mapping[str, Any], document_id: str, url: str, number: int, open_text: str
) -> Letter:
    """A payment reminder; `open_text` is the amount still open, written out."""
    page = document_page(document)
    what = f"{page['title']} {page['number']}"
    return _letter(
        document, f"reminder {number} {document_id}", f"Reminder {number}: {what} is overdue",
        [f"{what} was due on {page['due_date']}. {open_text} of it is still open.",
         "If you have paid in the meantime, please ignore this. If something is wrong with it, "
         "question a line on its page: reminders wait until you have an answer.", url],
    )  # fmt: skip


def _letter(document: Mapping[str, Any], key: str, subject: str, parts: list[str]) -> Letter:
    brand, seller = document["brand"], document["seller"]["legal_name"]
    sold_by = "" if brand["name"] == seller else f" (sold by {seller})"
    text = "\n\n".join([*filter(None, parts), f"{brand['name']}{sold_by}"]) + "\n"
    # The same fact has the same message id, so that a mail sent twice is known as one.
    name = key.replace(" ", ".")
    sender = brand.get("mail_sender") or brand["name"]
    return Letter(name, sender, brand["support_email"], subject, text)
