"""`/manage/payouts/connect/`: open an account at Stripe, go there, come back."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from billing.actions.connected_accounts import ask_look, connect_account, renew_link
from billing.gateways.stripe_api import configured
from billing.rules.errors import BillingError
from portal.views.asked import asked_text
from portal.views.partner_payouts import back_to_payouts, owner_id, person
from portal.views.step_up import password_problem
from portal.words.told import told
from tenants.accounts.permissions import permission


@permission("payouts.manage")
@require_POST
def connect(request: HttpRequest) -> HttpResponse:
    """Ask for an account, after the password; Stripe itself asks the owner for all the rest."""
    _require_stripe()
    problem = password_problem(request, request.POST.get("password", ""))
    if problem:
        messages.error(request, problem)
        return back_to_payouts()
    try:
        connect_account(partner_id=owner_id(request), country=asked_text(request, "country"),
                        actor=person(request), now=timezone.now(), **_urls(request))  # fmt: skip
    except BillingError as error:
        messages.error(request, told(error))
    else:
        messages.success(request, _("Stripe is asked. The way there appears below in a moment."))
    return back_to_payouts()


@permission("payouts.manage")
@require_safe
def refresh(request: HttpRequest) -> HttpResponse:
    """Stripe sends people here whose address was over: a new one is made."""
    _require_stripe()
    try:
        renew_link(partner_id=owner_id(request), now=timezone.now(), **_urls(request))
    except BillingError as error:
        messages.error(request, told(error))
    else:
        messages.info(request, _("A new address is asked for. It appears below in a moment."))
    return back_to_payouts()


@permission("payouts.manage")
@require_safe
def returned(request: HttpRequest) -> HttpResponse:
    """Back from Stripe, whether done or not: what it says now is fetched."""
    _require_stripe()
    ask_look(partner_id=owner_id(request))
    messages.info(request, _("Stripe is asked how far your account is."))
    return back_to_payouts()


def _urls(request: HttpRequest) -> dict[str, str]:
    return {
        "return_url": request.build_absolute_uri(reverse("partner_connect_returned")),
        "refresh_url": request.build_absolute_uri(reverse("partner_connect_refresh")),
    }


def _require_stripe() -> None:
    if not configured():
        raise Http404
