"""The exceptions queue: what of the month's money a person has to look at."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from billing import queries as billing
from billing.actions.exceptions import ask_waiver, take_exception
from billing.rules.errors import BillingError
from billing.rules.exceptions import (
    OVERDUE_AFTER,
    PARKED,
    Exceptional,
    money_at_risk,
    wants_rates,
)
from portal.views.console_partners import actor
from portal.words.told import told
from tenants.accounts.permissions import permission
from tenants.queries import partner_names
from tenants.rules.meanwhile import ChangedMeanwhile, mark

PAGES = {
    "run": ("console_run", "run_id"),
    "agreement": ("console_agreement", "agreement_id"),
    "dispute": ("console_dispute", "dispute_id"),
    "document": ("console_document", "document_id"),
    "rates": ("console_rates", ""),
    "prices": ("console_prices", ""),
    "payments": ("console_payments", ""),
    "payouts": ("console_payouts", ""),
    "stripe": ("console_stripe", ""),
}  # kind of target → url name and its argument


@permission("runs.view")
@require_safe
def exceptions(request: HttpRequest) -> HttpResponse:
    """All open exceptions with money at risk, owner and age, most pressing first; those waived."""
    now = timezone.now()
    everything = billing.all_exceptions(now)
    found = [one for one in everything if not one.waived]
    names = partner_names()
    by_id = {str(key): name for key, name in names.items()}
    rows = [
        {
            "one": one, "partner": by_id.get(one.partner_id, ""), "url": _url(one),
            "wants_rates": one.kind == PARKED and wants_rates(one.detail),
            "age": one.age(now), "overdue": one.age(now) > OVERDUE_AFTER,
            "seen": mark(one.owner),
        }
        for one in found
    ]  # fmt: skip
    return render(request, "console/exceptions.html", {
        "rows": rows, "at_risk": money_at_risk(found), "me": actor(request),
        "waived": [one for one in everything if one.waived],
        "unowned": sum(not one.owner for one in found),
    })  # fmt: skip


@permission("runs.prepare")
@require_POST
def take(request: HttpRequest) -> HttpResponse:
    """Look after one exception from now on."""
    key = request.POST.get("key", "")
    if not 0 < len(key) <= 160:
        raise BadRequest(_("The exception could not be read. Reload the queue."))
    try:
        take_exception(key=key, seen=request.POST.get("seen", ""), actor=actor(request),
                       now=timezone.now())  # fmt: skip
    except ChangedMeanwhile:
        messages.error(request, _("Somebody else took it meanwhile. Look who has it now."))
    else:
        messages.success(request, _("It is yours."))
    return HttpResponseRedirect(reverse("console_exceptions"))


@permission("runs.prepare")
@require_POST
def waive(request: HttpRequest) -> HttpResponse:
    """Ask to let one exception be; a second person decides (`console_decide_entry`)."""
    try:
        ask_waiver(key=request.POST.get("key", ""), reason=request.POST.get("reason", ""),
                   actor=actor(request), now=timezone.now())  # fmt: skip
    except BillingError as error:
        messages.error(request, told(error))
    else:
        messages.success(request, _("Asked. It leaves the queue once a second person approves."))
    return HttpResponseRedirect(reverse("console_exceptions"))


def _url(one: Exceptional) -> str:
    kind, row_id = one.target
    if kind not in PAGES:
        return ""
    name, argument = PAGES[kind]
    return reverse(name, kwargs={argument: row_id} if argument else {})
