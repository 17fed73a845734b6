"""The menu: one table of pages per audience; a person sees what the role may open."""

from __future__ import annotations

from dataclasses import dataclass
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


MENU: dict[str, tuple[Entry, ...]] = {
    Audience.PARTNER: (
        Entry("partner_overview", _("Overview"), "overview", "overview.view"),
        Entry("partner_usage", _("Usage"), "usage", "usage.view"),
        Entry(
            "partner_customers", _("Customers"), "customers", "customers.view",
            ("partner_customer", "partner_customer_new", "partner_customer_edit",
             "partner_customer_quota", "partner_customer_suspend", "partner_customers_import",
             "partner_customer_view",
             "partner_customer_team", "partner_customer_team_invite",
             "partner_customer_team_person", "partner_customer_team_roles",
             "partner_customer_plan"),
        ),
        Entry("partner_plans", _("Plans"), "tray", "plans.manage",
              ("partner_plan", "partner_plan_new")),
        Entry(
            "partner_invoices", _("Invoices"), "invoices", "invoices.view",
            ("partner_invoice", "partner_invoice_line"),
        ),
        Entry(
            "partner_statements", _("Statements"), "statements", "statements.view",
            ("partner_statement", "partner_statement_line", "partner_line"),
        ),
        Entry("partner_agreement", _("Agreement"), "document", "agreement.view",
              ("partner_sales",)),
        Entry("partner_payouts", _("Payouts"), "check", "payouts.view",
              ("partner_payout_details",)),
        Entry("partner_brand", _("Brand"), "brand", "brand.edit"),
        Entry("partner_verify", _("Check the numbers"), "check", "usage.view", ("partner_counts",)),
        Entry(
            "partner_keys", _("API keys"), "key", "keys.manage",
            ("partner_key", "partner_key_new", "partner_key_rotate"),
        ),
        Entry(
            "partner_webhooks", _("Webhooks"), "tray", "keys.manage",
            ("partner_webhook", "partner_webhook_new", "partner_webhook_edit",
             "partner_webhook_events", "partner_webhook_delivery", "partner_webhook_roll"),
        ),
        Entry("partner_logs", _("Requests"), "search", "keys.manage", ("partner_log",)),
        Entry("partner_alerts", _("Alerts"), "alert", "alerts.manage", ("partner_alert_new",)),
        Entry(
            "partner_team", _("Team"), "customers", "team.manage",
            ("partner_team_invite", "partner_team_person", "partner_team_roles"),
        ),
        Entry("partner_sso", _("Single sign-on"), "lock", "sso.manage",
              ("partner_sso_new", "partner_sso_connection", "partner_sso_test")),
        Entry("partner_domains", _("Domains"), "search", "domains.manage", ("partner_domain",)),
        Entry("partner_audit", _("Audit log"), "document", "audit.view"),
    ),
    Audience.CUSTOMER: (
        Entry("customer_overview", _("Overview"), "overview", "my.overview.view"),
        Entry("customer_usage", _("Usage"), "usage", "my.usage.view"),
        Entry("customer_plan", _("Plan"), "document", "my.plan.view"),
        Entry(
            "customer_invoices", _("Invoices"), "invoices", "my.invoices.view",
            ("customer_invoice", "customer_invoice_line"),
        ),
        Entry(
            "customer_keys", _("API keys"), "key", "my.keys.manage",
            ("customer_key", "customer_key_new", "customer_key_rotate"),
        ),
        Entry(
            "customer_webhooks", _("Webhooks"), "tray", "my.keys.manage",
            ("customer_webhook", "customer_webhook_new", "customer_webhook_edit",
             "customer_webhook_events", "customer_webhook_delivery", "customer_webhook_roll"),
        ),
        Entry("customer_logs", _("Requests"), "search", "my.keys.manage", ("customer_log",)),
        Entry("customer_alerts", _("Alerts"), "alert", "my.alerts.manage", ("customer_alert_new",)),
        Entry(
            "customer_team", _("Team"), "customers", "my.team.manage",
            ("customer_team_invite", "customer_team_person", "customer_team_roles"),
        ),
        Entry("customer_activity", _("Activity"), "clock", "my.team.manage"),
    ),
    Audience.PLATFORM: (
        Entry("console_cockpit", _("Cockpit"), "overview", "cockpit.view"),
        Entry("console_pipeline", _("Pipeline"), "usage", "channel.view",
              ("console_prospect", "console_prospect_new", "console_prospect_edit")),
        Entry(
            "console_partners", _("Partners"), "partners", "channel.view",
            ("console_partner", "console_open_partner", "console_opening", "console_document",
             "console_credit", "console_line", "console_counts_list", "console_counts",
             "console_sales"),
        ),
        Entry(
            "console_agreements", _("Agreements"), "document", "channel.view",
            ("console_agreement", "console_amend", "console_end", "console_sign"),
        ),
        Entry(
            "console_finance", _("Month"), "month", "runs.view",
            ("console_run", "console_run_reject", "console_run_withdraw", "console_draft",
             "console_preview", "console_what_if", "console_run_difference",
             "console_preview_difference", "console_margins"),
        ),
        Entry("console_exceptions", _("Exceptions"), "alert", "runs.view"),
        Entry(
            "console_books", _("Books"), "statements", "books.view",
            ("console_journal", "console_ageing", "console_accounts"),
        ),
        Entry("console_rates", _("Rates"), "document", "runs.view",
              ("console_enter_fx", "console_enter_tax", "console_enter_status")),
        Entry("console_disputes", _("Disputes"), "alert", "runs.view", ("console_dispute",)),
        Entry("console_payments", _("Payments"), "invoices", "money.view",
              ("console_payment_refund", "console_stripe", "console_record_payment",
               "console_bank_file")),
        Entry("console_payouts", _("Payouts"), "statements", "money.view"),
        Entry("console_projections", _("Projections"), "usage", "cockpit.view"),
        Entry("console_regions", _("Regions"), "screen", "cockpit.view"),
        Entry("console_incidents", _("Incidents"), "alert", "incidents.manage"),
        Entry(
            "console_team", _("Team"), "customers", "staff.manage",
            ("console_team_invite", "console_team_person", "console_team_roles"),
        ),
        Entry("console_audit", _("Audit log"), "document", "log.view"),
        Entry("console_style", _("Style"), "brand", "cockpit.view"),
        Entry("console_tour", _("Tour"), "check", "cockpit.view", demo_only=True),
    ),
}  # fmt: skip


def menu(request: HttpRequest, audience: str, may: frozenset[str]) -> list[Item]:
    """The entries of `audience` that the permissions in `may` open, the current one marked."""
    match = request.resolver_match
    here = match.url_name if match else ""
    return [
        Item(
            reverse(entry.url_name), str(entry.label), entry.icon,
            here == entry.url_name or here in entry.family,
        )
        for entry in MENU.get(audience, ())
        if entry.permission in may and (not entry.demo_only or _is_demo())
    ]  # fmt: skip


def _is_demo() -> bool:
    """Whether the demo's data are loaded: its pages have nothing to show before."""
    return bool(settings.DEMO) and summary.path().exists()
