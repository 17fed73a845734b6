"""The console's host: AgentCache's finance and operators."""

from django.urls import include, path

from portal.urls.shared import urlpatterns as shared
from portal.views import (
    console_cockpit,
    console_documents,
    console_finance,
    console_partners,
    console_planning,
    console_regions,
    console_run,
    drill,
    verify,
)

partners = [
    path("partners/", console_partners.partners, name="console_partners"),
    path("partners/open/", console_partners.open_partner, name="console_open_partner"),
    path("partners/<slug:slug>/", console_partners.partner, name="console_partner"),
    path("partners/<slug:slug>/opening/", console_partners.opening, name="console_opening"),
    path("partners/<slug:slug>/opening/retry/", console_partners.retry, name="console_retry"),
    path("partners/<slug:slug>/counts/", verify.console_counts_list, name="console_counts_list"),
    path(
        "partners/<slug:slug>/counts/<uuid:file_id>/", verify.console_counts, name="console_counts"
    ),
]
finance = [
    path("finance/", console_finance.finance, name="console_finance"),
    path("finance/start/", console_finance.start_month, name="console_start_month"),
    path("finance/approve/", console_finance.approve_month, name="console_approve_month"),
    path("finance/preview/<uuid:agreement_id>/", console_finance.preview, name="console_preview"),
    path(
        "finance/preview/<uuid:agreement_id>/difference/",
        console_planning.preview_difference,
        name="console_preview_difference",
    ),
    path("finance/what-if/<uuid:agreement_id>/", console_planning.what_if, name="console_what_if"),
]
runs = [
    path("", console_run.run, name="console_run"),
    path("difference/", console_planning.difference, name="console_run_difference"),
    path("approve/", console_run.approve, name="console_run_approve"),
    path("reject/", console_run.reject, name="console_run_reject"),
    path("withdraw/", console_run.withdraw, name="console_run_withdraw"),
    path("again/", console_run.again, name="console_run_again"),
    path("drafts/<uuid:draft_id>/", console_run.draft, name="console_draft"),
]
documents = [
    path("", console_documents.document, name="console_document"),
    path("pdf", console_documents.document, {"form": "pdf"}, name="document_pdf"),
    path("json", console_documents.document, {"form": "json"}, name="document_json"),
    path("lines/<int:position>/", drill.console_line, name="console_line"),
    path(
        "lines/<int:position>/events.csv",
        drill.console_file,
        {"form": "events"},
        name="console_events",
    ),
    path("archive", drill.console_file, {"form": "archive"}, name="console_archive"),
    path("usage.csv", drill.console_file, {"form": "usage"}, name="console_usage_csv"),
    path("usage.parquet", drill.console_file, {"form": "parquet"}, name="console_usage_parquet"),
    path("proof/<uuid:event_id>", drill.console_file, {"form": "proof"}, name="console_proof"),
]
urlpatterns = [
    path("", console_cockpit.cockpit, name="console_cockpit"),
    path("projections/", console_planning.projections, name="console_projections"),
    path("regions/", console_regions.regions, name="console_regions"),
    *partners,
    *finance,
    path("finance/runs/<uuid:run_id>/", include(runs)),
    path("documents/<uuid:document_id>/", include(documents)),
    *shared,
]
handler400 = "portal.views.errors.bad_request"
handler403 = "portal.views.errors.forbidden"
handler404 = "portal.views.errors.not_found"
handler500 = "portal.views.errors.server_error"
