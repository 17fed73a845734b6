"""Operations: what runs, what does not, and what to do about it. Every page polls itself."""

from __future__ import annotations

import uuid
from typing import Any

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
from tenants.accounts.permissions import permission
from tenants.actions.jobs import JobRefused, forget_job, queue_again
from tenants.models import Partner


@permission("ops.view")
@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """Alarms with their runbooks, or all clear; one figure of each part."""
    return _page(request, "overview")


@permission("ops.view")
@require_safe
def ingest(request: HttpRequest) -> HttpResponse:
    """From the answer to the recorded event: streams, spools, the recorder, dead letters."""
    return _page(request, "ingest")


@permission("ops.view")
@require_safe
def jobs(request: HttpRequest) -> HttpResponse:
    """The broker's queue, failed jobs, and partners that are being opened."""
    names = {str(one): name for one, name in Partner.objects.values_list("id", "name")}
    return _page(request, "jobs", names=names)


@permission("ops.view")
@require_safe
def domains(request: HttpRequest) -> HttpResponse:
    """Partners' hosts and certificates in trouble."""
    return _page(request, "domains")


@permission("ops.view")
@require_safe
def webhooks(request: HttpRequest) -> HttpResponse:
    """Endpoints that fail or were turned off, across all partners."""
    return _page(request, "webhooks")


@permission("ops.view")
@require_safe
def mail(request: HttpRequest) -> HttpResponse:
    """Documents and notices that no mail server took."""
    return _page(request, "mail")


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
        messages.error(request, str(refused))
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


def _page(request: HttpRequest, name: str, **more: Any) -> HttpResponse:
    now = timezone.now()
    return render(request, f"console/ops/{name}.html",
                  {"ops": operations(now), "now": now, "section": name, **more})  # fmt: skip
