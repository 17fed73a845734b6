"""`/prices/`: the platform's price lists; new prices take two people."""

from __future__ import annotations

from datetime import UTC, datetime, time

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from billing.actions.price_lists import ask_prices
from billing.queries.price_lists import price_lists, waiting_prices
from billing.rules.errors import BillingError
from portal.forms.prices import PricesForm
from portal.views.console_partners import actor
from portal.words.told import told
from tenants.accounts.permissions import permission
from tenants.rules.meanwhile import ChangedMeanwhile


@permission("runs.view")
@require_safe
def prices(request: HttpRequest) -> HttpResponse:
    """Every list with its versions, what waits, and the forms."""
    return _page(request)


@permission("runs.prepare")
@require_POST
def ask(request: HttpRequest) -> HttpResponse:
    """Ask for new prices, or a new list; a second person publishes them by approving."""
    form = PricesForm(request.POST, prefix=request.POST.get("prefix", ""))
    if form.is_valid():
        facts = dict(form.cleaned_data)
        day = datetime.combine(facts.pop("day"), time(), UTC)
        facts |= {"currency": facts["currency"].upper(), "seen": facts["seen"] or None}
        try:
            ask_prices(valid_from=day, actor=actor(request), now=timezone.now(), **facts)
        except (BillingError, ChangedMeanwhile) as error:
            form.add_error(None, told(error))
        else:
            messages.success(request, _("Asked. A second person publishes it by approving."))
            return HttpResponseRedirect(reverse("console_prices"))
    return _page(request, form)


def _page(request: HttpRequest, bound: PricesForm | None = None) -> HttpResponse:
    rows = price_lists(timezone.now())
    written = bound.prefix if bound else None
    forms = [bound if bound and row.card.code == written else PricesForm.of(row) for row in rows]
    known = {row.card.code for row in rows}
    fresh = bound if bound and written not in known else PricesForm()
    return render(request, "console/prices.html", {
        "lists": list(zip(rows, forms, strict=True)), "new_form": fresh,
        "waiting": waiting_prices(), "me": actor(request).lower(),
    }, status=400 if bound else 200)  # fmt: skip
