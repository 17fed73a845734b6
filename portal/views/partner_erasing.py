"""What a customer may ask of a partner: a copy of everything known of it, and to be forgotten."""

from __future__ import annotations

import uuid

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from billing.actions.erase_customer import erase_customer
from billing.actions.export_customer import export_customer
from billing.queries.customer_file import erasure_of, receipt_bytes, receipt_of
from cache_api.actions.purge_entries import PurgeRefused
from cache_api.models import Customer
from portal.forms.erasing import EraseForm
from portal.queries.overview import customer_of
from portal.views.or_404 import or_404
from portal.views.step_up import is_sure
from tenants.accounts.permissions import permission


@permission("customers.erase")
@require_safe
def file(request: HttpRequest, customer_id: uuid.UUID) -> HttpResponse:
    """The customer's data as a zip; that somebody took it is in the log."""
    row = _row(customer_id)
    content = export_customer(
        partner_id=_partner(request), slug=str(request.owner.slug), row=row,  # type: ignore[attr-defined]
        actor=str(request.user.email), now=timezone.now(),  # type: ignore[union-attr]
    )  # fmt: skip
    return _download(content, "application/zip", f"customer-{row.pk}.zip")


@permission("customers.erase")
@require_http_methods(["GET", "HEAD", "POST"])
def erase(request: HttpRequest, customer_id: uuid.UUID) -> HttpResponse:
    """GET: what would go and what stays, or the receipt. POST: it goes."""
    row, partner_id = _row(customer_id), _partner(request)
    form = EraseForm(request.POST or None, external_id=row.external_id,
                     person=request.user)  # fmt: skip
    if request.method == "POST" and form.is_valid() and is_sure(request, form):
        try:
            erase_customer(partner_id=partner_id, customer_id=row.pk, now=timezone.now(),
                           actor=str(request.user.email))  # type: ignore[union-attr] # fmt: skip
            return HttpResponseRedirect(reverse("partner_customer_erase", args=[row.pk]))
        except PurgeRefused:
            form.add_error(None, _("The cached answers cannot be purged at this moment, so "
                                   "nothing was erased. Try again in a minute."))  # fmt: skip
    context = {"customer": row, "form": form, **erasure_of(partner_id, row)._asdict()}
    return render(request, "partner/customer_erase.html", context)


@permission("customers.erase")
@require_safe
def receipt(request: HttpRequest, customer_id: uuid.UUID) -> HttpResponse:
    """What was erased and what is kept, as JSON."""
    row = _row(customer_id)
    entry = receipt_of(_partner(request), row.external_id)
    if entry is None:
        raise Http404
    return _download(receipt_bytes(entry), "application/json", f"erased-{row.pk}.json")


def _row(customer_id: uuid.UUID) -> Customer:
    return or_404(customer_of(customer_id))


def _partner(request: HttpRequest) -> uuid.UUID:
    return request.owner.partner_id  # type: ignore[attr-defined,no-any-return]


def _download(content: bytes, kind: str, name: str) -> HttpResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(content, content_type=kind, headers=headers)
