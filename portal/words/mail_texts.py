"""A partner's own words in its mails: what each is for, its holes, and why one is refused."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from tenants.rules.mail_texts import DOCUMENT, FOOTER, INVITATION, REMINDER, BadMailText

LABELS: dict[str, Any] = {
    DOCUMENT: _("Subject of a mail with an invoice or a statement"),
    REMINDER: _("Subject of a reminder"),
    INVITATION: _("Subject of an invitation"),
    FOOTER: _("Footer below every mail"),
}
_PROBLEMS: dict[str, Any] = {
    "unknown": _("There is no such text."),
    "long": _("A subject has at most 120 characters, the footer 500."),
    "control": _("Only printable characters, please."),
    "lines": _("A subject is one line, the footer at most six."),
    "hole": _("%(hole)s cannot be filled in here. Use the names below the field."),
}
# What the preview fills in.
SAMPLE: dict[str, Any] = {
    "paper": _("Invoice"), "number": "INV-2026-000001", "period": "2026-10", "amount": "120.00",
    "due": "2026-12-01", "open": "120.00", "nth": "1", "who": "ada@example.com",
}  # fmt: skip


def problem(bad: BadMailText) -> str:
    """Why a text is refused."""
    return str(_PROBLEMS[bad.code]) % {"hole": bad.hole}
