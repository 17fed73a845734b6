"""Suspend, resume or move many customers: what would happen to how many, then it does."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from billing.actions.plans import move_customers
from billing.queries.plans import VersionView, joinable
from billing.rules.errors import BillingError
from cache_api.actions.customers_bulk import suspend_customers
from cache_api.queries.quota_use import lookups_of
from cache_api.rules.bulk import MOST, Outcome
from portal.forms.people import SuspendForm
from portal.forms.plans import MoveForm
from portal.queries.directory import found_ids
from portal.views.asked import asked_range, not_one_of
from portal.views.partner_customers import asked_filter
from portal.words import bulk as words
from portal.words import plans as plan_words
from portal.words.told import told
from tenants.accounts.permissions import eyes, permission

WEEK = timedelta(days=7)


@permission("customers.manage")
@require_POST
def bulk(request: HttpRequest) -> HttpResponse:
    """`verb` for `customer`s, or for all that a filter leaves (`which=all`).

    Nothing changes before `step=do`; a dry run is the act itself, taken back.
    """
    verb, step = request.POST.get("verb", ""), request.POST.get("step", "")
    if verb not in words.VERBS:
        raise not_one_of("verb", verb, words.VERBS)
    if verb == words.PLAN and not eyes(request).may("plans.manage"):
        raise PermissionDenied
    chosen = _chosen(request)
    if not 1 <= len(chosen) <= MOST:
        most = _("At most %(n)s customers at a time. Narrow the list.") % {"n": MOST}
        messages.error(request, most if chosen else _("Mark customers first."))
        return _back()
    form = _form(request, verb, bound=bool(step))
    context: dict[str, Any] = {
        "verb": verb, "form": form, "chosen": chosen, "title": words.TITLES[verb],
        "label": words.VERBS[verb], "is_plan": verb == words.PLAN,
    }  # fmt: skip
    try:
        if step == "do" and form.is_valid():
            return _done(request, verb, _act(request, verb, chosen, form, only_try=False))
        if verb != words.PLAN or form.is_valid():
            context |= _dry_run(request, verb, chosen, form)
    except BillingError as error:
        form.add_error(None, told(error))
    return render(request, "partner/customers_bulk.html", context)


def _chosen(request: HttpRequest) -> list[uuid.UUID]:
    """The marked ones, or all that the list's filter leaves; one too many where there are more."""
    if request.POST.get("which") == "all":
        money = eyes(request).may("invoices.view")
        wanted, window = asked_filter(request.POST, money=money), asked_range(request)
        return found_ids(_partner(request), window, wanted, money=money, most=MOST)
    try:
        return sorted({uuid.UUID(text) for text in request.POST.getlist("customer")})
    except ValueError as error:
        raise BadRequest(_("The chosen customers could not be read. Reload the page.")) from error


def _form(request: HttpRequest, verb: str, *, bound: bool) -> forms.Form:
    data, now = (request.POST if bound else None), timezone.now()
    if verb != words.PLAN:
        form = SuspendForm(data)
        form.fields["reason"].required = verb == words.SUSPEND
        return form
    return MoveForm(data, now=now, versions=plan_words.choices(_versions(request)))


def _versions(request: HttpRequest) -> dict[str, VersionView]:
    return joinable(_partner(request), timezone.now())


def _dry_run(
    request: HttpRequest, verb: str, chosen: list[uuid.UUID], form: forms.Form
) -> dict[str, Any]:
    outcome, now = _act(request, verb, chosen, form, only_try=True), timezone.now()
    context = {
        "outcome": outcome, "refused": [(name, told(why)) for name, why in outcome.refused],
        "lines": words.outcome_lines(verb, outcome),
        "week": sum(lookups_of(chosen, now - WEEK, now).values()),
    }  # fmt: skip
    if isinstance(form, MoveForm) and outcome.changed:
        after = _versions(request).get(form.cleaned_data["version"])
        context["plan_lines"] = plan_words.terms_lines(after, form.starts_at(), now)
    return context


def _act(
    request: HttpRequest, verb: str, chosen: list[uuid.UUID], form: forms.Form, *, only_try: bool
) -> Outcome:
    """Do it, or do it and take it back. Raises BillingError where nobody can be moved so."""
    given: dict[str, Any] = {
        "partner_id": _partner(request), "customer_ids": chosen, "now": timezone.now(),
        "actor": str(request.user.email).lower(), "only_try": only_try,  # type: ignore[union-attr]
    }  # fmt: skip
    if isinstance(form, MoveForm):
        version = form.cleaned_data["version"]
        return move_customers(version_id=uuid.UUID(version) if version else None,
                              starts_at=form.starts_at(), **given)  # fmt: skip
    reason = "dry run" if only_try else form.cleaned_data["reason"]
    return suspend_customers(suspended=verb == words.SUSPEND, reason=reason, **given)


def _done(request: HttpRequest, verb: str, outcome: Outcome) -> HttpResponse:
    messages.success(request, " ".join(words.outcome_lines(verb, outcome)))
    if outcome.refused:
        messages.warning(request, words.refused_text(outcome))
    return _back()


def _back() -> HttpResponseRedirect:
    return HttpResponseRedirect(reverse("partner_customers"))


def _partner(request: HttpRequest) -> uuid.UUID:
    return request.owner.partner_id  # type: ignore[attr-defined,no-any-return]
