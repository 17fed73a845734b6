"""`/manage/payouts/`: where the partner's money goes, and every payout on its way."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from billing.actions.payout_details import HOLD, ask_payout_details, decide_payout_details
from billing.gateways.stripe_api import configured
from billing.queries.payout_figures import payout_figures
from billing.queries.payouts import details_rows, payouts_page
from billing.queries.remote import onboarding
from billing.rules.errors import BillingError
from portal.forms.money import PayoutDetailsForm
from portal.views.step_up import is_sure, password_problem
from portal.words.told import told
from tenants import queries
from tenants.accounts.permissions import permission


@permission("payouts.view")
@require_safe
def payouts(request: HttpRequest) -> HttpResponse:
    """Details (masked), a change that waits, and the payouts."""
    return _page(request)


@permission("payouts.manage")
@require_POST
def ask(request: HttpRequest) -> HttpResponse:
    """Ask for new details; a second owner decides."""
    form = PayoutDetailsForm(request.POST, person=request.user)
    if not (form.is_valid() and is_sure(request, form)):
        return _page(request, form)
    facts = {name: form.cleaned_data[name] for name in ("kind", "holder", "account", "bic")}
    try:
        ask_payout_details(partner_id=owner_id(request), kek=settings.KEK, now=timezone.now(),
                           actor=person(request), **facts)  # fmt: skip
    except BillingError as error:
        form.add_error(None, told(error))
        return _page(request, form)
    messages.success(request, _("Asked. Another owner has to approve it; until then nothing "
                                "changes."))  # fmt: skip
    return back_to_payouts()


@permission("payouts.manage")
@require_POST
def decide(request: HttpRequest, details_id: uuid.UUID) -> HttpResponse:
    """Approve or refuse a change, after the password."""
    problem = password_problem(request, request.POST.get("password", ""))
    if problem:
        messages.error(request, problem)
        return back_to_payouts()
    approve = request.POST.get("decision") == "approve"
    try:
        decide_payout_details(details_id=details_id, partner_id=owner_id(request),
                              approve=approve, actor=person(request),
                              now=timezone.now())  # fmt: skip
    except BillingError as error:
        messages.error(request, told(error))
    else:
        messages.success(request, _("Approved. It is used after %(days)d days.")
                         % {"days": HOLD.days} if approve else _("Refused."))  # fmt: skip
    return back_to_payouts()


def _page(request: HttpRequest, form: PayoutDetailsForm | None = None) -> HttpResponse:
    now = timezone.now()
    details = details_rows(owner_id(request), now)
    return render(request, "partner/payouts.html", {
        "figures": payout_figures(owner_id(request), now), "year": now.year,
        "company": queries.company(owner_id(request))[1],
        "details": details, "waits": next((row for row in details if row.state == "asked"), None),
        "in_use": next((row for row in details if row.state == "usable"), None),
        "on_hold": next((row for row in details if row.state == "on_hold"), None),
        "payouts": payouts_page(partner_id=owner_id(request)),
        "form": form or PayoutDetailsForm(person=request.user), "hold_days": HOLD.days,
        "me": person(request),
        "onboarding": onboarding(owner_id(request), now) if configured() else None,
    })  # fmt: skip


def owner_id(request: HttpRequest) -> uuid.UUID:
    """The partner whose page this is."""
    owner: Any = request.owner  # type: ignore[attr-defined]
    found: uuid.UUID = owner.partner_id
    return found


def person(request: HttpRequest) -> str:
    """Who is signed in, as the audit log names people."""
    return str(request.user.email).lower()  # type: ignore[union-attr]


def back_to_payouts() -> HttpResponseRedirect:
    """To the page itself."""
    return HttpResponseRedirect(reverse("partner_payouts"))
