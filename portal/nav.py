"""The menu: one table of pages per audience; a person sees what the role may open."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from portal.demo import summary
from tenants.rules.roles import Audience


@dataclass(frozen=True)
class Entry:
    """A page of the menu; `family` are url names whose pages lie below it.

    A real install has no `demo_only` pages.
    """

    url_name: str
    label: Any
    icon: str
    permission: str
    family: tuple[str, ...] = ()
    demo_only: bool = False


@dataclass(frozen=True)
class Item:
    """An entry as one person sees it on one page."""

    url: str
    label: str
    icon: str
    current: bool


@dataclass(frozen=True)
class Group:
    """Entries under one heading; the first group has none."""

    label: str
    items: tuple[Item, ...]


@dataclass(frozen=True)
class Menu:
    """All groups for the sidebar; for phones at most four `tabs`, and the `rest` behind "More"."""

    groups: tuple[Group, ...] = ()
    tabs: tuple[Item, ...] = ()
    rest: tuple[Group, ...] = ()

    @property
    def is_deeper(self) -> bool:
        """Whether the current page is one behind "More"."""
        return any(item.current for group in self.rest for item in group.items)


MENU: dict[str, tuple[Entry, ...]] = {
    Audience.PARTNER: (
        Entry("partner_overview", _("Overview"), "overview", "overview.view"),
        Entry("partner_usage", _("Usage"), "usage", "usage.view"),
        Entry("partner_alerts", _("Alerts"), "alert", "alerts.manage", ("partner_alert_new",)),
        Entry("partner_verify", _("Check the numbers"), "check", "usage.view", ("partner_counts",)),
        Entry(
            "partner_customers", _("Customers"), "customers", "customers.view",
            ("partner_customer", "partner_customer_new", "partner_customer_edit",
             "partner_customer_invoices", "partner_customer_keys", "partner_customer_audit",
             "partner_customer_retention",
             "partner_customer_quota", "partner_customer_suspend", "partner_customers_import",
             "partner_customers_bulk",
             "partner_customer_view", "partner_customer_erase",
             "partner_customer_team", "partner_customer_team_invite",
             "partner_customer_team_invite_many",
             "partner_customer_team_person", "partner_customer_team_roles",
             "partner_customer_plan"),
        ),
        Entry("partner_plans", _("Plans"), "plan", "plans.manage",
              ("partner_plan", "partner_plan_new")),
        Entry(
            "partner_invoices", _("Invoices"), "invoices", "invoices.view",
            ("partner_invoice", "partner_invoice_line"),
        ),
        Entry(
            "partner_statements", _("Statements"), "statements", "statements.view",
            ("partner_statement", "partner_statement_line", "partner_line"),
        ),
        Entry("partner_payouts", _("Payouts"), "bank", "payouts.view",
              ("partner_payout_details",)),
        Entry("partner_agreement", _("Agreement"), "document", "agreement.view",
              ("partner_sales",)),
        Entry("partner_brand", _("Brand"), "brand", "brand.edit"),
        Entry("partner_domains", _("Domains"), "globe", "domains.manage", ("partner_domain",)),
        Entry("partner_email", _("E-mail"), "mail", "brand.edit", ("partner_email_texts",)),
        Entry(
            "partner_keys", _("API keys"), "key", "keys.manage",
            ("partner_key", "partner_key_new", "partner_key_rotate"),
        ),
        Entry(
            "partner_webhooks", _("Webhooks"), "hook", "keys.manage",
            ("partner_webhook", "partner_webhook_new", "partner_webhook_edit",
             "partner_webhook_events", "partner_webhook_delivery", "partner_webhook_roll"),
        ),
        Entry("partner_logs", _("Requests"), "search", "keys.manage", ("partner_log",)),
        Entry("partner_cache", _("Quality"), "check", "cache.manage", ("partner_cache_purge",)),
        Entry(
            "partner_team", _("Team"), "team", "team.manage",
            ("partner_team_invite", "partner_team_invite_many", "partner_team_person",
             "partner_team_roles"),
        ),
        Entry("partner_sso", _("Single sign-on"), "lock", "sso.manage",
              ("partner_sso_new", "partner_sso_connection", "partner_sso_test")),
        Entry("partner_settings", _("Settings"), "settings", "settings.manage",
              ("partner_retention", "partner_legal", "partner_legal_text")),
        Entry("partner_audit", _("Audit log"), "clock", "audit.view"),
    ),
    Audience.CUSTOMER: (
        Entry("customer_overview", _("Overview"), "overview", "my.overview.view"),
        Entry("customer_usage", _("Usage"), "usage", "my.usage.view"),
        Entry("customer_alerts", _("Alerts"), "alert", "my.alerts.manage", ("customer_alert_new",)),
        Entry("customer_plan", _("Plan"), "plan", "my.plan.view"),
        Entry(
            "customer_invoices", _("Invoices"), "invoices", "my.invoices.view",
            ("customer_invoice", "customer_invoice_line", "customer_billing"),
        ),
        Entry(
            "customer_keys", _("API keys"), "key", "my.keys.manage",
            ("customer_key", "customer_key_new", "customer_key_rotate"),
        ),
        Entry(
            "customer_webhooks", _("Webhooks"), "hook", "my.keys.manage",
            ("customer_webhook", "customer_webhook_new", "customer_webhook_edit",
             "customer_webhook_events", "customer_webhook_delivery", "customer_webhook_roll"),
        ),
        Entry("customer_logs", _("Requests"), "search", "my.keys.manage", ("customer_log",)),
        Entry("customer_cache", _("Quality"), "check", "my.cache.manage",
              ("customer_cache_purge",)),
        Entry(
            "customer_team", _("Team"), "team", "my.team.manage",
            ("customer_team_invite", "customer_team_invite_many", "customer_team_person",
             "customer_team_roles"),
        ),
        Entry("customer_sso", _("Single sign-on"), "lock", "my.sso.manage",
              ("customer_sso_new", "customer_sso_connection", "customer_sso_test")),
        Entry("customer_audit", _("Audit log"), "document", "my.audit.view"),
        Entry("customer_activity", _("Activity"), "clock", "my.team.manage"),
    ),
    Audience.PLATFORM: (
        Entry("console_cockpit", _("Cockpit"), "overview", "cockpit.view"),
        Entry("console_tour", _("Tour"), "play", "cockpit.view", ("console_break",),
              demo_only=True),
        Entry("console_pipeline", _("Pipeline"), "usage", "channel.view",
              ("console_prospect", "console_prospect_new", "console_prospect_edit")),
        Entry(
            "console_partners", _("Partners"), "partners", "channel.view",
            ("console_partner", "console_open_partner", "console_opening", "console_counts_list",
             "console_counts", "console_sales", "console_partner_customers",
             "console_partner_domains", "console_partner_health"),
        ),
        Entry(
            "console_agreements", _("Agreements"), "document", "channel.view",
            ("console_agreement", "console_amend", "console_end", "console_sign"),
        ),
        Entry("console_prices", _("Price lists"), "plan", "runs.view", ("console_ask_prices",)),
        Entry("console_rates", _("Rates"), "plan", "runs.view",
              ("console_enter_fx", "console_enter_tax", "console_enter_status",
               "console_decide_entry")),
        Entry("console_projections", _("Projections"), "usage", "cockpit.view"),
        Entry(
            "console_finance", _("Month"), "month", "runs.view",
            ("console_run", "console_run_reject", "console_run_withdraw", "console_draft",
             "console_preview", "console_what_if", "console_run_difference",
             "console_preview_difference", "console_margins"),
        ),
        Entry("console_exceptions", _("Exceptions"), "alert", "runs.view"),
        Entry("console_disputes", _("Disputes"), "alert", "runs.view", ("console_dispute",)),
        Entry("console_documents", _("Documents"), "document", "documents.view",
              ("console_document", "console_credit", "console_line")),
        Entry("console_payments", _("Payments"), "invoices", "money.view",
              ("console_payment_refund", "console_stripe", "console_record_payment",
               "console_bank_file")),
        Entry("console_payouts", _("Payouts"), "bank", "money.view"),
        Entry(
            "console_books", _("Books"), "statements", "books.view",
            ("console_journal", "console_ageing", "console_accounts"),
        ),
        Entry("console_ops", _("Operations"), "clock", "ops.view",
              ("console_ops_ingest", "console_ops_jobs", "console_ops_domains",
               "console_ops_webhooks", "console_ops_mail", "console_ops_runbook",
               "console_ops_switches")),
        Entry("console_support", _("Support"), "search", "support.search", ("console_look",)),
        Entry("console_regions", _("Regions"), "globe", "cockpit.view"),
        Entry("console_incidents", _("Incidents"), "alert", "incidents.manage"),
        Entry("admin:index", _("Raw records"), "tray", "records.view"),
        Entry("console_style", _("Style"), "brand", "cockpit.view"),
        Entry(
            "console_team", _("Team"), "team", "staff.manage",
            ("console_team_invite", "console_team_invite_many", "console_team_person",
             "console_team_roles"),
        ),
        Entry("console_audit", _("Audit log"), "clock", "log.view"),
    ),
}  # fmt: skip


# Where a group begins: the url name of its first entry in MENU, and its heading.
HEADINGS: dict[str, Any] = {
    "partner_customers": _("Customers and plans"),
    "partner_invoices": _("Money"),
    "partner_brand": _("Brand and domains"),
    "partner_keys": _("Developers"),
    "partner_team": _("People and security"),
    "customer_plan": _("Plan and invoices"),
    "customer_keys": _("Developers"),
    "customer_team": _("People and security"),
    "console_pipeline": _("Channel"),
    "console_finance": _("Month and money"),
    "console_ops": _("Service"),
    "console_team": _("People and security"),
}
# What a phone shows at the bottom, as far as the role may; other entries fill up in menu order.
TABS: dict[str, tuple[str, ...]] = {
    Audience.PARTNER: (
        "partner_overview", "partner_usage", "partner_customers", "partner_statements",
    ),
    Audience.CUSTOMER: (
        "customer_overview", "customer_usage", "customer_invoices", "customer_keys",
    ),
    Audience.PLATFORM: (
        "console_cockpit", "console_partners", "console_finance", "console_exceptions",
    ),
}  # fmt: skip


def menu(request: HttpRequest, audience: str, may: frozenset[str]) -> Menu:
    """The entries of `audience` that the permissions in `may` open, the current one marked."""
    match = request.resolver_match
    here = match.url_name if match else ""
    seen = [
        entry for entry in MENU.get(audience, ())
        if entry.permission in may and (not entry.demo_only or _is_demo())
    ]  # fmt: skip
    tabs = _tabs(seen, TABS.get(audience, ()))
    heading = _headings(audience)
    return Menu(
        groups=_groups(seen, heading, here),
        tabs=tuple(_item(entry, here) for entry in tabs),
        rest=_groups([entry for entry in seen if entry not in tabs], heading, here),
    )


def _item(entry: Entry, here: str) -> Item:
    current = here == entry.url_name or here in entry.family
    return Item(reverse(entry.url_name), str(entry.label), entry.icon, current)


def _headings(audience: str) -> dict[str, Any]:
    """The heading over each entry, by url name."""
    found: dict[str, Any] = {}
    heading: Any = ""
    for entry in MENU.get(audience, ()):
        heading = HEADINGS.get(entry.url_name, heading)
        found[entry.url_name] = heading
    return found


def _groups(entries: list[Entry], heading: dict[str, Any], here: str) -> tuple[Group, ...]:
    grouped = groupby(entries, key=lambda entry: str(heading[entry.url_name]))
    return tuple(
        Group(label, tuple(_item(entry, here) for entry in under)) for label, under in grouped
    )


def _tabs(entries: list[Entry], wanted: tuple[str, ...]) -> list[Entry]:
    """Four of them, the wanted ones before others, each lot in menu order."""
    chosen = sorted(entries, key=lambda entry: entry.url_name not in wanted)[:4]
    return [entry for entry in entries if entry in chosen]


def _is_demo() -> bool:
    """Whether the demo's data are loaded: its pages have nothing to show before."""
    return bool(settings.DEMO) and summary.path().exists()
