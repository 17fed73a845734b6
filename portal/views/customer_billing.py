"""`/invoices/details/`: what a customer's next papers say of it, entered by its own people."""

from __future__ import annotations

from functools import partial

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from cache_api.actions.customer_billing import change_own_billing
from cache_api.models import Customer
from cache_api.rules.customer_facts import BadCustomer
from portal.forms.billing import BillingForm, written
from portal.views.customer_overview import own_customer
from portal.views.entering import entered
from portal.words.told import told
from tenants import queries
from tenants.accounts.permissions import permission
from tenants.rules.meanwhile import mark

SHOWN = 5  # of the changes so far


@permission("my.billing.manage")
def details(request: HttpRequest) -> HttpResponse:
    """The facts in a form, and who changed them; somebody else's change meanwhile is told."""
    row = own_customer(request)
    form = BillingForm(request.POST or None,
                       initial={**written(row.billing), "seen": mark(row.billing)})  # fmt: skip
    if request.method == "POST" and form.is_valid() and _saved(request, row, form):
        return HttpResponseRedirect(reverse("customer_billing"))
    reader = queries.customer_reader(
        request.owner.partner_id, row.pk, row.external_id  # type: ignore[attr-defined]
    )  # fmt: skip
    changes = queries.audit_entries(reader, queries.AuditFilter(verb="customer.billing_changed"))
    return render(request, "customer/billing.html", {
        "form": form, "customer": row,
        "changes": [(one, sorted(one.data["after"])) for one in changes[:SHOWN]],
    })  # fmt: skip


def _saved(request: HttpRequest, row: Customer, form: BillingForm) -> bool:
    """Whether it is done; if not, the form says why."""
    given = dict(form.cleaned_data)
    change = partial(
        change_own_billing, partner_id=request.owner.partner_id,  # type: ignore[attr-defined]
        customer_id=row.pk, seen=given.pop("seen"), billing=given, now=timezone.now(),
        actor=str(request.user.email).lower(),  # type: ignore[union-attr]
    )  # fmt: skip
    try:
        return entered(request, form, change, _("Saved: invoices from the next one on show it."))
    except BadCustomer as bad:
        form.add_error(bad.member if bad.member in form.fields else None, told(bad))
        return False
