"""What the code's short names are called on a page, and the tone of their chip."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Word(NamedTuple):
    """A label, and the chip tone it is shown in ('' neutral)."""

    label: Any
    tone: str = ""


RUN_STATES: dict[str, Word] = {
    "not_started": Word(_("Not started")),
    "open": Word(_("Open"), "info"),
    "collecting": Word(_("Collecting"), "info"),
    "frozen": Word(_("Frozen"), "info"),
    "rated": Word(_("Rated"), "info"),
    "in_review": Word(_("In review"), "warn"),
    "approved": Word(_("Approved"), "brand"),
    "issued": Word(_("Issued"), "ok"),
    "delivered": Word(_("Delivered"), "ok"),
    "closed": Word(_("Closed"), "ok"),
    "parked": Word(_("Parked"), "danger"),
}
DISPUTE_STATES: dict[str, Word] = {
    "open": Word(_("Open"), "warn"),
    "upheld": Word(_("Upheld"), "ok"),
    "rejected": Word(_("Rejected")),
    "withdrawn": Word(_("Withdrawn")),
}
DISPUTE_ENTRIES: dict[str, Any] = {
    "said": _("wrote"),
    "taken": _("took it over"),
    "upheld": _("upheld it"),
    "rejected": _("rejected it"),
    "withdrawn": _("withdrew it"),
}
PAYOUT_STATES: dict[str, Word] = {
    "pending": Word(_("Waits for approval"), "warn"),
    "held": Word(_("On hold"), "danger"),
    "approved": Word(_("Approved"), "brand"),
    "sent": Word(_("Sent"), "info"),
    "settled": Word(_("Paid"), "ok"),
    "failed": Word(_("Failed"), "danger"),
    "reversed": Word(_("Came back"), "danger"),
    "cancelled": Word(_("Cancelled")),
}
PAYOUT_VERBS: dict[str, Any] = {
    "hold": _("Hold"),
    "release": _("Release"),
    "cancel": _("Cancel"),
    "settle": _("It arrived"),
    "fail": _("It failed"),
    "reverse": _("It came back"),
}
CHARGEBACK_STATES: dict[str, Word] = {
    "needs_response": Word(_("To be answered"), "danger"),
    "under_review": Word(_("The bank decides"), "warn"),
    "warning_needs_response": Word(_("Inquiry to be answered"), "warn"),
    "warning_under_review": Word(_("Inquiry under review"), "info"),
    "warning_closed": Word(_("Inquiry closed")),
    "charge_refunded": Word(_("Sent back")),
    "won": Word(_("Won"), "ok"),
    "lost": Word(_("Lost"), "danger"),
}
METHODS: dict[str, Any] = {
    "bank": _("Bank file"),
    "hand": _("Recorded by hand"),
    "stripe": _("Stripe"),
}
TREATMENTS: dict[str, Any] = {
    "standard": _("Standard rate of its country"), "reduced": _("Reduced rate"),
    "reverse_charge": _("Reverse charge"),
    "exempt": _("Exempt"), "withholding": _("Withholding (partners)"), "none": _("No tax"),
}  # fmt: skip
# Of which of a party's charges a tax status is; '' as finance chooses it.
CHARGES: dict[str, Any] = {
    "": _("All charges"), "fixed": _("Fees of the agreement alone"), "usage": _("Usage alone"),
    "share": _("What it is paid (partners)"),
}  # fmt: skip
PARTNER_STATES: dict[str, Word] = {
    "requested": Word(_("Requested"), "info"),
    "provisioning": Word(pgettext_lazy("a partner being opened", "Opening"), "info"),
    "active": Word(_("Active"), "ok"),
    "suspended": Word(_("Suspended"), "warn"),
    "closed": Word(_("Closed")),
    "gone": Word(_("Gone for good")),
    "failed": Word(_("Opening failed"), "danger"),
}
PARTNER_KINDS: dict[str, Any] = {
    "general_cache": _("General cache"),
    "vector_db": _("Vector database"),
    "llm_provider": _("LLM provider"),
    "cloud": _("Cloud provider"),
    "direct": _("Our own customers"),
}
DEAL_KINDS: dict[str, Any] = {
    "revenue_share": _("Revenue share"),
    "oem": _("OEM licence"),
    "wholesale": _("Wholesale"),
    "direct": _("Direct"),
}
TEMPLATES: dict[str, Any] = {
    "revenue_share_platform": _("Revenue share, we collect"),
    "revenue_share_partner": _("Revenue share, the partner collects"),
    "poc": _("Proof of concept, then revenue share"),
    "oem": _("OEM licence"),
    "wholesale": _("Wholesale"),
    "direct": _("Direct customers"),
}
PHASES: dict[str, Word] = {
    "proposed": Word(_("proposed"), "warn"),
    "current": Word(_("in force"), "ok"),
    "coming": Word(_("to come"), "info"),
    "ended": Word(_("ended")),
    "declined": Word(_("declined"), "danger"),
}
PAPER_STATES: dict[str, Word] = {
    "": Word(_("not written")),
    "draft": Word(_("written"), "info"),
    "sent": Word(_("sent"), "warn"),
    "signed": Word(_("signed"), "ok"),
    "in_force": Word(_("signed and in force"), "ok"),
}
PAPER_KINDS: dict[str, Any] = {
    "customer_invoice": _("Customer invoice"),
    "credit_note": _("Credit note"),
    "partner_invoice": _("Partner invoice"),
    "payout_statement": _("Payout statement"),
}
EXCEPTIONS: dict[str, Word] = {
    "breach": Word(_("Does not add up"), "danger"),
    "parked": Word(_("Parked"), "danger"),
    "dead_letter": Word(_("Not recorded"), "warn"),
    "late": Word(_("Late"), "warn"),
    "renewal": Word(_("Term ends"), "info"),
    "dispute": Word(_("Disputed"), "warn"),
    "mail": Word(_("Not delivered"), "warn"),
    "bank_line": Word(_("Bank line"), "warn"),
    "sales": Word(_("Sales report"), "warn"),
    "credit": Word(_("Credit note to approve"), "info"),
    "entry": Word(_("Entry to approve"), "info"),
    "stripe": Word(_("Stripe"), "danger"),
    "chargeback": Word(_("Chargeback"), "danger"),
    "payout": Word(_("Payout on hold"), "warn"),
}
OPENING_STEPS: dict[str, Any] = {
    "database role": _("Database role of its own"),
    "schema": _("Schema of its own"),
    "tables": _("Tables"),
    "rights": _("Rights"),
    "data key": _("Data key, wrapped by the platform key"),
    "brand": _("Brand from the seed colour"),
    "first owner": _("Account of the first owner"),
    "activate": _("Hosts go live"),
}


KEY_STATES: dict[str, Word] = {
    "working": Word(_("Works"), "ok"),
    "ending": Word(_("Ends soon"), "warn"),
    "expired": Word(_("Ended")),
    "revoked": Word(_("Revoked"), "danger"),
}
HOOK_EVENTS: dict[str, Any] = {
    "invoice.issued": _("An invoice was issued."),
    "credit_note.issued": _("A credit note was issued."),
    "statement.issued": _("Your statement of a month was issued."),
    "payout.paid": _("A payout arrived."),
    "dispute.answered": _("A disputed line was decided."),
    "customer.created": _("A customer was added or confirmed."),
    "customer.suspended": _("A customer is refused from now on."),
    "customer.resumed": _("A suspended customer is served again."),
    "key.created": _("An API key was made."),
    "key.rotated": _("An API key got a successor."),
    "key.revoked": _("An API key stopped working."),
    "alert.fired": _("An alert of yours fired."),
    "incident.updated": _("Something is wrong with us, or how it goes on."),
    "brand.published": _("A new look went live."),
    "domain.verified": _("A host of your own is proved and led to us."),
    "domain.moved": _("A host of your own no longer leads to us."),
    "domain.made_primary": _("Another host leads the portal now."),
    "webhook.test": _("A test, sent by hand."),
}
DELIVERIES: dict[str, Word] = {
    "pending": Word(_("Waiting"), "info"),
    "delivered": Word(_("Delivered"), "ok"),
    "failed": Word(_("Failed"), "danger"),
}
ENDPOINTS: dict[str, Word] = {
    "on": Word(_("Works"), "ok"),
    "failing": Word(_("Fails"), "warn"),
    "off": Word(_("Disabled"), "danger"),
}
OUTCOMES: dict[str, Word] = {
    "hit": Word(_("Hit"), "ok"),
    "semantic_hit": Word(_("Semantic hit"), "ok"),
    "stale": Word(_("Stale"), "info"),
    "miss": Word(_("Miss")),
    "stored": Word(_("Stored"), "info"),
    "unchanged": Word(_("Unchanged")),
    "unmatched": Word(_("Unmatched feedback"), "warn"),
    "wrong_hit": Word(_("Wrong hit"), "danger"),
    "wrong_semantic_hit": Word(_("Wrong semantic hit"), "danger"),
}
ALERT_KINDS: dict[str, Any] = {
    "budget": _("Budget of a month"),
    "hit_rate": _("Drop of the hit rate"),
    "latency": _("Latency of hits (p95)"),
    "quota": _("Use of a quota"),
}
ROLES: dict[str, Word] = {
    "owner": Word(_("Owner"), "brand"),
    "admin": Word(_("Administrator")),
    "finance": Word(_("Finance")),
    "developer": Word(_("Developer")),
    "support": Word(_("Support")),
    "analyst": Word(_("Analyst")),
    "brand_editor": Word(_("Brand editor")),
    "customer_owner": Word(_("Owner"), "brand"),
    "customer_billing": Word(_("Billing")),
    "customer_developer": Word(_("Developer")),
    "customer_viewer": Word(_("Viewer")),
    "superadmin": Word(_("Super administrator"), "brand"),
    "partner_manager": Word(_("Partner manager")),
    "finance_preparer": Word(_("Finance, prepares")),
    "finance_approver": Word(_("Finance, approves")),
    "auditor": Word(_("Auditor")),
    "sre": Word(_("Site reliability")),
    "support_agent": Word(_("Partner support")),
}
COMPONENTS: dict[str, Any] = {
    "answers": _("Cached answers"),
    "metering": _("Usage recording"),
    "portal": _("Portal"),
    "settlement": _("Invoices and payouts"),
}
STAGES: dict[str, Word] = {
    "target": Word(_("Target")),
    "pitched": Word(_("Pitched"), "info"),
    "poc": Word(_("Proof of concept"), "info"),
    "signed": Word(_("Signed"), "brand"),
    "live": Word(_("Live"), "ok"),
    "revenue": Word(_("First revenue"), "ok"),
    "lost": Word(_("Lost")),
}
HEALTH: dict[str, Word] = {
    "well": Word(_("Well"), "ok"),
    "watch": Word(_("Watch"), "warn"),
    "risk": Word(_("At risk"), "danger"),
}
# What is wrong with a live partner; the figure is a percentage, days or a count.
HEALTH_REASONS: dict[str, Any] = {
    "inactive": _("not active"),
    "no_deal": _("no agreement in force"),
    "silent": _("no request in 30 days"),
    "falling": _("requests down %(n)s %% in 30 days"),
    "overdue": _("an invoice is overdue for %(n)s days"),
    "poc_ends": _("proof of concept ends in %(n)s days"),
    "low_hits": _("only %(n)s %% answered from the cache"),
    "wrong": _("%(n)s %% of answers reported wrong, more than the error budget"),
    "incidents": _("open incidents: %(n)s"),
}
LEVELS: dict[str, Word] = {
    "ok": Word(_("Working"), "ok"),
    "maintenance": Word(_("Maintenance"), "info"),
    "degraded": Word(_("Degraded"), "warn"),
    "outage": Word(_("Not available"), "danger"),
}
INCIDENT_STATES: dict[str, Word] = {
    "investigating": Word(_("Investigating"), "danger"),
    "identified": Word(_("Cause found"), "warn"),
    "monitoring": Word(_("Mended, being watched"), "info"),
    "resolved": Word(_("Resolved"), "ok"),
}
PERMISSIONS: dict[str, Any] = {
    "incidents.manage": _("Publish incidents"),
    "ops.view": _("See operations"),
    "jobs.retry": _("Queue failed jobs again"),
    "switches.set": _("Turn things off and on again"),
    "support.search": _("Search across partners"),
    "support.look": _("Look at partners' portals, read only"),
    "pipeline.manage": _("Work on the partner pipeline"),
    "overview.view": _("See the overview"),
    "usage.view": _("See usage"),
    "customers.view": _("See customers"),
    "customers.manage": _("Add, edit, limit and suspend customers"),
    "invoices.view": _("See invoices"),
    "statements.view": _("See statements"),
    "statements.accept": _("Accept or dispute statements"),
    "agreement.view": _("See the agreement"),
    "brand.edit": _("Change the brand"),
    "domains.manage": _("Add, check and release domains"),
    "plans.manage": _("Make plans and put customers on them"),
    "settings.manage": _("Set what papers say about the company"),
    "my.plan.view": _("See the plan"),
    "my.cache.manage": _("See the quality of hits, purge entries"),
    "keys.manage": _("Manage API keys and webhooks, see requests"),
    "alerts.manage": _("Set alerts"),
    "cache.manage": _("See the quality of hits, purge entries"),
    "invoices.send": _("Mail invoices again"),
    "customers.view_as": _("See a customer's portal as it does, without changing anything"),
    "team.manage": _("Invite and manage people"),
    "sso.manage": _("Set up single sign-on"),
    "customers.erase": _("Copy and erase a customer's data"),
    "audit.view": _("See the audit log"),
    "payouts.view": _("See payouts"),
    "payouts.manage": _("Decide where payouts go"),
    "counts.upload": _("Check our numbers with their own"),
    "sales.report": _("Report what was sold outside the portal"),
    "my.overview.view": _("See the overview"),
    "my.usage.view": _("See usage"),
    "my.invoices.view": _("See invoices"),
    "my.invoices.question": _("Question invoices"),
    "my.billing.manage": _("Change billing details"),
    "my.keys.manage": _("Manage API keys and webhooks, see requests"),
    "my.alerts.manage": _("Set alerts"),
    "my.team.manage": _("Invite and manage people"),
    "my.sso.manage": _("Set up single sign-on"),
    "my.audit.view": _("See the audit log"),
    "cockpit.view": _("See the cockpit"),
    "channel.view": _("See partners and agreements"),
    "runs.view": _("See settlement runs"),
    "documents.view": _("See documents"),
    "runs.prepare": _("Prepare runs"),
    "agreements.prepare": _("Prepare agreements"),
    "books.view": _("See the books"),
    "books.close": _("Close the books"),
    "disputes.resolve": _("Resolve disputes"),
    "runs.approve": _("Approve runs that somebody else prepared"),
    "agreements.approve": _("Approve agreements that somebody else prepared"),
    "credits.prepare": _("Ask for credit notes"),
    "credits.issue": _("Approve credit notes and write-offs that somebody else asked for"),
    "money.view": _("See payments and payouts"),
    "money.record": _("Record payments"),
    "money.prepare": _("Prepare payouts"),
    "money.approve": _("Approve payouts that somebody else prepared"),
    "partners.open": _("Open partners"),
    "staff.manage": _("Invite and manage staff"),
    "log.view": _("See the audit log of everybody"),
    "records.view": _("Read the raw records"),
}
# How a look at a customer's portal ended, as the person is told who looked.
OVERLAY_ENDS: dict[str, Any] = {
    "ended": _("You no longer see the customer's portal."),
    "expired": _("The time is over: you no longer see the customer's portal."),
    "withdrawn": _("Your role may no longer see customers' portals."),
    "replaced": _("You began to look at another portal; this look is over."),
    "signed_out": _("You signed out; this look is over."),
}
# And as the customer is.
OVERLAY_STATES: dict[str, Word] = {
    "": Word(_("Looking now"), "warn"),
    "ended": Word(_("Ended by hand")),
    "expired": Word(_("Time was over")),
    "withdrawn": Word(_("Permission withdrawn")),
    "replaced": Word(_("Went on elsewhere")),
    "signed_out": Word(_("Signed out")),
}
INVITATION_STATES: dict[str, Word] = {
    "open": Word(_("Invited"), "info"),
    "expired": Word(_("Expired"), "warn"),
    "withdrawn": Word(_("Withdrawn")),
    "accepted": Word(_("Accepted"), "ok"),
}


def word(table: dict[str, Word], name: str) -> Word:
    """The entry of `name`; an unknown name is shown as it is."""
    return table.get(name) or Word(name.replace("_", " "))
