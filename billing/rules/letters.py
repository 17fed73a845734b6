"""What a document's mail says, and when a reminder is due."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Any

from billing.rules.drafts import CREDIT_NOTE, PAYOUT_STATEMENT
from billing.rules.page import document_page
from tenants.rules import mail_texts

# Reminder number and the day past due from which it is sent; later ones need the one before.
REMINDERS = ((1, 3), (2, 14), (3, 30))
TRIES = 8
ASKED = "document.mail_asked"  # in the log: somebody wants a document mailed once more
_FIRST_WAIT = timedelta(minutes=5)


# A text in the reader's language, holes and all (`gettext`).
Say = Callable[[str], str]


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


def delivery_letter(
    document: Mapping[str, Any], document_id: str, url: str, language: str, _: Say,
    own: Mapping[str, str] = MappingProxyType({}),
) -> Letter:  # fmt: skip
    """The mail that brings a document; its PDF goes with it, in the document's own language.

    `own`: the partner's own words, by `mail_texts.key`.
    """
    page = document_page({**document, "language": language})
    facts = _facts(page, _)
    if page["is_statement"]:
        told = _("Payable: %(amount)s, on %(due)s. Please accept it, or dispute a line; after 14 "
                 "days it counts as accepted.")  # fmt: skip
    elif document["kind"] == CREDIT_NOTE:
        corrected = document.get("corrects", {}).get("number")
        facts |= {"credited": facts["amount"].lstrip(chr(0x2212)), "number": corrected}
        told = _("It credits %(credited)s of %(number)s.")
        told = told if corrected else _("Amount: %(amount)s.")
    else:
        told = _("Total: %(amount)s, due on %(due)s.")
    subject = mail_texts.subject(own, mail_texts.DOCUMENT, language, _holes(page, facts, _),
                                 _("%(what)s from %(brand)s") % facts)  # fmt: skip
    texts = [_("%(what)s for %(period)s is attached.") % facts, told % facts, url]
    return _letter(document, f"document {document_id}", subject, texts, _)


def reminder_letter(
    document: Mapping[str, Any], document_id: str, url: str, number: int, open_text: str,
    language: str, _: Say, own: Mapping[str, str] = MappingProxyType({}),
) -> Letter:  # fmt: skip
    """A payment reminder; `open_text` is the amount still open, written out. `own` as above."""
    page = document_page({**document, "language": language})
    facts = _facts(page, _) | {"nth": number, "open": open_text}
    texts = [
        _("%(what)s was due on %(due)s. %(open)s of it is still open.") % facts,
        _("If you have paid in the meantime, please ignore this. If something is wrong with it, "
          "question a line on its page: reminders wait until you have an answer."), url,
    ]  # fmt: skip
    subject = mail_texts.subject(own, mail_texts.REMINDER, language, _holes(page, facts, _),
                                 _("Reminder %(nth)s: %(what)s is overdue") % facts)  # fmt: skip
    return _letter(document, f"reminder {number} {document_id}", subject, texts, _)


def _facts(page: Mapping[str, Any], _: Say) -> dict[str, Any]:
    return {"what": f"{_(page['title'])} {page['number']}", "brand": page["brand"]["name"],
            "period": page["period"], "due": page["due_date"],
            "amount": page["totals"]["due"]}  # fmt: skip


def _holes(page: Mapping[str, Any], facts: Mapping[str, Any], _: Say) -> dict[str, Any]:
    """What a partner's own subject may name."""
    title = str(page["title"])
    return {**facts, "paper": _(title), "number": page["number"]}


def _letter(
    document: Mapping[str, Any], key: str, subject: str, parts: list[str], _: Say
) -> Letter:  # fmt: skip
    brand, seller = document["brand"], document["seller"]["legal_name"]
    facts = {"brand": brand["name"], "seller": seller}
    signed = facts["brand"] if facts["brand"] == seller else \
        _("%(brand)s (sold by %(seller)s)") % facts  # fmt: skip
    text = "\n\n".join([*filter(None, parts), signed]) + "\n"
    # The same fact has the same message id, so that a mail sent twice is known as one.
    name = key.replace(" ", ".")
    sender = brand.get("mail_sender") or brand["name"]
    return Letter(name, sender, brand["support_email"], subject, text)
