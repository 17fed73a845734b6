"""The console's host: AgentCache's finance and operators."""

from django.urls import include, path

from portal.urls.shared import urlpatterns as shared
from portal.views import (
    audit,
    console_agreements,
    console_books,
    console_cockpit,
    console_credit,
    console_disputes,
    console_documents,
    console_exceptions,
    console_finance,
    console_incidents,
    console_money,
    console_partners,
    console_payouts,
    console_pipeline,
    console_planning,
    console_rates,
    console_regions,
    console_run,
    console_sign,
    console_stripe,
    console_style,
    demo,
    drill,
    partner_sales,
    stripe_webhook,
    team,
    verify,
)

partners = [
    path("partners/", console_partners.partners, name="console_partners"),
    path("partners/open/", console_partners.open_partner, name="console_open_partner"),
    path("partners/<slug:slug>/", console_partners.partner, name="console_partner"),
    path("partners/<slug:slug>/agreement/", console_sign.sign, name="console_sign"),
    path("partners/<slug:slug>/opening/", console_partners.opening, name="console_opening"),
    path("partners/<slug:slug>/opening/retry/", console_partners.retry, name="console_retry"),
    path("partners/<slug:slug>/sales/", partner_sales.console_sales, name="console_sales"),
    path("partners/<slug:slug>/counts/", verify.console_counts_list, name="console_counts_list"),
    path(
        "partners/<slug:slug>/counts/<uuid:file_id>/", verify.console_counts, name="console_counts"
    ),
]
pipeline = [
    path("", console_pipeline.pipeline, name="console_pipeline"),
    path("new/", console_pipeline.new, name="console_prospect_new"),
    path("<uuid:prospect_id>/", console_pipeline.prospect, name="console_prospect"),
    path("<uuid:prospect_id>/edit/", console_pipeline.edit, name="console_prospect_edit"),
    path("<uuid:prospect_id>/move/", console_pipeline.move, name="console_prospect_move"),
    path("<uuid:prospect_id>/note/", console_pipeline.note, name="console_prospect_note"),
    path("<uuid:prospect_id>/mail/", console_pipeline.mail, name="console_prospect_mail"),
    path("<uuid:prospect_id>/proposal.pdf", console_pipeline.proposal, name="console_proposal"),
]
finance = [
    path("finance/", console_finance.finance, name="console_finance"),
    path("finance/start/", console_finance.start_month, name="console_start_month"),
    path("finance/approve/", console_finance.approve_month, name="console_approve_month"),
    path("finance/margins/", console_rates.margins, name="console_margins"),
    path("finance/exceptions/", console_exceptions.exceptions, name="console_exceptions"),
    path("finance/exceptions/take/", console_exceptions.take, name="console_take_exception"),
    path("finance/preview/<uuid:agreement_id>/", console_finance.preview, name="console_preview"),
    path(
        "finance/preview/<uuid:agreement_id>/difference/",
        console_planning.preview_difference,
        name="console_preview_difference",
    ),
    path("finance/what-if/<uuid:agreement_id>/", console_planning.what_if, name="console_what_if"),
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
money = [
    path("payments/", console_money.payments, name="console_payments"),
    path("payments/record/", console_money.record, name="console_record_payment"),
    path("payments/file/", console_money.upload, name="console_bank_file"),
    path("payments/lines/<uuid:line_id>/assign/", console_money.assign,
         name="console_bank_line_assign"),
    path("payments/lines/<uuid:line_id>/ignore/", console_money.ignore,
         name="console_bank_line_ignore"),
    path("payments/<uuid:payment_id>/refund/", console_money.refund,
         name="console_payment_refund"),
    path("payouts/", console_payouts.payouts, name="console_payouts"),
    path("payouts/prepare/", console_payouts.prepare, name="console_prepare_payouts"),
    path("payouts/approve/", console_payouts.approve, name="console_approve_payouts"),
    path("payouts/order/", console_payouts.order, name="console_order_payouts"),
    path("payouts/<uuid:payout_id>/<slug:verb>/", console_payouts.do, name="console_payout_do"),
    path("stripe/", console_stripe.stripe, name="console_stripe"),
    path("stripe/<uuid:intent_id>/again/", console_stripe.again, name="console_stripe_again"),
]  # fmt: skip
runs = [
    path("", console_run.run, name="console_run"),
    path("difference/", console_planning.difference, name="console_run_difference"),
    path("approve/", console_run.approve, name="console_run_approve"),
    path("reject/", console_run.reject, name="console_run_reject"),
    path("withdraw/", console_run.withdraw, name="console_run_withdraw"),
    path("again/", console_run.again, name="console_run_again"),
    path("archive.zip", console_run.archive, name="console_run_archive"),
    path("drafts/<uuid:draft_id>/", console_run.draft, name="console_draft"),
]
rates = [
    path("", console_rates.rates, name="console_rates"),
    path("fx/", console_rates.enter_fx, name="console_enter_fx"),
    path("tax/", console_rates.enter_tax, name="console_enter_tax"),
    path("status/", console_rates.enter_status, name="console_enter_status"),
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
    path("csv", console_documents.document, {"form": "csv"}, name="document_csv"),
    path("xml", console_documents.document, {"form": "xml"}, name="document_xml"),
    path("facturx", console_documents.document, {"form": "facturx"}, name="document_facturx"),
    path("credit/", console_credit.credit, name="console_credit"),
    path("credit/<uuid:request_id>/", console_credit.decide, name="console_credit_decide"),
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
    path("style/", console_style.style, name="console_style"),
    path("style/tokens.css", console_style.tokens_css, name="console_style_css"),
    path("tour/", demo.tour, name="console_tour"),
    *team.console.urls("team/"),
    path("audit/", audit.console, name="console_audit"),
    path("audit/csv", audit.console_csv, name="console_audit_csv"),
    path("", console_cockpit.cockpit, name="console_cockpit"),
    path("projections/", console_planning.projections, name="console_projections"),
    path("regions/", console_regions.regions, name="console_regions"),
    path("incidents/", console_incidents.incidents, name="console_incidents"),
    path("incidents/<uuid:incident_id>/", console_incidents.update, name="console_incident"),
    *partners,
    path("pipeline/", include(pipeline)),
    path("agreements/", include(agreements)),
    *finance,
    *money,
    path("finance/runs/<uuid:run_id>/", include(runs)),
    path("documents/<uuid:document_id>/", include(documents)),
    path("disputes/", include(disputes)),
    path("books/", include(books)),
    path("rates/", include(rates)),
    path("stripe/webhook/", stripe_webhook.stripe_webhook, name="stripe_webhook"),
    *shared,
]
handler400 = "portal.views.errors.bad_request"
handler403 = "portal.views.errors.forbidden"
handler404 = "portal.views.errors.not_found"
handler500 = "portal.views.errors.server_error"
