"""What single sign-on's codes are called on a page: refusals, states, who would be locked out."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from portal.words import Word
from portal.words.told import told
from tenants.accounts.models import Connection
from tenants.rules.sso import SsoRefused

STATES: dict[str, Word] = {
    "draft": Word(_("Not tested yet"), "warn"),
    "tested": Word(_("Tested, off"), "info"),
    "on": Word(_("On"), "ok"),
    "enforced": Word(_("Enforced"), "brand"),
}
EXPLAINED: dict[str, Any] = {
    "draft": _("Give the addresses below to the provider, then sign in there once yourself: only "
               "what has been tested can be switched on."),
    "tested": _("The test came back. Nobody sees the connection until it is switched on."),
    "on": _("It stands on the page for signing in, beside the password."),
    "on_customers": _("Your people sign in by the link below, or find it by their address on the "
                      "page for signing in; passwords work as well."),
    "enforced": _("Your team signs in by it alone. Passwords and passkeys are refused; an owner "
                  "comes in by break-glass if the provider is down."),
}  # fmt: skip
LOCKED_OUT: dict[str, Any] = {
    "owner": _("An owner binds the own account: under “Sign-in and security”, or by the test."),
    "domain": _("The address is in none of the connection's domains."),
}
SECOND_FACTORS: dict[str, Any] = {
    "never": _("Ask for our second factor as well, where somebody has one"),
    "claimed": _("Enough when the provider says that it asked for one (amr, acr, authentication "
                 "context)"),
    "always": _("Enough: the provider always asks for one"),
}  # fmt: skip
# What a person reads who wanted to sign in, and what an editor reads. Facts fill the holes.
REFUSALS: dict[str, Any] = {
    # The provider
    "unreachable": _("The provider cannot be reached: %(reason)s Try again in a few minutes."),
    "unreadable": _("The provider's answer cannot be read: %(url)s"),
    "denied": _("The provider did not sign you in. Nothing was changed."),
    "secret_lost": _("The client secret cannot be read any more. Enter it anew in the connection."),
    # The answer
    "signature": _("The answer's signature is not the provider's. If the provider changed its "
                   "keys, read its document anew in the connection."),
    "unsigned": _("The provider's assertion is not signed. Switch on “sign assertions” there."),
    "audience": _("The answer is meant for another application: the client or entity ID at the "
                  "provider is not this connection's."),
    "recipient": _("The answer was sent to another address than this connection's. Compare the "
                   "addresses at the provider."),
    "issuer": _("The answer comes from another issuer than this connection's."),
    "nonce": _("The answer belongs to another way of signing in. Begin again."),
    "expired": _("The answer was too old when it came. Begin again; if it stays so, the "
                 "provider's clock is wrong."),
    "clock": _("The answer is dated in the future: the provider's clock and ours differ by more "
               "than two minutes."),
    "token": _("The provider's token lacks something or is wrong (%(reason)s)."),
    "assertion": _("The provider's assertion is not valid (%(reason)s)."),
    "unreadable_answer": _("This is no answer of an identity provider."),
    "transient": _("The provider names you differently each time (a transient NameID). Choose a "
                   "persistent or e-mail NameID there."),
    # The way there and back
    "busy": _("Too many ways were begun from your address. Wait a minute."),
    "unasked": _("This answer belongs to no sign-in that was begun here. Begin on the page for "
                 "signing in: ways that begin at the provider are not accepted."),
    "replayed": _("This answer was used already. Begin again."),
    "late": _("It took longer than %(minutes)s minutes. Begin again."),
    "other_browser": _("This sign-in was begun in another browser. Begin again in this one."),
    "moved": _("This connection's addresses belong to a name that is served no more. Add the "
               "connection anew under the present name."),
    "not_on": _("This way of signing in is switched off."),
    "gone": _("This connection is not there any more."),
    "again": _("Somebody was being signed in at the same moment. Try again."),
    # The person
    "no_email": _("The provider names no e-mail address. It has to send the claim “email”."),
    "other_domain": _("Addresses of %(domain)s may not sign in by this connection."),
    "unverified": _("The provider does not say that %(email)s is verified."),
    "unknown": _("%(email)s has no account here. Ask an administrator of your company for an "
                 "invitation."),
    "invited_otherwise": _("%(email)s is invited as an owner or by another company: open the link "
                           "in that mail first."),
    "deactivated": _("This account is deactivated. Ask an administrator of your company."),
    "other_circle": _("This account is of another company than this connection. It signs in as "
                      "before."),
    "owner_binds": _("An owner's account is bound by its owner alone: sign in with the password, "
                     "then connect it under “Sign-in and security”."),
    "bound_to_other": _("%(email)s is bound to somebody else already."),
    "role_not_given": _("The connection gives a role that nobody gets this way. Ask an "
                        "administrator of your company."),
    # The settings
    "issuer_differs": _("The document names another issuer: %(said)s. Enter that one."),
    "discovery_lacks": _("The provider's document lacks: %(names)s."),
    "bad_address": _("%(url)s: %(reason)s"),
    "not_https": _("The provider's page for signing in has to begin with https://, and this does "
                   "not: %(url)s"),
    "metadata": _("This is no metadata of an identity provider with a page for signing in "
                  "(HTTP-Redirect) and a certificate."),
    "metadata_large": _("The metadata has more than %(most)s kB."),
    "no_metadata": _("Enter the metadata's address or choose its file."),
    "no_secret": _("Enter the client ID and the client secret."),
    "bad_domain": _("%(domain)s is no domain of e-mail addresses."),
    "public_mail": _("Anybody opens a mailbox at %(domain)s: name your company's own domains."),
    "foreign_domain": _("Nobody of yours has an address at %(domain)s here: invite somebody who "
                        "does first."),
    "no_domains": _("Name at least one domain of your e-mail addresses."),
    "many_domains": _("Name at most %(most)s domains."),
    "bad_mapping": _("This line is not “value = role”: %(line)s"),
    "bad_role": _("%(role)s is no role that you can give this way. Roles: %(roles)s"),
    "many_mappings": _("Use at most %(most)s lines."),
    "bad_name": _("Use a name of 2 to 60 characters."),
    "many_connections": _("There are %(most)s connections already; delete one first."),
    "changed_since": _("Somebody changed this connection since you opened it. Look at it again; "
                       "nothing of yours was saved."),
    "enforced_first": _("It is enforced: whom it trusts is not changed while nobody could sign in "
                        "otherwise. Allow passwords first."),
    "untested": _("Sign in by it once yourself first."),
    "not_bound": _("Bind your own account first, so that you do not lock yourself out: test the "
                   "connection, or connect under “Sign-in and security”."),
    "no_way_back": _("Break-glass would open for nobody: an owner needs a second factor first, "
                     "under “Sign-in and security”."),
    "other_enforced": _("Another connection is enforced already."),
    "locks_out": _("%(count)s would be locked out. Confirm that you have read who."),
    "owners_only": _("Break-glass is for owners."),
}  # fmt: skip


def explained(row: Connection) -> Any:
    """What a connection's state means for its people."""
    return EXPLAINED["on_customers" if row.state == "on" and row.customer_id else row.state]


def refusal(refused: SsoRefused) -> str:
    """A refusal as a sentence; a code without words is shown as it is."""
    text = REFUSALS.get(refused.code)
    if text is None:
        return str(_("This was refused (%(code)s).")) % {"code": refused.code}
    facts = {name: told(fact) if isinstance(fact, str) else fact
             for name, fact in refused.facts.items()}  # fmt: skip
    return str(text) % {"reason": "?", **facts}
