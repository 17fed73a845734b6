"""Who reaches what on the console: every page asks for one permission, every change for a POST."""

import re
import uuid

import pytest
from django.test import Client
from django.urls import get_resolver

from tenants.rules import roles
from tests.portal.console.cast import HOST, ROLES, signed_in

SOME = uuid.uuid4()
PAGES = {
    "/": "cockpit.view",
    "/regions/": "cockpit.view",
    "/style/": "cockpit.view",
    "/style/tokens.css": "cockpit.view",
    "/tour/": "cockpit.view",
    "/tour/break/": "switches.set",
    "/incidents/": "incidents.manage",
    **{
        f"/ops/{part}": "ops.view"
        for part in (
            "",
            "ingest/",
            "jobs/",
            "domains/",
            "webhooks/",
            "mail/",
            "runbook/",
            "switches/",
        )
    },
    f"/incidents/{SOME}/": "incidents.manage",
    "/support/": "support.search",
    "/support/look/": "support.look",
    "/pipeline/": "channel.view",
    "/pipeline/new/": "pipeline.manage",
    f"/pipeline/{SOME}/": "channel.view",
    f"/pipeline/{SOME}/edit/": "pipeline.manage",
    f"/pipeline/{SOME}/proposal.pdf": "channel.view",
    "/partners/": "channel.view",
    "/partners/redis-labs/": "channel.view",
    **{
        f"/partners/redis-labs/{page}/": "channel.view"
        for page in ("customers", "domains", "health")
    },
    "/partners/redis-labs/review.pdf": "runs.view",
    "/partners/redis-labs/counts/": "channel.view",
    "/partners/redis-labs/sales/": "channel.view",
    f"/partners/redis-labs/counts/{SOME}/": "channel.view",
    "/partners/open/": "partners.open",
    "/partners/redis-labs/agreement/": "agreements.prepare",
    "/agreements/": "channel.view",
    f"/agreements/{SOME}/": "channel.view",
    f"/agreements/versions/{SOME}/paper.pdf": "channel.view",
    "/partners/redis-labs/opening/": "partners.open",
    "/team/": "staff.manage",
    "/team/invite/": "staff.manage",
    "/team/invite/many/": "staff.manage",
    "/team/roles/": "staff.manage",
    f"/team/{SOME}/": "staff.manage",
    "/audit/": "log.view",
    "/audit/csv": "log.view",
    "/audit/jsonl": "log.view",
    "/finance/": "runs.view",
    "/finance/exceptions/": "runs.view",
    f"/finance/preview/{SOME}/": "runs.view",
    f"/finance/preview/{SOME}/difference/": "runs.view",
    f"/finance/what-if/{SOME}/": "runs.view",
    f"/finance/runs/{SOME}/difference/": "runs.view",
    "/projections/": "cockpit.view",
    f"/finance/runs/{SOME}/": "runs.view",
    f"/finance/runs/{SOME}/archive.zip": "runs.view",
    f"/finance/runs/{SOME}/drafts/{SOME}/": "runs.view",
    "/documents/": "documents.view",
    f"/documents/{SOME}/": "documents.view",
    f"/documents/{SOME}/pdf": "documents.view",
    f"/documents/{SOME}/json": "documents.view",
    f"/documents/{SOME}/lines/1/": "documents.view",
    f"/documents/{SOME}/lines/1/events.csv": "documents.view",
    f"/documents/{SOME}/archive": "documents.view",
    f"/documents/{SOME}/usage.csv": "documents.view",
    f"/documents/{SOME}/usage.parquet": "documents.view",
    f"/documents/{SOME}/proof/{SOME}": "documents.view",
    f"/documents/{SOME}/csv": "documents.view",
    f"/documents/{SOME}/xml": "documents.view",
    f"/documents/{SOME}/facturx": "documents.view",
    f"/documents/{SOME}/credit/": "credits.prepare",
    "/disputes/": "runs.view",
    f"/disputes/{SOME}/": "runs.view",
    f"/disputes/{SOME}/files/1/": "runs.view",
    "/finance/margins/": "runs.view",
    "/rates/": "runs.view",
    "/prices/": "runs.view",
    "/books/": "books.view",
    "/books/trial-balance.csv": "books.view",
    "/books/journal/": "books.view",
    "/books/journal.csv": "books.view",
    "/books/ageing/": "books.view",
    "/books/accounts/": "books.view",
    "/payments/": "money.view",
    f"/payments/{SOME}/refund/": "money.record",
    "/payouts/": "money.view",
    "/stripe/": "money.view",
}
CHANGES = {
    f"/team/invitations/{SOME}/again/": "staff.manage",
    f"/team/invitations/{SOME}/withdraw/": "staff.manage",
    f"/team/{SOME}/role/": "staff.manage",
    f"/team/{SOME}/out/": "staff.manage",
    f"/team/{SOME}/in/": "staff.manage",
    f"/team/{SOME}/factor/": "staff.manage",
    "/partners/redis-labs/opening/retry/": "partners.open",
    f"/support/looks/{SOME}/end/": "support.look",
    f"/ops/jobs/{SOME}/retry/": "jobs.retry",
    f"/ops/jobs/{SOME}/aside/": "jobs.retry",
    f"/ops/switches/{SOME}/end/": "switches.set",
    f"/pipeline/{SOME}/move/": "pipeline.manage",
    f"/pipeline/{SOME}/note/": "pipeline.manage",
    f"/pipeline/{SOME}/mail/": "pipeline.manage",
    f"/agreements/{SOME}/amend/": "agreements.prepare",
    f"/agreements/{SOME}/end/": "agreements.prepare",
    f"/agreements/{SOME}/end/approve/": "agreements.approve",
    f"/agreements/versions/{SOME}/approve/": "agreements.approve",
    f"/agreements/versions/{SOME}/decline/": "agreements.prepare",
    f"/agreements/versions/{SOME}/write/": "agreements.prepare",
    f"/agreements/versions/{SOME}/sent/": "agreements.prepare",
    f"/agreements/versions/{SOME}/signed/": "agreements.prepare",
    "/finance/start/": "runs.prepare",
    "/finance/approve/": "runs.approve",
    "/finance/exceptions/take/": "runs.prepare",
    "/finance/exceptions/waive/": "runs.prepare",
    f"/finance/runs/{SOME}/approve/": "runs.approve",
    f"/finance/runs/{SOME}/reject/": "runs.prepare",
    f"/finance/runs/{SOME}/withdraw/": "runs.approve",
    f"/finance/runs/{SOME}/again/": "runs.prepare",
    f"/documents/{SOME}/write-off/": "credits.prepare",
    f"/documents/{SOME}/write-off/{SOME}/": "credits.issue",
    f"/documents/{SOME}/credit/{SOME}/": "credits.issue",
    f"/disputes/{SOME}/answer/": "disputes.resolve",
    "/rates/fx/": "runs.prepare",
    "/rates/tax/": "runs.prepare",
    "/rates/status/": "runs.prepare",
    f"/rates/{SOME}/": "runs.approve",
    "/prices/ask/": "runs.prepare",
    "/books/close/": "books.close",
    "/books/ask/": "books.close",
    "/books/reopen/": "books.close",
    "/payments/record/": "money.record",
    "/payments/file/": "money.record",
    f"/payments/lines/{SOME}/assign/": "money.record",
    f"/payments/lines/{SOME}/ignore/": "money.record",
    "/payouts/prepare/": "money.prepare",
    "/payouts/approve/": "money.approve",
    "/payouts/order/": "money.approve",
    f"/payouts/{SOME}/hold/": "money.prepare",
    f"/stripe/{SOME}/again/": "money.record",
}


@pytest.mark.parametrize("role", ROLES)
def test_a_role_opens_exactly_what_the_roles_file_says(readable, role):
    client = signed_in(role)

    refused = {path for path in PAGES if client.get(path).status_code == 403}
    refused |= {path for path in CHANGES if client.post(path).status_code == 403}

    wanted = PAGES | CHANGES
    assert refused == {path for path in wanted if not roles.allows(role, wanted[path])}


def test_nobody_reads_without_signing_in(readable):
    client = Client(HTTP_HOST=HOST)

    answers = {path: client.get(path) for path in PAGES}

    assert {answer.status_code for answer in answers.values()} == {302}
    assert answers["/finance/"]["Location"] == "/accounts/login/?next=/finance/"
    # A change is not gone back to: its address shows nothing when it is opened.
    assert client.post("/finance/start/")["Location"] == "/accounts/login/"


def test_changes_are_posts_with_the_sessions_own_token(readable):
    by_get = signed_in("superadmin")
    forged = signed_in("superadmin", enforce_csrf_checks=True)

    assert {by_get.get(path).status_code for path in CHANGES} == {405}
    forms = [*CHANGES, "/partners/open/"]
    assert {forged.post(path, {"month": "2026-09"}).status_code for path in forms} == {403}


def test_every_console_url_is_in_these_tables(readable):
    """A page without a permission would be found by nobody else."""
    patterns = [str(path) for path in _paths(get_resolver("portal.urls.console").url_patterns)]
    shared = ("accounts/", "brand/", "demo/", "status/", "manifest", "favicon", ".well-known")
    signed = "stripe/webhook/"  # Stripe's signature says who speaks there
    records = "admin/"  # one door before all of them: tests/portal/records
    mine = {path for path in patterns if not path.startswith((*shared, signed, records))}

    known = {
        path.lstrip("/").replace(str(SOME), "<id>").replace("redis-labs", "<slug>")
        for path in PAGES | CHANGES
    }
    assert {_plain(path) for path in mine} == known


def _paths(patterns, before=""):
    for pattern in patterns:
        path = before + str(pattern.pattern)
        if hasattr(pattern, "url_patterns"):
            yield from _paths(pattern.url_patterns, path)
        else:
            yield path


def _plain(path):
    path = re.sub(r"<uuid:\w+>", "<id>", path)
    for name, shown in (("slug:slug", "<slug>"), ("int:position", "1"), ("slug:verb", "hold")):
        path = path.replace(f"<{name}>", shown)
    return path
