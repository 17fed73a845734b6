"""`/invoices/details/`: what a customer's next invoices say of it, and where they go."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from cache_api.actions import customers as actions
from cache_api.models import Customer
from cache_api.rules.customer_facts import BadCustomer
from portal.forms.people import BillingForm
from portal.views.customer_overview import own_customer
from portal.words.told import told
from tenants.accounts.permissions import permission


@permission("my.billing.manage")
def details(request: HttpRequest) -> HttpResponse:
    """Name, address, e-mail, reference; a change by somebody else meanwhile is told."""
    row = own_customer(request)
    known = {**row.billing, "address": "\n".join(row.billing.get("address", ()))}
    initial = {**known, "seen": actions.fingerprint(row)}
    form = BillingForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid() and _saved(request, form, row, known):
        return HttpResponseRedirect(reverse("customer_invoices"))
    return render(request, "customer/billing.html", {"form": form, "customer": row})


def _saved(
    request: HttpRequest, form: BillingForm, row: Customer, known: dict[str, str]
) -> bool:  # fmt: skip
    """Whether it is done; if not, the form says why. What is the partner's to say stays."""
    given = dict(form.cleaned_data)
    seen = given.pop("seen")
    try:
        done = actions.change_customer(
            partner_id=request.owner.partner_id,  # type: ignore[attr-defined]
            customer_id=row.pk, name=row.name, plan=row.plan, billing={**known, **given},
            seen=seen, now=timezone.now(),
            actor=str(request.user.email).lower(),  # type: ignore[union-attr]
        )  # fmt: skip
    except BadCustomer as bad:
        form.add_error(bad.member if bad.member in form.fields else None, told(bad))
        return False
    said = _("Saved: your next invoices show it.") if done else _("Nothing was changed.")
    messages.success(request, said)
    return True
