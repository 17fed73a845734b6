"""What the codes about domains are called on a page: findings, refusals, states, who acts."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.utils.translation import gettext_lazy as _

from portal.words import Word


class Meaning(NamedTuple):
    """A finding: what it means, and the fix ('' when nobody has to act)."""

    means: Any
    fix: Any = ""


HEADLINES: dict[str, Word] = {
    "draft": Word(_("Not checked yet")),
    "pending": Word(_("Waits for DNS"), "warn"),
    "securing": Word(_("Certificate on its way"), "info"),
    "live": Word(_("Live"), "ok"),
    "warning": Word(_("DNS has changed"), "warn"),
    "unsecured": Word(_("Certificate fails"), "danger"),
    "moved": Word(_("Moved away"), "danger"),
    "released": Word(_("Released")),
}
EXPLAINED: dict[str, Any] = {
    "draft": _("Add the two records below where the domain's DNS is managed, then have them "
               "checked. Nothing is served under this name before."),
    "pending": _("We look again by ourselves, every few seconds at first. It takes as long as the "
                 "DNS provider needs: minutes as a rule, seldom a day."),
    "securing": _("The records are right. The certificate is being ordered; this takes a minute."),
    "live": _("Served under this name. Keep both records: they are checked every day."),
    "warning": _("Still served, but the last check did not find the records. After ten checks in "
                 "vain, within about six days, the name is given up."),
    "unsecured": _("The records are right, but visitors meet a warning or no page at all."),
    "moved": _("Its records led elsewhere for ten checks, so the name was given up. To use it "
               "again, add it anew: it gets a new TXT record."),
    "released": _("Given up. To use it again, add it anew: it gets a new TXT record."),
}  # fmt: skip
STATIONS = (_("Records shown"), _("Records found"), _("Certificate issued"), _("Live"))
CERTS: dict[str, Word] = {
    "none": Word(_("Not yet")),
    "allowed": Word(_("Allowed"), "info"),
    "issuing": Word(_("Being ordered"), "info"),
    "active": Word(_("Valid"), "ok"),
    "renewing": Word(_("Renewal due"), "warn"),
    "error": Word(_("Fails"), "danger"),
}
STATES: dict[str, Word] = {
    "ok": Word(_("Found"), "ok"),
    "missing": Word(_("Not found yet"), "warn"),
    "wrong": Word(_("Wrong"), "danger"),
    "unasked": Word(_("Could not ask"), "info"),
    "": Word(_("Not checked yet")),
}
CHECKS: dict[str, Any] = {
    "txt": _("Ownership (TXT)"),
    "cname": _("Way to us (CNAME)"),
    "caa": _("Certificate authority (CAA)"),
    "owner": _("One portal per name"),
}
WHO: dict[str, Any] = {
    "nobody": _("Nobody has to act"),
    "dns": _("Whoever manages this domain's DNS"),
    "registrar": _("Whoever manages the domain at its registrar"),
    "us": _("We have to act"),
}
FINDINGS: dict[str, Meaning] = {
    "txt_found": Meaning(_("The domain's owner agrees.")),
    "txt_missing": Meaning(
        _("There is no TXT record under this name, or it has not spread yet."),
        _("Add the TXT record with exactly this name and value.")),
    "txt_stale": Meaning(
        _("The TXT record is of an earlier attempt, or of another portal."),
        _("Replace its value by the one expected; each attempt has its own.")),
    "txt_wrong": Meaning(
        _("There are TXT records, but none holds the expected value."),
        _("Add the expected value as a further TXT record, without spaces around it.")),
    "txt_doubled": Meaning(
        _("The record was made under a name that holds the domain twice."),
        _("Your DNS page adds the domain by itself: use the short name.")),
    "cname_found": Meaning(_("The name leads to us.")),
    "cname_flattened": Meaning(
        _("Your DNS provider answers with our addresses instead of the CNAME. That works.")),
    "cname_missing": Meaning(
        _("There is no CNAME record under this name, or it has not spread yet."),
        _("Add the CNAME record with exactly this name and value.")),
    "cname_wrong": Meaning(
        _("The name leads to somebody else."),
        _("Change the CNAME's value to the one expected.")),
    "cname_stale": Meaning(
        _("The name leads to us, but to another portal's address."),
        _("Change the CNAME's value to the one expected; each portal has its own.")),
    "proxy_on": Meaning(
        _("A proxy (Cloudflare's orange cloud) answers instead of us."),
        _("Switch this record's proxy off: “DNS only”, the grey cloud.")),
    "addresses_elsewhere": Meaning(
        _("The name has addresses of its own, which are not ours."),
        _("Remove the A and AAAA records of this name and add the CNAME.")),
    "addresses_mixed": Meaning(
        _("Some of the name's addresses are ours, others are not: some visitors get lost."),
        _("Remove the A and AAAA records that are not ours.")),
    "target_unresolved": Meaning(
        _("Our own target has no address at the moment, so we cannot compare."),
        _("Write to us if this lasts longer than an hour.")),
    "caa_none": Meaning(_("No CAA record stands against our certificate authority.")),
    "caa_allows": Meaning(_("The CAA records allow our certificate authority.")),
    "caa_blocks": Meaning(
        _("CAA records of this domain let only other authorities issue certificates."),
        _("Add the expected CAA record beside those that are there.")),
    "dnssec": Meaning(
        _("The domain's DNSSEC signatures do not hold: nobody who checks them gets an answer."),
        _("Compare the DS record at the registrar with the keys of the DNS provider, or remove "
          "it.")),
    "servfail": Meaning(
        _("The domain's name servers gave no usable answer. This says nothing about the record; "
          "we ask again.")),
    "timeout": Meaning(
        _("Nobody answered in time. This says nothing about the record; we ask again.")),
    "refused": Meaning(
        _("The name server refuses to answer us. This says nothing about the record; we ask "
          "again.")),
    "held": Meaning(
        _("Another portal is still served under this name. It is being checked again now, and "
          "gives the name up once its own records are gone."),
        _("Remove the other portal's TXT value and leave only the one expected here.")),
}  # fmt: skip
SAID: dict[str, Any] = {
    "passed": _("as it should be"),
    "failed": _("not as it should be"),
    "unasked": _("no answer"),
    "served": _("valid"),
    "refused": _("handshake refused"),
    "untrusted": _("not trusted"),
    "wrong_name": _("for another name"),
    "expired": _("expired"),
    "unreachable": _("not reached"),
}
HANDSHAKES: dict[str, Any] = {
    "refused": _("Our server refused the handshake: the certificate has not been issued."),
    "untrusted": _("Browsers do not trust the certificate."),
    "wrong_name": _("The certificate is for another name."),
    "expired": _("The certificate has expired."),
    "unreachable": _("The name could not be reached from here."),
}
REFUSALS: dict[str, Any] = {
    "not_a_name": _("This is no domain name. Use something like cache.your-company.com."),
    "address": _("This is an address. Use a name like cache.your-company.com."),
    "reserved": _("Names under this ending are reserved for tests and documentation."),
    "suffix": _("Under this ending anybody registers names. Use a name of your own below it."),
    "unknown_tld": _("No public domain ends like this, so no authority would certify it."),
    "platform": _("This name is ours. Use a domain of your own."),
    "yours_already": _("You have added this name already; it is in the list."),
    "too_many": _("25 names wait or are served already. Release one first."),
    "unknown": _("This domain is gone."),
    "ended": _("This name was given up."),
    "not_live": _("Only a live domain with a valid certificate can lead."),
}


def finding(code: str) -> Meaning:
    """What a finding means; an unknown code stands for itself."""
    return FINDINGS.get(code) or Meaning(code.replace("_", " "))


def refusal(code: str) -> Any:
    """Why nothing was changed."""
    return REFUSALS.get(code) or code.replace("_", " ")
