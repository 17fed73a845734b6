"""The console's host: AgentCache's finance and operators."""

from django.urls import include, path

from portal.urls.shared import urlpatterns as shared
from portal.views import (
    console_agreements,
    console_books,
    console_cockpit,
    console_credit,
    console_disputes,
    console_documents,
    console_exceptions,
    console_finance,
    console_partners,
    console_regions,
    console_run,
    console_sign,
)

partners = [
    path("partners/", console_partners.partners, name="console_partners"),
    path("partners/open/", console_partners.open_partner, name="console_open_partner"),
    path("partners/<slug:slug>/", console_partners.partner, name="console_partner"),
    path("partners/<slug:slug>/agreement/", console_sign.sign, name="console_sign"),
    path("partners/<slug:slug>/opening/", console_partners.opening, name="console_opening"),
    path("partners/<slug:slug>/opening/retry/", console_partners.retry, name="console_retry"),
]
finance = [
    path("finance/", console_finance.finance, name="console_finance"),
    path("finance/start/", console_finance.start_month, name="console_start_month"),
    path("finance/approve/", console_finance.approve_month, name="console_approve_month"),
    path("finance/exceptions/", console_exceptions.exceptions, name="console_exceptions"),
    path("finance/exceptions/take/", console_exceptions.take, name="console_take_exception"),
    path("finance/preview/<uuid:agreement_id>/", console_finance.preview, name="console_preview"),
]
agreements = [
    path("", console_agreements.agreements, name="console_agreements"),
    path("<uuid:agreement_id>/", console_agreements.agreement, name="console_agreement"),
    path("<uuid:agreement_id>/amend/", console_agreements.amend, name="console_amend"),
    path("<uuid:agreement_id>/end/", console_agreements.end, name="console_end"),
    path("<uuid:agreement_id>/end/approve/", console_agreements.approve_end,
         name="console_approve_end"),
    path("versions/<uuid:version_id>/approve/", console_agreements.approve,
         name="console_approve_version"),
    path("versions/<uuid:version_id>/decline/", console_agreements.decline,
         name="console_decline_version"),
    path("versions/<uuid:version_id>/write/", console_agreements.write,
         name="console_write_agreement"),
    path("versions/<uuid:version_id>/sent/", console_agreements.sent,
         name="console_agreement_sent"),
    path("versions/<uuid:version_id>/signed/", console_agreements.signed,
         name="console_agreement_signed"),
    path("versions/<uuid:version_id>/paper.pdf", console_agreements.paper,
         name="console_agreement_paper"),
]  # fmt: skip
runs = [
    path("", console_run.run, name="console_run"),
    path("approve/", console_run.approve, name="console_run_approve"),
    path("reject/", console_run.reject, name="console_run_reject"),
    path("withdraw/", console_run.withdraw, name="console_run_withdraw"),
    path("again/", console_run.again, name="console_run_again"),
    path("archive.zip", console_run.archive, name="console_run_archive"),
    path("drafts/<uuid:draft_id>/", console_run.draft, name="console_draft"),
]
documents = [
    path("", console_documents.document, name="console_document"),
    path("pdf", console_documents.document, {"form": "pdf"}, name="document_pdf"),
    path("json", console_documents.document, {"form": "json"}, name="document_json"),
    path("csv", console_documents.document, {"form": "csv"}, name="document_csv"),
    path("xml", console_documents.document, {"form": "xml"}, name="document_xml"),
    path("facturx", console_documents.document, {"form": "facturx"}, name="document_facturx"),
    path("credit/", console_credit.credit, name="console_credit"),
    path("write-off/", console_credit.write_off, name="console_write_off"),
]
disputes = [
    path("", console_disputes.disputes, name="console_disputes"),
    path("<uuid:dispute_id>/", console_disputes.dispute, name="console_dispute"),
    path("<uuid:dispute_id>/answer/", console_disputes.answer, name="console_dispute_answer"),
    path(
        "<uuid:dispute_id>/files/<int:position>/",
        console_disputes.file,
        name="console_dispute_file",
    ),
]
books = [
    path("", console_books.books, name="console_books"),
    path("close/", console_books.close, name="console_books_close"),
    path("ask/", console_books.ask, name="console_books_ask"),
    path("reopen/", console_books.reopen, name="console_books_reopen"),
    path("trial-balance.csv", console_books.trial_balance_csv, name="console_trial_balance_csv"),
    path("journal/", console_books.journal, name="console_journal"),
    path("journal.csv", console_books.journal_csv, name="console_journal_csv"),
    path("ageing/", console_books.ageing, name="console_ageing"),
    path("accounts/", console_books.accounts, name="console_accounts"),
]  # fmt: skip
urlpatterns = [
    path("", console_cockpit.cockpit, name="console_cockpit"),
    path("regions/", console_regions.regions, name="console_regions"),
    *partners,
    path("agreements/", include(agreements)),
    *finance,
    path("finance/runs/<uuid:run_id>/", include(runs)),
    path("documents/<uuid:document_id>/", include(documents)),
    path("disputes/", include(disputes)),
    path("books/", include(books)),
    *shared,
]
handler400 = "portal.views.errors.bad_request"
handler403 = "portal.views.errors.forbidden"
handler404 = "portal.views.errors.not_found"
handler500 = "portal.views.errors.server_error"
