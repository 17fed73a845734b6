"""A purge that a person asks for: shown first, done when it is confirmed."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from cache_api.actions.purge_entries import PurgeRefused, purge_entries
from cache_api.models import Customer
from portal.forms.cache import PurgeForm
from portal.words.told import told


def asked_purge(
    request: HttpRequest, form: PurgeForm, customer: Customer | None, page: str
) -> HttpResponse:
    """What would go of the customer's; by POST it goes, then back to `page` (a url name).

    Without a customer nothing can be confirmed.
    """
    is_valid = form.is_valid() and customer is not None
    context: dict[str, Any] = {"customer": customer, "form": form, "is_valid": is_valid,
                               "page": reverse(page)}  # fmt: skip
    if request.method != "POST" or customer is None or not is_valid:
        return render(request, "customer/cache_purge.html", context)
    try:
        purge_entries(
            partner_id=request.owner.partner_id,  # type: ignore[attr-defined]
            customer=customer.external_id, livemode=form.cleaned_data["mode"] == "live",
            tag=form.cleaned_data["tag"], actor=str(request.user.email),  # type: ignore[union-attr]
            now=timezone.now(),
        )  # fmt: skip
    except PurgeRefused as refused:
        form.add_error(None, told(refused))
        return render(request, "customer/cache_purge.html", context)
    messages.success(request, _("Purged. Within five seconds no server answers with it any more."))
    return HttpResponseRedirect(reverse(page))
