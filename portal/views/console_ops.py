"""Operations: what runs, what does not, and what to do about it. Every page polls itself."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from portal import runbook as book
from portal.queries.operations import operations
from portal.views.console_partners import actor
from portal.words.told import told
from tenants.accounts.permissions import permission
from tenants.actions.jobs import JobRefused, forget_job, queue_again


@permission("ops.view")
@require_safe
def page(request: HttpRequest, section: str) -> HttpResponse:
    """`overview`: alarms with their runbooks, or all clear. The others are one part in full."""
    now = timezone.now()
    return render(request, f"console/ops/{section}.html", {
        "ops": operations(now), "now": now, "section": section,
    })  # fmt: skip


@permission("ops.view")
@require_safe
def runbook(request: HttpRequest) -> HttpResponse:
    """docs/operating.md as it lies beside this code: what each alarm's link leads to."""
    return render(request, "console/ops/runbook.html", {"html": book.as_html()})


@permission("jobs.retry")
@require_POST
def retry(request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
    """Queue a failed job once more."""
    try:
        queue_again(job_id=job_id, actor=actor(request), now=timezone.now())
    except JobRefused as refused:
        messages.error(request, told(refused))
    else:
        messages.success(request, _("Queued again: the row goes as soon as it succeeds."))
    return HttpResponseRedirect(reverse("console_ops_jobs"))


@permission("jobs.retry")
@require_POST
def put_aside(request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
    """Somebody has looked; nothing is to be done about it."""
    if forget_job(job_id=job_id, actor=actor(request), now=timezone.now()):
        messages.success(request, _("Put aside."))
    return HttpResponseRedirect(reverse("console_ops_jobs"))
