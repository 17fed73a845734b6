"""One settlement run: figures, lines with their arithmetic, papers, log, and what may be done."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from billing import queries as billing
from billing.actions.archive import archive_run
from billing.actions.begin import go_on
from billing.actions.errors import UnknownRun
from billing.actions.review import approve_runs, reject_run, withdraw_run
from billing.queries.run_detail import PAGE, draft_of_run
from billing.queries.terms import version_terms
from billing.rules.errors import BillingError, WrongState
from billing.rules.runs import WORKING, waits_for_person
from portal.arithmetic import arithmetic
from portal.forms.agreements import ReasonForm
from portal.plain_terms import plain_terms
from portal.rules.run_steps import STEPS, is_working, step_cells
from portal.views.console_partners import actor
from portal.views.or_404 import or_404
from portal.words.told import told
from tenants.accounts.permissions import permission


@permission("runs.view")
@require_safe
def run(request: HttpRequest, run_id: uuid.UUID) -> HttpResponse:
    """The whole run; `?from=` pages through its lines."""
    return _page(request, run_id)


@permission("runs.approve")
@require_POST
def approve(request: HttpRequest, run_id: uuid.UUID) -> HttpResponse:
    """Approve the attempt that was shown; a worker issues its documents."""
    attempt = request.POST.get("attempt", "")
    attempts = {run_id: int(attempt)} if attempt.isdecimal() else {}
    return _do(request, run_id, _("Approved. The documents are being issued."),
               lambda: approve_runs(run_ids=[run_id], actor=actor(request), now=timezone.now(),
                                    attempts=attempts))  # fmt: skip


@permission("runs.prepare")
@require_POST
def reject(request: HttpRequest, run_id: uuid.UUID) -> HttpResponse:
    """Send a run in review back, with the reason."""
    return _send_back(request, run_id, reject_run, _("Sent back. Settle it again when ready."))


@permission("runs.approve")
@require_POST
def withdraw(request: HttpRequest, run_id: uuid.UUID) -> HttpResponse:
    """Take an approval back before the documents are issued."""
    return _send_back(request, run_id, withdraw_run, _("The approval is withdrawn."))


@permission("runs.prepare")
@require_POST
def again(request: HttpRequest, run_id: uuid.UUID) -> HttpResponse:
    """Queue a parked, rejected or stuck run, or submit what the calendar rated."""

    def queue() -> None:
        run = go_on(run_id=run_id, actor=actor(request), now=timezone.now())
        if run.state not in WORKING:
            raise WrongState(f"A run that is {run.state} is not settled again; nothing was queued.")

    return _do(request, run_id, _("Queued. A worker settles it again."), queue)


@permission("runs.view")
@require_safe
def archive(request: HttpRequest, run_id: uuid.UUID) -> HttpResponse:
    """Everything behind an issued run as one hashed zip, for auditors."""
    try:
        content = archive_run(run_id=run_id, now=timezone.now())
    except UnknownRun as error:
        raise Http404 from error
    except BillingError as error:
        messages.error(request, told(error))
        return HttpResponseRedirect(reverse("console_run", kwargs={"run_id": run_id}))
    name = f'attachment; filename="run-{run_id}.zip"'
    return HttpResponse(content, content_type="application/zip",
                        headers={"Content-Disposition": name})  # fmt: skip


@permission("runs.view")
@require_safe
def draft(request: HttpRequest, run_id: uuid.UUID, draft_id: uuid.UUID) -> HttpResponse:
    """What a document would say, before it has a number."""
    paper = or_404(draft_of_run(run_id, draft_id))
    return render(request, "console/draft.html", {"paper": paper, "lines": list(paper.lines.all())})


def _page(request: HttpRequest, run_id: uuid.UUID, form: ReasonForm | None = None) -> HttpResponse:
    first = request.GET.get("from", "0")
    first_line = int(first) if first.isdecimal() and len(first) < 8 else 0
    detail = or_404(billing.run_detail(run_id, lines_from=first_line))
    found = detail.run
    waits = waits_for_person(found.state, found.reason, found.opened_by)
    return render(request, "console/run.html", {
        "detail": detail, "run": found, "form": form or ReasonForm(),
        "sent_back": waits and bool(found.reason), "to_submit": waits and not found.reason,
        "steps": list(zip(STEPS, step_cells(found.state, waits=waits), strict=True)),
        "lines": [(line, arithmetic(line)) for line in detail.lines],
        "terms": [(version, plain_terms(version_terms(version))) for version in detail.versions],
        "is_mine": found.preparer == actor(request), "can": _possible(request, detail),
        "working": is_working(found.state, found.reason, found.opened_by),
        "first": first_line + 1, "last": first_line + len(detail.lines),
        "earlier_lines": max(0, first_line - PAGE) if first_line else None,
        "later_lines": first_line + PAGE if first_line + PAGE < detail.line_count else None,
    })  # fmt: skip


def _possible(request: HttpRequest, detail: billing.RunDetail) -> set[str]:
    """What this person may do to the run now; approving one's own run is shown, but refused."""
    person: Any = request.user
    needs = {"approve": "runs.approve", "reject": "runs.prepare", "withdraw": "runs.approve",
             "resume": "runs.prepare"}  # fmt: skip
    can = {verb for verb in detail.verbs if verb in needs and person.may(needs[verb])}
    run = detail.run
    if waits_for_person(run.state, run.reason, run.opened_by) and person.may("runs.prepare"):
        can.add("resume")
    return can


def _send_back(
    request: HttpRequest, run_id: uuid.UUID, act: Callable[..., Any], done: str
) -> HttpResponse:
    form = ReasonForm(request.POST)
    if not form.is_valid():
        return _page(request, run_id, form)
    reason = form.cleaned_data["reason"]
    return _do(request, run_id, done,
               lambda: act(run_id=run_id, actor=actor(request), reason=reason,
                           now=timezone.now()))  # fmt: skip


def _do(request: HttpRequest, run_id: uuid.UUID, done: str, act: Callable[[], Any]) -> HttpResponse:
    try:
        act()
    except BillingError as error:
        messages.error(request, told(error))
    else:
        messages.success(request, done)
    return HttpResponseRedirect(reverse("console_run", kwargs={"run_id": run_id}))
