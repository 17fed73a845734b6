"""What is kept of whom, and how long, as a page says it."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

# (what, how long, why)
KEPT: tuple[tuple[Any, Any, Any], ...] = (
    (_("Requests and answers as events: counts, times, models, no text"),
     _("as long as they prove what was billed; after 95 days in files by day"),
     _("Every figure is led back to them.")),
    (_("Hourly and daily counts"), _("as long as they prove what was billed"),
     _("Pages and papers are reckoned from them.")),
    (_("Invoices, credit notes, statements"), _("ten years"), _("The law asks for it.")),
    (_("The audit log"), _("as long as it proves what was billed"), _("It says who did what.")),
    (_("Tries to sign in"), _("90 days"), _("You see who tried.")),
    (_("Webhook events and deliveries"), _("30 days"), _("They can be sent again that long.")),
    (_("People of a customer that is erased"), _("not at all"),
     _("They become pseudonyms at once; its receipt says what stays.")),
)  # fmt: skip


def hours_text(hours: int) -> str:
    """`6 hours`, `7 days`."""
    if hours % 24:
        return ngettext("%d hour", "%d hours", hours) % hours
    return ngettext("%d day", "%d days", hours // 24) % (hours // 24)
