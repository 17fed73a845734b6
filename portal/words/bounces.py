"""Why an address takes no mail, by the status of RFC 3463."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

REASONS: dict[str, Any] = {
    "5.1.2": _("Its domain does not exist or takes no mail."),
    "5.4.4": _("Its domain does not exist or takes no mail."),
    "5.1.3": _("This is no address that mail can be sent to."),
    "5.1.6": _("The mailbox has moved."),
    "5.1.10": _("Its domain does not exist or takes no mail."),
    "5.2.1": _("The mailbox was switched off."),
}
OTHERWISE = _("There is no such mailbox.")


def why_bounced(status: str) -> Any:
    """In words."""
    return REASONS.get(status, OTHERWISE)
