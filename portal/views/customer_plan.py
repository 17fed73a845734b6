"""`/plan/`: what a customer's plan includes, what of it is used, and the way to more."""

from __future__ import annotations

import uuid
from datetime import timedelta

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from portal.forms.plans import AskForm
from portal.notices import house_of, told_of_plan_request
from portal.queries.plan_month import plan_month
from portal.views.customer_overview import own_customer
from portal.words import plans as words
from tenants import audit, queries
from tenants.accounts.permissions import permission

ASKS_A_DAY = 3


@permission("my.plan.view")
@require_safe
def plan(request: HttpRequest) -> HttpResponse:
    """Included, used this month, the price beyond it, the month at its pace so far."""
    customer = own_customer(request)
    month = plan_month(_partner(request), customer, timezone.now())
    version = month.plan.now
    return render(request, "customer/plan.html", {
        "customer": customer, "month": month, "form": AskForm(),
        "lines": words.offer_lines(version.offer, version.currency) if version else [],
        "next_title": words.title(month.plan.next),
    })  # fmt: skip


@permission("my.plan.view")
@require_POST
def ask(request: HttpRequest) -> HttpResponse:
    """Mail the partner's owners; at most so often a day. The log keeps what was asked."""
    customer, now, form = own_customer(request), timezone.now(), AskForm(request.POST)
    since = queries.AuditFilter(verb="plan.asked", start=now - timedelta(days=1))
    asked = queries.audit_entries(queries.partner_reader(_partner(request)), since)
    if asked.filter(target=customer.external_id).count() >= ASKS_A_DAY:
        messages.error(request, _("You asked three times today. Your request is with them."))
    elif not form.is_valid():
        messages.error(request, _("At most 1,000 characters, please."))
    else:
        _ask(request, form.cleaned_data["wish"])
    return HttpResponseRedirect(reverse("customer_plan"))


def _ask(request: HttpRequest, wish: str) -> None:
    customer, house = own_customer(request), house_of(_partner(request))
    audit.record(
        actor=str(request.user.email).lower(),  # type: ignore[union-attr]
        verb="plan.asked", target=customer.external_id, at=timezone.now(),
        partner_id=_partner(request), data={"wish": wish},
    )  # fmt: skip
    path = reverse("partner_customer_plan", args=[customer.pk])
    if house is not None and told_of_plan_request(house, str(customer), wish, path):
        messages.success(request, _("Asked. They will get in touch with you."))
    else:
        messages.error(request, _("It is noted, but the mail was not taken. Write to them, too."))


def _partner(request: HttpRequest) -> uuid.UUID:
    return request.owner.partner_id  # type: ignore[attr-defined,no-any-return]
