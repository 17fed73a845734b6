"""`/rates/`: tax and exchange rates, entered by two people; `/finance/margins/`: what is left."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from billing.actions import taxes
from billing.actions.decide_request import approve_request
from billing.actions.finance_requests import decline_request
from billing.queries import rates as found
from billing.queries.margins import margins_by_partner
from billing.rules.errors import BillingError
from billing.rules.periods import month_of, next_month, parse_month, previous_month
from portal.forms.rates import FxForm, StatusForm, TaxForm
from portal.views.console_partners import actor
from portal.words.told import told
from tenants.accounts.permissions import permission
from tenants.queries import partner_names
from tenants.queries.partners import partner_by_slug, partner_choices

# The page whose request was decided → where its decision leads, and what an approval says.
_AFTERWARDS = {
    "": ("console_rates", gettext_lazy("Entered. Runs that wait for it can be settled again.")),
    "prices": ("console_prices", gettext_lazy("Published.")),
    "exceptions": ("console_exceptions", gettext_lazy("Waived: listed below with the reason.")),
}


@permission("runs.view")
@require_safe
def rates(request: HttpRequest) -> HttpResponse:
    """What is in force, its history, what is missing or waits, and the three forms."""
    return _page(request)


@permission("runs.prepare")
@require_POST
def enter_fx(request: HttpRequest) -> HttpResponse:
    """An exchange rate of a day."""
    return _enter(request, "fx_form", FxForm(request.POST), taxes.ask_fx_rate)


@permission("runs.prepare")
@require_POST
def enter_tax(request: HttpRequest) -> HttpResponse:
    """A country's tax rate from a day on."""
    return _enter(request, "tax_form", TaxForm(request.POST), taxes.ask_tax_rate)


@permission("runs.prepare")
@require_POST
def enter_status(request: HttpRequest) -> HttpResponse:
    """How a party is taxed from a day on."""
    form = StatusForm(request.POST, partners=partner_choices())
    return _enter(request, "status_form", form, taxes.ask_party_status)


@permission("runs.approve")
@require_POST
def decide_entry(request: HttpRequest, request_id: uuid.UUID) -> HttpResponse:
    """Approve what somebody else asked for, which enters it; or decline it, with the reason."""
    back, said = _AFTERWARDS.get(request.POST.get("back", ""), _AFTERWARDS[""])
    facts: dict[str, Any] = {"request_id": request_id, "actor": actor(request),
                             "now": timezone.now()}  # fmt: skip
    try:
        if request.POST.get("act") == "decline":
            decline_request(reason=request.POST.get("reason", ""), **facts)
            done = _("Declined.")
        else:
            approve_request(**facts)
            done = str(said)
    except BillingError as error:
        messages.error(request, told(error))
    else:
        messages.success(request, done)
    return HttpResponseRedirect(reverse(back))


@permission("runs.view")
@require_safe
def margins(request: HttpRequest) -> HttpResponse:
    """What was charged, less the partners' shares, less what it cost us: a month's agreements, with
    `?partner=` (a slug) of one partner alone."""
    now, partner_id = timezone.now(), _asked_partner(request)
    try:
        period = parse_month(request.GET["month"])
    except (KeyError, BillingError) as error:
        if isinstance(error, BillingError):
            messages.error(request, told(error))
        period = previous_month(month_of(now))
    names = partner_names()
    return render(request, "console/margins.html", {
        "period": period, "previous": previous_month(period), "following": next_month(period),
        "groups": [(names.get(one.partner_id, ""), one)
                   for one in margins_by_partner(period, partner_id)],
        "partner": names.get(partner_id, "") if partner_id else "",
    })  # fmt: skip


def _asked_partner(request: HttpRequest) -> uuid.UUID | None:
    slug = request.GET.get("partner", "")
    if not slug:
        return None
    row = partner_by_slug(slug) if slug.isprintable() else None
    if row is None:
        raise Http404
    return row.id


def _enter(
    request: HttpRequest, name: str, form: forms.Form, act: Callable[..., object]
) -> HttpResponse:
    if form.is_valid():
        try:
            act(**form.cleaned_data, actor=actor(request), now=timezone.now())
        except BillingError as error:
            form.add_error(None, told(error))
        else:
            messages.success(request, _("Asked. A second person enters it by approving."))
            return HttpResponseRedirect(reverse("console_rates"))
    return _page(request, **{name: form})


def _page(request: HttpRequest, **bound: forms.Form) -> HttpResponse:
    today = timezone.now().date()
    missing = found.missing_rates()
    wanted = next((one for one in missing if one.quote), None)
    first: dict[str, Any] = {"day": wanted.day, "quote": wanted.quote} if wanted else {}
    return render(request, "console/rates.html", {
        "fx_form": FxForm(initial=first), "tax_form": TaxForm(),
        "status_form": StatusForm(partners=partner_choices()), **bound,
        "fx": found.fx_rates(), "tax": found.tax_rates(today),
        "statuses": found.tax_statuses(today), "missing": missing,
        "waiting": found.waiting_entries(), "me": actor(request).lower(),
    }, status=400 if bound else 200)  # fmt: skip
