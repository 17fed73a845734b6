"""Stripe on the console: what waits, what needs a person, where the books differ."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from billing.actions.remote_intents import try_again
from billing.queries.remote import stripe_desk
from billing.rules.errors import BillingError
from portal.views.console_partners import actor
from portal.words.told import told
from tenants.accounts.permissions import permission


@permission("money.view")
@require_safe
def stripe(request: HttpRequest) -> HttpResponse:
    """The whole desk; without a key it says that none is needed."""
    context = {"desk": stripe_desk(), "configured": bool(settings.STRIPE_API_KEY)}
    return render(request, "console/stripe.html", context)


@permission("money.record")
@require_POST
def again(request: HttpRequest, intent_id: uuid.UUID) -> HttpResponse:
    """Look for it at Stripe and ask once more."""
    try:
        try_again(intent_id=intent_id, actor=actor(request), now=timezone.now())
    except BillingError as error:
        messages.error(request, told(error))
    else:
        messages.success(request, _("Queued: it is looked for first, then asked for again."))
    return HttpResponseRedirect(reverse("console_stripe"))
