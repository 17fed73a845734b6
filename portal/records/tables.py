"""Which tables the raw records show, to whom, what of them never, and why nothing is edited there.

Tables of partners' schemas are left out: a page of the console is one schema's. So are tables with
a key of several columns, which Django's admin cannot address.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db.models import BinaryField, CompositePrimaryKey, Field, Model
from django.utils.translation import gettext_lazy as _

PERMISSION = "records.view"
# What somebody needs besides, per app and per table: what they may see on the pages anyway.
APPS = {"tenants": "channel.view", "metering": "channel.view", "billing": "books.view"}
NEEDS = {"tenants.AuditEntry": "log.view"}
# Beside every binary column (hashes, sealed and wrapped keys, files), which never shows.
HIDDEN = {
    "tenants.DomainClaim": ("token",),  # who knows it can prove the domain
    "billing.RemoteIntent": ("url",),  # opens a payment page or somebody's account at Stripe
}
# The console's role has no right to these; a test compares.
UNREADABLE = frozenset({"tenants.DataKey"})
# Millions of rows: read along the key only, newest first.
LONG = frozenset({"metering.UsageEvent"})


@dataclass(frozen=True)
class Reason:
    """Why a row is not edited, and the page where the right action is (a url name)."""

    words: Any
    page: str


_ISSUED = Reason(
    _("An issued document (an invoice, a credit note or a partner's statement) is never edited: it "
      "stays as it was sent. To correct it, issue a credit note on the document's page. If the "
      "customer or partner objects, open a dispute."),
    "console_finance",
)  # fmt: skip
_POSTED = Reason(
    _("A posted journal entry is never edited. A wrong entry is reversed by the action that "
      "corrects its cause: a credit note, a refund or a write-off. In a closed month, ask to "
      "reopen the month first."),
    "console_books",
)  # fmt: skip
_PAID = Reason(
    _("A recorded payment is never edited. Refund it, or assign the bank line to another document, "
      "on the payments page."),
    "console_payments",
)  # fmt: skip
_PAID_OUT = Reason(
    _("A payout is never edited. Hold it, or prepare another, on the payouts page."),
    "console_payouts",
)  # fmt: skip
_AGREED = Reason(
    _("A version of an agreement is never edited. Amend the agreement: the new version takes over "
      "from its first day on."),
    "console_agreements",
)  # fmt: skip
_SETTLED = Reason(
    _("A settlement run is never edited. Reject or withdraw it while it waits; once it is issued, "
      "correct its documents by credit notes."),
    "console_finance",
)  # fmt: skip
ANY = Reason(
    _("These records are for reading. Changes are made on the console's pages, which check them "
      "and write them to the audit log."),
    "console_cockpit",
)  # fmt: skip
REASONS: dict[str, Reason] = {
    f"billing.{name}": reason
    for reason, names in {
        _ISSUED: ("Document", "DocumentLine", "DocumentEvent", "RenderedFile"),
        _POSTED: ("JournalEntry", "JournalLine", "JournalSeal", "SealedEntry"),
        _PAID: ("Payment", "PaymentApplication"),
        _PAID_OUT: ("Payout", "PayoutClaim", "PayoutEvent"),
        _AGREED: ("Agreement", "AgreementVersion", "ChargeComponent", "AgreementPaper"),
        _SETTLED: ("SettlementRun", "RunEvent", "RunSnapshot", "RunInput", "RatedLine",
                   "CustomerShare"),
    }.items()
    for name in names
}  # fmt: skip


def models() -> list[type[Model]]:
    """The tables that are shown: public, and addressed by one column."""
    return [
        model
        for app in APPS
        for model in apps.get_app_config(app).get_models()
        if not isinstance(model._meta.pk, CompositePrimaryKey)
        and model._meta.label not in UNREADABLE
    ]


def shown(model: type[Model]) -> list[Field[Any, Any]]:
    """The columns that may be read."""
    return [field for field in model._meta.concrete_fields if not is_hidden(field)]


def is_hidden(field: Field[Any, Any]) -> bool:
    """Whether a column is a secret, or bytes that nobody reads."""
    names = HIDDEN.get(field.model._meta.label, ())
    return isinstance(field, BinaryField) or field.name in names


def needs(model: type[Model]) -> str:
    """The permission that a table asks for besides `records.view`."""
    return NEEDS.get(model._meta.label, APPS[model._meta.app_label])


def reason(model: type[Model]) -> Reason:
    """Why rows of the table are not edited here, and where the right action is."""
    return REASONS.get(model._meta.label, ANY)
