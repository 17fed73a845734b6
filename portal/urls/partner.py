"""A partner's host: customers at the root, the partner's staff under /manage/, the API."""

from django.urls import include, path

from portal.urls.api import urlpatterns as api
from portal.urls.shared import urlpatterns as shared
from portal.views import (
    customer_invoices,
    customer_overview,
    customer_usage,
    document_lines,
    documents,
    drill,
    partner_agreement,
    partner_customers,
    partner_invoices,
    partner_overview,
    partner_payouts,
    partner_statements,
    partner_usage,
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
urlpatterns = [
    # The partner's staff
    path("manage/", partner_overview.overview, name="partner_overview"),
    path("manage/usage/", partner_usage.usage, name="partner_usage"),
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
    # Customers
    path("", customer_overview.home, name="customer_overview"),
    path("usage/", customer_usage.usage, name="customer_usage"),
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
