"""Payments on the console: record one, take in a bank file, decide on what is left, send back."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, time
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from billing.actions.bank_files import MAX_BYTES, assign_line, ignore_line, take_bank_file
from billing.actions.payments import Receipt, record_payment
from billing.actions.send_back import send_back
from billing.models import Document, Payment
from billing.queries.payments import (
    bank_lines,
    chargebacks_page,
    invoice_by_number,
    payment_by_id,
    payments_page,
)
from billing.rules.errors import BillingError
from billing.rules.payments import HAND, STRIPE
from portal.forms.money import BankFileForm, PaymentForm, RefundForm
from portal.views.asked import PAGE_SIZE, Pager, asked_page, asked_text
from portal.views.console_partners import actor
from portal.views.or_404 import or_404
from portal.words.told import told
from tenants.accounts.permissions import permission


@permission("money.view")
@require_safe
def payments(request: HttpRequest) -> HttpResponse:
    """Payments, what of the bank's lines waits for a person, and the two forms."""
    return _page(request)


@permission("money.record")
@require_POST
def record(request: HttpRequest) -> HttpResponse:
    """A payment by hand pays one invoice; what is too much stays with it."""
    form = PaymentForm(request.POST)
    document = _invoice(form, form.data.get("number", "")) if form.is_valid() else None
    if document is None:
        return _page(request, payment_form=form)
    facts = form.cleaned_data
    receipt = Receipt(
        key=f"hand {facts['token']}", method=HAND, amount_minor=facts["amount_minor"],
        currency=facts["currency"], payer=facts["payer"], reference=facts["reference"],
        fee_minor=facts["fee_minor"],
        received_at=datetime.combine(facts["received"], time(), UTC),
    )  # fmt: skip
    return _do(request, _("Recorded: %(number)s.") % {"number": document.number},
               lambda: record_payment(partner_id=document.partner_id, receipt=receipt,
                                      pays=[(document.id, None)], actor=actor(request),
                                      now=timezone.now()))  # fmt: skip


@permission("money.record")
@require_POST
def upload(request: HttpRequest) -> HttpResponse:
    """Take in a bank file: what is clear is booked, the rest is listed with its reason."""
    form = BankFileForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, file_form=form)
    given = form.cleaned_data["file"]
    if given.size > MAX_BYTES:
        form.add_error("file", _("The file is too large: 10 MB are the most."))
        return _page(request, file_form=form)
    try:
        file, is_new = take_bank_file(name=given.name, content=given.read(), now=timezone.now(),
                                      actor=actor(request))  # fmt: skip
    except BillingError as error:
        form.add_error("file", told(error))
        return _page(request, file_form=form)
    if not is_new:
        messages.warning(request, _("This file was taken in before; nothing was booked again."))
        return _back()
    states = list(file.lines.values_list("state", flat=True))
    messages.success(request, _("%(all)d lines: %(matched)d booked, %(open)d wait below, "
                                "%(double)d were known.") % {
        "all": len(states), "matched": states.count("matched"), "open": states.count("unmatched"),
        "double": states.count("double")})  # fmt: skip
    return _back()


@permission("money.record")
@require_POST
def assign(request: HttpRequest, line_id: uuid.UUID) -> HttpResponse:
    """Say which invoice a line pays."""
    document = invoice_by_number(asked_text(request, "number"))
    if document is None:
        messages.error(request, _("This is no number of an invoice of ours."))
        return _back()
    return _do(request, _("Booked: %(number)s.") % {"number": document.number},
               lambda: assign_line(line_id=line_id, document_id=document.id, actor=actor(request),
                                   now=timezone.now()))  # fmt: skip


@permission("money.record")
@require_POST
def ignore(request: HttpRequest, line_id: uuid.UUID) -> HttpResponse:
    """Leave a line out, with the reason."""
    return _do(request, _("Left out."),
               lambda: ignore_line(line_id=line_id, reason=asked_text(request, "reason"),
                                   actor=actor(request), now=timezone.now()))  # fmt: skip


@permission("money.record")
def refund(request: HttpRequest, payment_id: uuid.UUID) -> HttpResponse:
    """Send a payment back: at Stripe by the worker, by hand when somebody did it."""
    payment = or_404(payment_by_id(payment_id))
    first = next(iter(payment.applications.all()), None)
    start = {"token": uuid.uuid4(), "currency": payment.currency,
             "number": first.document.number if first else ""}  # fmt: skip
    form = RefundForm(request.POST or None, initial=start)
    if request.method == "POST" and form.is_valid():
        number = form.cleaned_data["number"]
        document = _invoice(form, number) if number else None
        if not form.errors and _refunded(request, payment, form, document):
            return _back()
    return render(request, "console/refund.html", {"payment": payment, "form": form})


def _refunded(
    request: HttpRequest, payment: Payment, form: RefundForm, document: Document | None
) -> bool:
    facts = form.cleaned_data
    try:
        send_back(
            key=f"hand {facts['token']}", payment_id=payment.id, reason=facts["reason"],
            document_id=document.id if document else None, amount_minor=facts["amount_minor"],
            actor=actor(request), now=timezone.now(),
        )  # fmt: skip
    except BillingError as error:
        form.add_error(None, told(error))
        return False
    messages.success(request, _("The refund is under way.") if payment.method == STRIPE
                     else _("The refund is booked: send the money now."))  # fmt: skip
    return True


def _page(
    request: HttpRequest, payment_form: PaymentForm | None = None,
    file_form: BankFileForm | None = None,
) -> HttpResponse:  # fmt: skip
    number = asked_page(request)
    rows, total = payments_page(limit=PAGE_SIZE, offset=(number - 1) * PAGE_SIZE)
    start = {"token": uuid.uuid4(), "received": timezone.now().date()}
    return render(request, "console/payments.html", {
        "rows": rows, "pager": Pager(number, total), "lines": bank_lines(["unmatched"]),
        "chargebacks": chargebacks_page(), "doubles": bank_lines(["double"], limit=20),
        "payment_form": payment_form or PaymentForm(initial=start),
        "file_form": file_form or BankFileForm(),
    })  # fmt: skip


def _invoice(form: forms.Form, number: str) -> Document | None:
    document = invoice_by_number(number)
    if document is None:
        form.add_error("number", _("This is no number of an invoice of ours."))
    return document


def _do(request: HttpRequest, done: str, act: Callable[[], Any]) -> HttpResponse:
    try:
        act()
    except BillingError as error:
        messages.error(request, told(error))
    else:
        messages.success(request, done)
    return _back()


def _back() -> HttpResponseRedirect:
    return HttpResponseRedirect(reverse("console_payments"))
