"""Partners on the console: the list, one partner, opening one and watching it open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from billing import queries as billing
from billing.models import AgreementVersion, Document
from billing.queries.terms import version_terms
from portal import words
from portal.forms.agreements import OpenPartnerForm
from portal.pictures import channel as channel_pictures
from portal.plain_terms import plain_terms
from portal.queries import channel
from portal.queries.pipeline import partner_health
from portal.queries.worth import partner_worth
from portal.views.asked import PAGE_SIZE, Pager, asked_page
from portal.words.told import told
from tenants import queries as tenants
from tenants.accounts.permissions import permission
from tenants.actions.partners import UnableToOpenPartner, request_partner, retry_opening
from tenants.models import Partner, ProvisioningJob

# Which field of the form a refusal is about; other refusals stand above the form.
_FIELD_OF = {
    "bad_slug": "slug", "bad_kind": "kind", "bad_host": "host", "bad_colour": "seed_hex",
    "bad_name": "name", "bad_product_name": "product_name", "bad_legal_name": "legal_name",
    "bad_tagline": "tagline", "bad_owner": "owner_email",
}  # fmt: skip
RUNS_SHOWN, PAPERS_SHOWN = 13, 10


@permission("channel.view")
@require_safe
def partners(request: HttpRequest) -> HttpResponse:
    """Partners with their deal, state, health and last 30 days beside the 30 before: `?q=`,
    `?state=`, `?page=`."""
    now, number = timezone.now(), asked_page(request)
    search, state = request.GET.get("q", "").strip()[:200], request.GET.get("state", "")
    if state and state not in Partner.State.values:
        raise BadRequest(f"state={state!r}: use one of {', '.join(Partner.State.values)}.")
    found, total, count = channel.partners_page(
        search, state, limit=PAGE_SIZE, offset=(number - 1) * PAGE_SIZE
    )
    days = channel.days_up_to(now.date(), 30)
    traffic, before = channel.partner_traffic(days), channel.partner_traffic(days.before)
    deals, health = channel.deals_in_force(now), partner_health(found, now)
    rows = [
        {"partner": row, "deal": deals.get(row.id), "traffic": traffic.get(row.id),
         "before": before.get(row.id), "health": health[row.id], "host": primary_host(row)}
        for row in found
    ]  # fmt: skip
    return render(request, "console/partners.html", {
        "rows": rows, "pager": Pager(number, total), "count": count, "search": search,
        "state": state, "states": Partner.State.values,
    })  # fmt: skip


@permission("channel.view")
@require_safe
def partner(request: HttpRequest, slug: str) -> HttpResponse:
    """One partner: hosts, brand, agreement in plain words, traffic, runs, documents."""
    row = _partner(slug)
    now = timezone.now()
    may_see_money = request.user.may("runs.view")  # type: ignore[union-attr]
    papers, paper_count = _papers(row, now) if may_see_money else ([], 0)
    return render(request, "console/partner.html", {
        "partner": row, "hosts": list(row.domains.order_by("-is_primary", "domain")),
        "look": channel.published_brand(row.id), "versions": _versions(row, now),
        "chart": channel_pictures.requests_by_day(
            channel.traffic_days(channel.days_with(now.date(), 30), row.id), now.date()),
        "runs": channel.partner_runs(row.id, RUNS_SHOWN) if may_see_money else [],
        "papers": papers, "paper_count": paper_count, "may_see_money": may_see_money,
        "worth": partner_worth(row.id, now) if may_see_money else [],
    })  # fmt: skip


@permission("partners.open")
def open_partner(request: HttpRequest) -> HttpResponse:
    """Leave the same request `manage.py open_partner` leaves; the provisioner does the work."""
    form = OpenPartnerForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            job = request_partner(**form.cleaned_data, actor=actor(request), now=timezone.now())
        except UnableToOpenPartner as refused:
            form.add_error(_FIELD_OF.get(refused.code), told(refused))
        else:
            return HttpResponseRedirect(
                reverse("console_opening", kwargs={"slug": job.partner.slug})
            )
    context = {"form": form, "steps": words.OPENING_STEPS.values()}
    return render(request, "console/open_partner.html", context)


@permission("partners.open")
@require_safe
def opening(request: HttpRequest, slug: str) -> HttpResponse:
    """How far the provisioner has got; htmx asks again each second, a plain browser reloads."""
    row = _partner(slug)
    job = tenants.provisioning_job(row.id)
    if job is None:
        raise Http404
    context = {
        "partner": row, "job": job, "steps": _steps(job), "host": primary_host(row),
        "site": tenants.site(row.id),
        "working": job.state in (ProvisioningJob.State.QUEUED, ProvisioningJob.State.RUNNING),
        "waits_long": _waits_long(job),
    }  # fmt: skip
    return render(request, "console/opening.html", context)


@permission("partners.open")
@require_POST
def retry(request: HttpRequest, slug: str) -> HttpResponse:
    """Queue a failed opening again."""
    row = _partner(slug)
    if retry_opening(partner_id=row.id, actor=actor(request), now=timezone.now()):
        messages.success(request, _("Queued again: it goes on with the step that failed."))
    else:
        messages.info(request, _("Nothing to try again: the opening had not failed."))
    return HttpResponseRedirect(reverse("console_opening", kwargs={"slug": slug}))


def actor(request: HttpRequest) -> str:
    """Who acts, as actions and the audit log write it."""
    return str(request.user.email).lower()  # type: ignore[union-attr]


def primary_host(row: Partner) -> str:
    """The partner's own host, or its fallback."""
    hosts = sorted(row.domains.all(), key=lambda host: not host.is_primary)
    return hosts[0].domain if hosts else ""


@dataclass(frozen=True)
class Step:
    """One step of an opening; `state` is done, now, failed or later."""

    label: Any
    state: str


def _steps(job: ProvisioningJob) -> list[Step]:
    names = list(words.OPENING_STEPS)
    at = names.index(job.step) if job.step in names else -1
    if job.state == ProvisioningJob.State.DONE:
        at = len(names)
    here = "failed" if job.state == ProvisioningJob.State.FAILED else "now"
    return [
        Step(label, "done" if n < at else here if n == at else "later")
        for n, label in enumerate(words.OPENING_STEPS.values())
    ]


def _waits_long(job: ProvisioningJob) -> bool:
    """Nobody has taken the job, or its step has not moved, for a while."""
    return (timezone.now() - job.updated_at).total_seconds() > 15


def _partner(slug: str) -> Partner:
    found = tenants.partner_by_slug(slug)
    if found is None:
        raise Http404
    return found


def _papers(row: Partner, now: Any) -> tuple[list[billing.DocumentRow], int]:
    return billing.documents_page(
        today=now.date(), partner_id=row.id, kinds=Document.Kind.values, limit=PAPERS_SHOWN
    )


def _versions(row: Partner, now: Any) -> list[dict[str, Any]]:
    return [
        {"version": version, "terms": plain_terms(version_terms(version)),
         "phase": _phase(version, now), "in_poc": version_terms(version).in_poc(now)}
        for version in channel.agreement_versions(row.id)
    ]  # fmt: skip


def _phase(version: AgreementVersion, now: Any) -> str:
    if version.approved_at is None:
        return "draft"
    if version.valid_from > now:
        return "coming"
    return "ended" if version.valid_to and version.valid_to <= now else "current"
