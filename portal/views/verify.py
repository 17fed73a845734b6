"""Check the numbers: archives that recompute, proofs of single events, the partner's own counts."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from billing.actions.counts import keep_counts
from billing.models import CountFile
from billing.queries import documents_page
from billing.queries.counts import compared, count_file, count_files
from billing.rules.drafts import PARTNER_INVOICE, PAYOUT_STATEMENT
from billing.rules.trust.counts import MATCHED, BadCounts, Comparison
from cache_api.queries.roots import latest_roots
from portal.forms.agreements import CountsForm
from portal.views.asked import Pager, asked_page
from portal.words.told import told
from tenants import queries as tenants
from tenants import schema
from tenants.accounts.permissions import permission

PAPERS_SHOWN, ROOTS_SHOWN, HOURS_SHOWN = 12, 14, 100


@permission("usage.view")
def verify(request: HttpRequest) -> HttpResponse:
    """What can be checked, and the upload of own counts (POST, by those who may)."""
    person: Any = request.user
    partner_id = request.owner.partner_id  # type: ignore[attr-defined]
    may_upload = person.may("counts.upload")
    form = CountsForm()
    if request.method == "POST" and may_upload:
        form = CountsForm(request.POST, request.FILES)
        kept = _keep(form, partner_id, str(person.email).lower()) if form.is_valid() else None
        if kept is not None:
            messages.success(request, _("The file is kept. Nothing is billed from it."))
            return HttpResponseRedirect(reverse("partner_counts", kwargs={"file_id": kept.id}))
    papers: list[Any] = []
    if person.may("statements.view"):
        papers, _total = documents_page(
            today=timezone.now().date(), partner_id=partner_id,
            kinds=(PAYOUT_STATEMENT, PARTNER_INVOICE), limit=PAPERS_SHOWN,
        )  # fmt: skip
    return render(request, "partner/verify.html", {
        "form": form, "may_upload": may_upload, "papers": papers,
        "files": count_files(partner_id), "roots": latest_roots(partner_id, ROOTS_SHOWN),
    })  # fmt: skip


@permission("usage.view")
@require_safe
def partner_counts(request: HttpRequest, file_id: uuid.UUID) -> HttpResponse:
    """One file beside what was recorded, hour by hour; `?all=1` shows the matching hours too."""
    owner = request.owner  # type: ignore[attr-defined]
    return _counts(request, owner, owner.partner_id, file_id, "partner/counts.html")


@permission("channel.view")
@require_safe
def console_counts_list(request: HttpRequest, slug: str) -> HttpResponse:
    """The files a partner uploaded."""
    partner = _partner(slug)
    with schema.in_partner(partner):
        files = count_files(partner.pk)
    return render(request, "console/counts_list.html", {"partner": partner, "files": files})


@permission("channel.view")
@require_safe
def console_counts(request: HttpRequest, slug: str, file_id: uuid.UUID) -> HttpResponse:
    """One of them beside what was recorded, as the partner sees it."""
    partner = _partner(slug)
    return _counts(request, partner, partner.pk, file_id, "console/counts.html", partner=partner)


def _partner(slug: str) -> Any:
    found = tenants.partner_by_slug(slug)
    if found is None:
        raise Http404
    return found


def _keep(form: CountsForm, partner_id: uuid.UUID, actor: str) -> CountFile | None:
    """Keep the file, or put what is wrong with it on the form."""
    given = form.cleaned_data
    try:
        return keep_counts(
            partner_id=partner_id, name=given["file"].name, data=given["file"].read(),
            measure=given["measure"], tolerance_bps=round(given["tolerance"] * 100), actor=actor,
            now=timezone.now(),
        )  # fmt: skip
    except BadCounts as refused:
        for problem in refused.problems:
            form.add_error("file", told(problem))
        return None


def _counts(
    request: HttpRequest, whose: Any, partner_id: uuid.UUID, file_id: uuid.UUID, template: str,
    **more: Any,
) -> HttpResponse:  # fmt: skip
    with schema.in_partner(whose):
        file = count_file(file_id, partner_id)
        if file is None:
            raise Http404
        found = compared(file)
    every = request.GET.get("all") == "1"
    rows = found.rows if every else found.differing
    number = asked_page(request)
    first = (number - 1) * HOURS_SHOWN
    return render(request, template, {
        "file": file, "found": found, "rows": rows[first : first + HOURS_SHOWN], "every": every,
        "pager": Pager(number, len(rows), HOURS_SHOWN), "verdicts": _verdicts(found), **more,
    })  # fmt: skip


def _verdicts(found: Comparison) -> dict[str, int]:
    return {state: found.hours(state) for state in (MATCHED, "missing", "extra")}
