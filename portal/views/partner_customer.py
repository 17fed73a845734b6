"""What a partner does with a customer: adds, edits, limits, suspends it; and a table of many."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from billing.rules.csv_text import csv_bytes
from cache_api.actions import customers as actions
from cache_api.actions.entitle import set_quota
from cache_api.models import CustomerState
from cache_api.queries import usage_summary
from cache_api.rules.customer_facts import COLUMNS, BadCustomer, read_table
from portal.forms.billing import CustomerForm, written
from portal.forms.people import ImportForm, NewCustomerForm, QuotaForm, SuspendForm
from portal.views.asked import customer_at
from portal.views.entering import entered
from portal.views.files import csv_file
from portal.words.told import told
from tenants import queries
from tenants.accounts.permissions import permission
from tenants.queries.people import count_customer_people
from tenants.rules.meanwhile import mark

LARGEST_FILE = 10 * 1024 * 1024
SHOWN_REFUSALS = 1_000
_REFUSED = {"line": "int", "column": "str", "why": "str"}


@permission("customers.manage")
def new(request: HttpRequest) -> HttpResponse:
    """A customer before its first request."""
    form = NewCustomerForm(request.POST or None)

    def save() -> HttpResponse:
        row = actions.add_customer(partner_id=_partner(request), actor=_actor(request),
                                   now=timezone.now(), **form.cleaned_data)  # fmt: skip
        return _to(request, row.pk, _("The customer is added."))

    return _saved(request, form, save, "partner/customer_new.html", {})


@permission("customers.manage")
def edit(request: HttpRequest, customer_id: uuid.UUID) -> HttpResponse:
    """Name, plan, billing facts; a change by somebody else meanwhile is told."""
    row = customer_at(customer_id)
    context = {"customer": row}
    initial = {"name": row.name, "plan": row.plan, "seen": mark(*actions.facts_of(row))}
    form = CustomerForm(request.POST or None, initial={**initial, **written(row.billing)})

    def save() -> HttpResponse:
        given = dict(form.cleaned_data)
        names = {name: given.pop(name) for name in ("name", "plan", "seen")}
        change = partial(
            actions.change_customer, partner_id=_partner(request), customer_id=row.pk,
            billing=given, actor=_actor(request), now=timezone.now(), **names,
        )  # fmt: skip
        return _entered(request, form, change, "partner/customer_edit.html", context)

    return _saved(request, form, save, "partner/customer_edit.html", context)


@permission("customers.manage")
def quota(request: HttpRequest, customer_id: uuid.UUID) -> HttpResponse:
    """How many lookups; in force within seconds."""
    row = customer_at(customer_id)
    context = {"customer": row}
    form = QuotaForm(request.POST if request.method == "POST" else None,
                     initial={**(row.quota or {}), "seen": mark(row.quota)})  # fmt: skip

    def save() -> HttpResponse:
        change = partial(
            set_quota, partner_id=_partner(request), external_id=row.external_id,
            quota=form.quota(), seen=form.cleaned_data["seen"] or None, actor=_actor(request),
            now=timezone.now(),
        )  # fmt: skip
        return _entered(request, form, change, "partner/customer_quota.html", context)

    return _saved(request, form, save, "partner/customer_quota.html", context)


@permission("customers.manage")
def suspend(request: HttpRequest, customer_id: uuid.UUID) -> HttpResponse:
    """What would stop; then, with a reason, it does. The same page resumes."""
    row, now = customer_at(customer_id), timezone.now()
    suspended = row.state != CustomerState.SUSPENDED
    form = SuspendForm(request.POST or None)
    form.fields["reason"].required = suspended

    def save() -> HttpResponse:
        done = actions.set_suspended(
            partner_id=_partner(request), customer_id=row.pk, suspended=suspended,
            reason=form.cleaned_data["reason"], actor=_actor(request), now=now,
        )  # fmt: skip
        said = _("Suspended: requests are refused within five seconds.")
        if not suspended:
            said = _("Resumed: requests are answered within five seconds.")
        return _to(request, row.pk, said if done else _("It was so already; nothing changed."))

    context = {
        "customer": row, "suspended": suspended,
        "usage": usage_summary(now - timedelta(days=7), now, row.pk),
        "key_count": queries.api_keys_page(_partner(request), row.external_id, limit=1)[1],
        "people_count": count_customer_people(row.pk),
    }  # fmt: skip
    return _saved(request, form, save, "partner/customer_suspend.html", context)


@permission("customers.manage")
def import_table(request: HttpRequest) -> HttpResponseBase:
    """All customers of a CSV file, or none and every line that stands in the way."""
    form = ImportForm(request.POST or None, request.FILES or None)
    context: dict[str, Any] = {"form": form, "columns": COLUMNS}
    if request.method == "POST" and form.is_valid():
        try:
            context |= _imported(request, form)
        except BadCustomer as bad:
            form.add_error("file", told(bad))
        refused = context.pop("all_refused", [])
        if refused and form.cleaned_data["as_file"]:
            whose: Any = request.owner  # type: ignore[attr-defined]
            rows = [(one.line, one.member, one.reason) for one in refused]
            return csv_file(whose, "refused", lambda: (_REFUSED, iter(rows)))
    return render(request, "partner/customer_import.html", context)


@permission("customers.manage")
@require_safe
def template(request: HttpRequest) -> HttpResponse:
    """The head line of such a file, and nothing below it."""
    headers = {"Content-Disposition": 'attachment; filename="customers.csv"'}
    return HttpResponse(csv_bytes(COLUMNS, ()), content_type="text/csv", headers=headers)


def _imported(request: HttpRequest, form: ImportForm) -> dict[str, Any]:
    file = form.cleaned_data["file"]
    if file.size > LARGEST_FILE:
        raise BadCustomer("file", _("The file is larger than 10 MB."))
    try:
        text = file.read().decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadCustomer("file", _("The file is not UTF-8; save it as CSV UTF-8.")) from error
    rows, found = read_table(text)
    refused = [replace(one, reason=told(one.reason)) for one in found]
    report: dict[str, Any] = {
        "refused": refused[:SHOWN_REFUSALS], "refused_count": len(refused), "good": len(rows),
    }  # fmt: skip
    if not refused and rows and not form.cleaned_data["only_check"]:
        report["done"] = actions.import_customers(
            partner_id=_partner(request), rows=rows, actor=_actor(request), now=timezone.now()
        )
    return {"report": report, "all_refused": refused}


def _saved(
    request: HttpRequest, form: Any, save: Callable[[], HttpResponse], template: str,
    context: dict[str, Any],
) -> HttpResponse:  # fmt: skip
    if request.method not in ("GET", "HEAD", "POST"):
        raise BadRequest(_("%(method)s does nothing here.") % {"method": request.method})
    if request.method == "POST" and form.is_valid():
        try:
            return save()
        except BadCustomer as bad:
            form.add_error(bad.member if bad.member in form.fields else None, told(bad))
    return render(request, template, {"form": form, **context})


def _entered(
    request: HttpRequest, form: Any, change: Callable[[], bool], template: str,
    context: dict[str, Any],
) -> HttpResponse:  # fmt: skip
    """To the customer's page, or the form again where somebody else was faster."""
    if entered(request, form, change, _("Saved.")):
        return HttpResponseRedirect(reverse("partner_customer", args=[context["customer"].pk]))
    return render(request, template, {"form": form, **context})


def _to(request: HttpRequest, customer_id: uuid.UUID, said: str) -> HttpResponse:
    messages.success(request, said)
    return HttpResponseRedirect(reverse("partner_customer", kwargs={"customer_id": customer_id}))


def _partner(request: HttpRequest) -> uuid.UUID:
    return request.owner.partner_id  # type: ignore[attr-defined,no-any-return]


def _actor(request: HttpRequest) -> str:
    return str(request.user.email).lower()  # type: ignore[union-attr]
