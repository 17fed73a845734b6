"""What the codes about a partner's own address for mails are called on its page."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from portal.words import Word, domains
from portal.words.domains import Meaning

HEADLINES: dict[str, Word] = {
    "": Word(_("our address"), "info"),
    "pending": Word(_("Waits for DNS"), "warn"),
    "verified": Word(_("your address"), "ok"),
    "warning": Word(_("DNS has changed"), "warn"),
}
EXPLAINED: dict[str, Any] = {
    "pending": _("Add the records below where the domain's DNS is managed. Until they are found, "
                 "mails come from our address in your name."),
    "verified": _("Every mail to your people and your customers comes from this address, signed "
                  "with your domain's key. Keep the records: they are checked every day."),
    "warning": _("Mails still come from this address, but the last check did not find the "
                 "records. After three checks in vain they come from ours again."),
}  # fmt: skip
CHECKS: dict[str, Any] = {
    "dkim": _("Signature (DKIM)"),
    "spf": _("Allowed servers (SPF)"),
    "dmarc": _("Policy (DMARC), advice"),
}
FINDINGS: dict[str, Meaning] = {
    "dkim_found": Meaning(_("The domain publishes the key that your mails are signed with.")),
    "dkim_missing": Meaning(
        _("There is no DKIM record under this name, or it has not spread yet."),
        _("Add the TXT record with exactly this name and value; long values may be parted.")),
    "dkim_other": Meaning(
        _("There is a record under this name, but with another key."),
        _("Replace its value by the one expected. A cut-off value is the usual slip.")),
    "dkim_revoked": Meaning(
        _("The record says that this key was withdrawn: its p= is empty."),
        _("Replace its value by the one expected.")),
    "spf_found": Meaning(_("The domain lets our servers send for it.")),
    "spf_missing": Meaning(
        _("The domain has no SPF record."),
        _("Add the expected TXT record to the domain itself.")),
    "spf_several": Meaning(
        _("The domain has several SPF records, which receivers read as an error."),
        _("Make one of them, with all their parts and the expected include.")),
    "spf_without_us": Meaning(
        _("The domain's SPF record does not name our servers."),
        _("Change the record to the one expected; there must be only one.")),
    "dmarc_found": Meaning(_("The domain tells receivers what to do with mails that fail.")),
    "dmarc_missing": Meaning(
        _("The domain has no policy. Mails go out nevertheless; large receivers prefer one."),
        _("Add the expected TXT record under _dmarc, and tighten it once you see the reports.")),
}  # fmt: skip
REFUSALS: dict[str, Any] = {
    "not_an_address": _("This is no e-mail address that mails can come from, such as "
                        "cache@your-company.com."),
    "has_one": _("An address was added already. Remove it first."),
    "unknown": _("This address was removed."),
}  # fmt: skip


def finding(code: str) -> Meaning:
    """What a finding means; those of DNS itself have the words of domains."""
    return FINDINGS.get(code) or domains.finding(code)


def refusal(code: str) -> Any:
    """Why nothing was changed."""
    return REFUSALS.get(code) or domains.refusal(code)
