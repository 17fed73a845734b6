"""`/manage/customers/<id>/retention/`: how long the answers of one customer are kept at most."""

from __future__ import annotations

import uuid
from functools import partial
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from cache_api.actions.retention import choose_customer_retention, held_hours
from cache_api.models import Customer
from cache_api.rules.retention import BadRetention
from portal.forms.retention import CustomerRetentionForm
from portal.views.asked import customer_at
from portal.views.entering import entered
from portal.views.step_up import is_sure
from portal.words.retention import hours_text
from tenants import queries
from tenants.accounts.permissions import permission


@permission("customers.manage")
def page(request: HttpRequest, customer_id: uuid.UUID) -> HttpResponse:
    """The choice in a form that asks for the password, and who chose what so far."""
    customer, partner_id = customer_at(customer_id), _partner(request)
    row, most = queries.retention(partner_id, customer.external_id), held_hours(partner_id)
    held = row.hours if row else None
    own = held if held and held < most else None
    form = CustomerRetentionForm(
        request.POST or None, most=most, held=held, person=request.user,
        initial={"hours": own or "", "seen": row.number if row else 0},
    )  # fmt: skip
    if request.method == "POST" and form.is_valid() and _saved(request, customer, form):
        return HttpResponseRedirect(reverse("partner_customer", args=[customer.pk]))
    entries = queries.retention_entries(partner_id, customer.external_id)
    return render(request, "partner/customer_retention.html", {
        "customer": customer, "form": form, "held": hours_text(own or most),
        "entries": [(one, hours_text(one.hours) if one.hours else "") for one in entries],
    })  # fmt: skip


def _saved(request: HttpRequest, customer: Customer, form: CustomerRetentionForm) -> bool:
    """Whether it is done; if not, the form says why."""
    if not is_sure(request, form):
        return False
    given: dict[str, Any] = form.cleaned_data
    choose = partial(
        choose_customer_retention, partner_id=_partner(request), customer=customer.external_id,
        hours=given["hours"], seen=given["seen"], now=timezone.now(),
        actor=str(request.user.email),  # type: ignore[union-attr]
    )  # fmt: skip
    saved = _("Saved: it holds for answers that are stored from now on.")
    try:
        return entered(request, form, choose, saved)
    except BadRetention as bad:
        form.add_error("hours", _("At most %s are allowed here.") % hours_text(bad.most))
        return False


def _partner(request: HttpRequest) -> uuid.UUID:
    return request.owner.partner_id  # type: ignore[attr-defined,no-any-return]
