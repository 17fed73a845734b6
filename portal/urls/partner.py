"""A partner's host: customers at the root, the partner's staff under /manage/, the API."""

from types import ModuleType

from django.urls import URLPattern, include, path

from portal.urls.api import urlpatterns as api
from portal.urls.shared import urlpatterns as shared
from portal.views import (
    alerts,
    audit,
    brand,
    customer_invoices,
    customer_overview,
    customer_usage,
    document_lines,
    documents,
    domains,
    drill,
    hooks,
    keys,
    logs,
    partner_agreement,
    partner_customer,
    partner_customers,
    partner_invoices,
    partner_overview,
    partner_payouts,
    partner_sales,
    partner_statements,
    partner_usage,
    team,
    verify,
)

PDF, JSON, CSV = {"form": "pdf"}, {"form": "json"}, {"form": "csv"}
XML, FACTURX = {"form": "xml"}, {"form": "facturx"}
# Every figure of a document down to its events, and the files that prove it.
proofs = [
    path("lines/<int:position>/", drill.partner_line, name="partner_line"),
    path(
        "lines/<int:position>/events.csv",
        drill.partner_file,
        {"form": "events"},
        name="partner_events",
    ),
    path("archive", drill.partner_file, {"form": "archive"}, name="partner_archive"),
    path("usage.csv", drill.partner_file, {"form": "usage"}, name="partner_usage_csv"),
    path("usage.parquet", drill.partner_file, {"form": "parquet"}, name="partner_usage_parquet"),
    path("proof/<uuid:event_id>", drill.partner_file, {"form": "proof"}, name="partner_proof"),
]


def explorer(root: str, name: str, views: ModuleType) -> list[URLPattern]:
    """The usage explorer's addresses below `root`."""
    return [
        path(root, views.usage, name=name),
        path(f"{root}export.csv", views.file, CSV, name=f"{name}_csv"),
        path(f"{root}export.parquet", views.file, {"form": "parquet"}, name=f"{name}_parquet"),
        path(f"{root}allocation.csv", views.tags, name=f"{name}_tags"),
        path(f"{root}views/", views.save, name=f"{name}_save"),
        path(f"{root}views/<uuid:view_id>/forget/", views.forget, name=f"{name}_forget"),
    ]


urlpatterns = [
    # The partner's staff
    path("manage/", partner_overview.overview, name="partner_overview"),
    *explorer("manage/usage/", "partner_usage", partner_usage),
    path("manage/customers/", partner_customers.customers, name="partner_customers"),
    path("manage/invoices/", partner_invoices.invoices, name="partner_invoices"),
    path("manage/invoices/<uuid:document_id>/", documents.partner_invoice, name="partner_invoice"),
    path("manage/invoices/<uuid:document_id>/pdf", documents.partner_invoice, PDF,
         name="partner_invoice_pdf"),
    path("manage/invoices/<uuid:document_id>/json", documents.partner_invoice, JSON,
         name="partner_invoice_json"),
    path("manage/invoices/<uuid:document_id>/csv", documents.partner_invoice, CSV,
         name="partner_invoice_csv"),
    path("manage/invoices/<uuid:document_id>/xml", documents.partner_invoice, XML,
         name="partner_invoice_xml"),
    path("manage/invoices/<uuid:document_id>/facturx", documents.partner_invoice, FACTURX,
         name="partner_invoice_facturx"),
    path("manage/invoices/<uuid:document_id>/lines/<int:position>/",
         document_lines.partner_invoice_line, name="partner_invoice_line"),
    path("manage/statements/", partner_statements.statements, name="partner_statements"),
    path("manage/statements/<uuid:document_id>/", documents.partner_statement,
         name="partner_statement"),
    path("manage/statements/<uuid:document_id>/pdf", documents.partner_statement, PDF,
         name="partner_statement_pdf"),
    path("manage/statements/<uuid:document_id>/json", documents.partner_statement, JSON,
         name="partner_statement_json"),
    path("manage/documents/<uuid:document_id>/", include(proofs)),
    path("manage/verify/", verify.verify, name="partner_verify"),
    path("manage/verify/counts/<uuid:file_id>/", verify.partner_counts, name="partner_counts"),
    path("manage/sales/", partner_sales.sales, name="partner_sales"),
    path("manage/agreement/", partner_agreement.agreement, name="partner_agreement"),
    path("manage/agreement/<uuid:version_id>/paper.pdf", partner_agreement.paper,
         name="partner_agreement_paper"),
    path("manage/statements/<uuid:document_id>/csv", documents.partner_statement, CSV,
         name="partner_statement_csv"),
    path("manage/statements/<uuid:document_id>/accept/", document_lines.accept,
         name="partner_statement_accept"),
    path("manage/statements/<uuid:document_id>/lines/<int:position>/",
         document_lines.partner_statement_line, name="partner_statement_line"),
    path("manage/payouts/", partner_payouts.payouts, name="partner_payouts"),
    path("manage/payouts/details/", partner_payouts.ask, name="partner_payout_details"),
    path("manage/payouts/details/<uuid:details_id>/", partner_payouts.decide,
         name="partner_payout_details_decide"),
    # The brand
    path("manage/brand/", brand.editor, name="partner_brand"),
    path("manage/brand/contrasts/", brand.contrasts, name="partner_brand_contrasts"),
    path("manage/brand/publish/", brand.publish, name="partner_brand_publish"),
    path("manage/brand/discard/", brand.discard, name="partner_brand_discard"),
    path("manage/brand/paper.png", brand.paper, name="partner_brand_paper"),
    path("manage/brand/preview/<slug:name>/", brand.surface, name="partner_brand_surface"),
    # Keys, people, the log
    *keys.partner.urls("manage/keys/"),
    *keys.customer.urls("keys/"),
    *hooks.partner.urls("manage/webhooks/"),
    *hooks.customer.urls("webhooks/"),
    *logs.partner.urls("manage/logs/"),
    *logs.customer.urls("logs/"),
    *alerts.partner.urls("manage/alerts/"),
    *alerts.customer.urls("alerts/"),
    *team.partner.urls("manage/team/"),
    *team.customer.urls("team/"),
    path("manage/domains/", domains.domains, name="partner_domains"),
    path("manage/domains/<uuid:claim_id>/", domains.domain, name="partner_domain"),
    path("manage/domains/<uuid:claim_id>/check/", domains.check, name="partner_domain_check"),
    path("manage/domains/<uuid:claim_id>/primary/", domains.primary,
         name="partner_domain_primary"),
    path("manage/domains/<uuid:claim_id>/release/", domains.release,
         name="partner_domain_release"),
    path("manage/domains/<uuid:claim_id>/send/", domains.send, name="partner_domain_send"),
    path("manage/domains/<uuid:claim_id>/unshare/", domains.unshare,
         name="partner_domain_unshare"),
    path("domains/<str:token>/", domains.shared, name="domain_shared"),
    path("manage/audit/", audit.partner, name="partner_audit"),
    path("manage/audit/csv", audit.partner_csv, name="partner_audit_csv"),
    path("manage/customers/new/", partner_customer.new, name="partner_customer_new"),
    path("manage/customers/import/", partner_customer.import_table,
         name="partner_customers_import"),
    path("manage/customers/<uuid:customer_id>/", partner_customer.customer,
         name="partner_customer"),
    path("manage/customers/<uuid:customer_id>/edit/", partner_customer.edit,
         name="partner_customer_edit"),
    path("manage/customers/<uuid:customer_id>/quota/", partner_customer.quota,
         name="partner_customer_quota"),
    path("manage/customers/<uuid:customer_id>/suspend/", partner_customer.suspend,
         name="partner_customer_suspend"),
    *team.of_customer.urls("manage/customers/<uuid:customer_id>/people/"),
    # Customers
    path("", customer_overview.home, name="customer_overview"),
    *explorer("usage/", "customer_usage", customer_usage),
    path("invoices/", customer_invoices.invoices, name="customer_invoices"),
    path("invoices/<uuid:document_id>/", documents.customer_invoice, name="customer_invoice"),
    path("invoices/<uuid:document_id>/pdf", documents.customer_invoice, PDF,
         name="customer_invoice_pdf"),
    path("invoices/<uuid:document_id>/json", documents.customer_invoice, JSON,
         name="customer_invoice_json"),
    path("invoices/<uuid:document_id>/csv", documents.customer_invoice, CSV,
         name="customer_invoice_csv"),
    path("invoices/<uuid:document_id>/xml", documents.customer_invoice, XML,
         name="customer_invoice_xml"),
    path("invoices/<uuid:document_id>/facturx", documents.customer_invoice, FACTURX,
         name="customer_invoice_facturx"),
    path("invoices/<uuid:document_id>/lines/<int:position>/",
         document_lines.customer_invoice_line, name="customer_invoice_line"),
    *api,
    *shared,
]  # fmt: skip
handler400 = "portal.views.errors.bad_request"
handler403 = "portal.views.errors.forbidden"
handler404 = "portal.views.errors.not_found"
handler500 = "portal.views.errors.server_error"
