"""What the facts of the audit log's rows are called, and how their values are written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from django.utils.translation import gettext as say
from django.utils.translation import gettext_lazy as _

from billing.rules.errors import BadMoney
from billing.rules.money import Money
from billing.rules.money_text import format_money
from portal import local, words
from portal.words import billing
from portal.words.told import retold

LONGEST = 200
FACTS: dict[str, Any] = {
    **billing.MEMBERS,
    "account": _("Account"), "after": _("After"), "amount_minor": _("Amount"),
    "asked_by": _("Asked by"), "attempt": _("Attempt"), "audience": _("For whom"),
    "before": _("Before"), "bound": _("Accounts bound"), "by_line": _("By line"),
    "bytes": _("Bytes"), "changed": _("Changed"), "code": _("Code"), "connection": _("Connection"),
    "corrects": _("Corrects"), "customer": _("Customer"), "customer_id": _("Customer"),
    "day": _("Day"), "days": _("Days"), "declined_why": _("Declined because"),
    "default_role": _("Role at first"), "destroyed": _("Destroyed"), "details": _("Details"),
    "document": _("Document"), "domains": _("Domains"), "ends_at": _("Ends"),
    "entries": _("Entries"), "erased": _("Erased"), "error": _("Error"), "events": _("Events"),
    "fee": _("Fee"), "files": _("Files"), "fresh": _("Fresh key"), "from": _("From"),
    "from_state": _("State before"), "hard": _("Hard limit"), "hosts": _("Hosts"),
    "how": _("How"), "included": _("Included"), "inserted": _("Recorded"), "intent": _("Intent"),
    "invited_by": _("Invited by"), "issuer": _("Issuer"), "job": _("Job"), "kept": _("Kept"),
    "kept_because": _("Kept because"), "kind": _("Kind"), "label": _("Label"), "late": _("Late"),
    "line": _("Line"), "lines": _("Lines"), "livemode": _("Live"), "locked_out": _("Locked out"),
    "look": _("Look of support"), "lookups": _("Lookups"), "made": _("Made"),
    "members": _("Changed"),
    "month": _("Month"), "name": _("Name"), "net_minor": _("Net"), "new_secret": _("New secret"),
    "note": _("Note"), "opens_accounts": _("Opens accounts"), "overage": _("Price beyond"),
    "overlay": _("Look of support"), "pages": _("Pages"), "partners": _("Partners"),
    "path": _("Page"), "percent": _("Percent"), "period": _("Period"), "plan": _("Plan"),
    "prepared_by": _("Prepared by"), "rate": _("Rate"), "rates": _("Rates"),
    "reason": _("Reason"), "receipt_sha256": _("Receipt (SHA-256)"),
    "remote": _("At the provider"), "replaced_by": _("Replaced by"), "replaces": _("Replaces"),
    "rewrapped": _("Wrapped anew"), "role": _("Role"), "rows": _("Rows"),
    "second_factor": _("Second factor"), "seen_as": _("Seen as"), "served": _("Price of a GB"),
    "sha256": _("SHA-256"), "share_minor": _("Share taken back"), "source": _("Source"),
    "stage": _("Stage"), "state": _("State"), "status": _("Outcome"), "subject": _("Subject"),
    "switch": _("Switch"), "tags": _("Tags"), "terms": _("Terms"), "ticket": _("Ticket"),
    "title": _("Title"), "to": _("To"), "total_minor": _("Total"), "until": _("Until"),
    "url": _("Address"), "valid_from": _("From"), "why": _("Reason"), "wish": _("Wish"),
    # a brand
    "product_name": _("Product name"), "seed_hex": _("Brand colour"), "short_name": _("Short name"),
    "tagline": _("Tagline"), "accent_hex": _("Accent"), "font": _("Font"),
    "support_email": _("Support e-mail"), "support_url": _("Support page"),
    "terms_url": _("Terms page"), "privacy_url": _("Privacy page"),
    "mail_sender": _("Sender of mails"), "powered_by": _("Names us"),
    "logo_light": _("Logo, light"), "logo_dark": _("Logo, dark"), "icon": _("Icon"),
}  # fmt: skip
# Codes with words of their own.
_VALUES: dict[str, Mapping[str, words.Word]] = {
    "role": words.ROLES, "default_role": words.ROLES, "seen_as": words.ROLES,
    "stage": words.STAGES, "how": words.OVERLAY_STATES,
}  # fmt: skip
_STATES: dict[str, Mapping[str, words.Word]] = {
    "run": words.RUN_STATES, "payout": words.PAYOUT_STATES,
}  # fmt: skip
_ID = re.compile(r"(?:[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|[0-9a-f]{40,64})")


class Fact(NamedTuple):
    """A fact in words; `whole` is what its `text` is short for, "" where it is whole."""

    name: str
    text: str
    whole: str = ""


def shortened(text: str) -> str:
    """`0199f2a4…9c31` of an id or a digest, which nobody reads; "" for anything else."""
    return f"{text[:8]}…{text[-4:]}" if _ID.fullmatch(text) else ""


def facts(verb: str, data: Mapping[str, Any], hidden: frozenset[str] = frozenset()) -> list[Fact]:
    """What a row says besides, one for each member that says something, long values cut."""
    found = []
    for key, value in data.items():
        if key not in hidden and value not in (None, ""):
            text = _text(verb, key, value, data)
            short = shortened(text)
            found.append(Fact(_name(key), short or text[:LONGEST], text if short else ""))
    return found


def _name(key: str) -> str:
    return str(FACTS.get(key) or key.replace("_", " "))


def _text(verb: str, key: str, value: Any, data: Mapping[str, Any]) -> str:
    if isinstance(value, bool) or value in ("True", "False"):
        return say("yes") if str(value) == "True" else say("no")
    if isinstance(value, int):
        return _money(key, value, data) or local.grouped(value)
    if isinstance(value, dict):
        return ", ".join(f"{one.name}: {one.text}" for one in facts(verb, value))
    if isinstance(value, list):
        return ", ".join(_text(verb, key, one, data) for one in value)
    table = _STATES.get(verb.partition(".")[0], {}) if key == "state" else _VALUES.get(key, {})
    return str(table[value].label) if value in table else str(retold(str(value)))


def _money(key: str, value: int, data: Mapping[str, Any]) -> str:
    """An amount in minor units with its currency, where the row says which."""
    currency = data.get("currency")
    if not key.endswith("_minor") or not currency:
        return ""
    try:
        return format_money(Money(value, str(currency)), local.code())
    except BadMoney:
        return ""
