"""What a mail server says came back (a delivery status notification, RFC 3464). Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes, message_from_string
from email.message import Message

MOST_BYTES = 4 * 1024 * 1024  # a report carries the mail that came back
MOST_RECIPIENTS = 100
LONGEST_REASON, LONGEST_ADDRESS = 300, 254
_STATUS = re.compile(r"\b[245]\.\d{1,3}\.\d{1,3}\b")
# Detail codes (RFC 3463) of an address that takes no mail, whoever sends it. The others speak of
# the mail, its sender, a full box or the way there, which may be otherwise tomorrow.
_GONE = frozenset({
    "5.0.0", "5.1.0", "5.1.1", "5.1.2", "5.1.3", "5.1.4", "5.1.6", "5.1.10", "5.2.0", "5.2.1",
    "5.4.4",
})  # fmt: skip


class NoReport(ValueError):
    """This is no report about mail that could not be delivered."""


@dataclass(frozen=True)
class Returned:
    """One address that a mail did not reach: as the mail named it, then as its server does."""

    addresses: tuple[str, ...]
    status: str
    reason: str

    @property
    def is_gone(self) -> bool:
        """Whether no other mail would arrive either."""
        return self.status in _GONE


@dataclass(frozen=True)
class Report:
    """Which mail came back (its Message-ID, without brackets), and from where."""

    message_id: str
    returned: tuple[Returned, ...]


def read_report(raw: bytes) -> Report:
    """The final failures of a report; delays, successes and what is not failed are left out.

    Raises NoReport for any other mail, one of more than MOST_BYTES, and one that does not say
    which mail came back.
    """
    if len(raw) > MOST_BYTES:
        raise NoReport(f"It has more than {MOST_BYTES} bytes.")
    mail = message_from_bytes(raw)
    if mail.get_content_type() != "multipart/report" or not mail.is_multipart():
        raise NoReport("It is no multipart/report.")
    parts = {part.get_content_type(): part for part in reversed(list(_children(mail)))}
    told = parts.get("message/delivery-status") or parts.get("message/global-delivery-status")
    if told is None:
        raise NoReport("It has no delivery status.")
    message_id = _text(_original(parts)["Message-ID"]).strip("<>")
    if not message_id:
        raise NoReport("It does not say which mail came back.")
    blocks = list(_children(told))[1 : 1 + MOST_RECIPIENTS]  # the first is about the mail
    failed = (_returned(block) for block in blocks if _text(block["Action"]).lower() == "failed")
    return Report(message_id, tuple(one for one in failed if one.addresses))


def _children(mail: Message) -> Iterator[Message]:
    payload = mail.get_payload()
    return (one for one in payload if isinstance(one, Message)) if isinstance(payload, list) \
        else iter(())  # fmt: skip


def _original(parts: dict[str, Message]) -> Message:
    """The mail that came back, or what the report has of it: its headers."""
    for kind in ("text/rfc822-headers", "message/global-headers"):
        if kind in parts:
            content = parts[kind].get_payload(decode=True)
            text = content.decode("utf-8", "replace") if isinstance(content, bytes) else \
                "\n".join(map(str, _children(parts[kind])))  # fmt: skip
            return message_from_string(text.lstrip())
    for kind in ("message/rfc822", "message/global"):
        for found in _children(parts[kind]) if kind in parts else ():
            return found
    return Message()


def _returned(block: Message) -> Returned:
    named = (_address(block[field]) for field in ("Original-Recipient", "Final-Recipient"))
    diagnosis = _text(block["Diagnostic-Code"]).partition(";")[2].strip()
    status = _text(block["Status"]).partition(" ")[0]
    finer = _STATUS.search(diagnosis)
    if status.endswith(".0.0") and finer:  # Exim says no more than 5.0.0 itself
        status = finer[0]
    if not _STATUS.fullmatch(status):
        status = "5.0.0"
    reason = "".join(one if one.isprintable() else " " for one in diagnosis)
    return Returned(tuple(dict.fromkeys(filter(None, named))), status, reason[:LONGEST_REASON])


def _address(value: object) -> str:
    """`rfc822; <Ada@Example.com>` → `ada@example.com`; '' for anything else."""
    kind, _, address = _text(value).partition(";")
    found = address.strip().strip("<>").lower()
    usable = kind.strip().lower() in ("rfc822", "utf-8") and "@" in found
    return found if usable and len(found) <= LONGEST_ADDRESS and found.isprintable() else ""


def _text(value: object) -> str:
    """A header's text in one line; '' for none."""
    return " ".join(str(value).split()) if value is not None else ""
