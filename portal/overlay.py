"""View-as: while it is on, every request of the session sees the customer's portal, read-only."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from portal import words
from tenants.accounts.models import Overlay
from tenants.actions import overlays
from tenants.rules import overlays as rules

KEY = "overlay"  # of the session: the id of the overlay, nothing else
SAFE = {"GET", "HEAD", "OPTIONS"}
# What somebody does as themselves, whatever they look at.
END, SIGN_OUT = "view_as_end", "account_logout"
# Files that are made and kept when they are first asked for.
WRITES = {"customer_invoice_pdf", "customer_invoice_xml", "customer_invoice_facturx",
          "customer_invoices_zip"}  # fmt: skip


class OverlayMiddleware:
    """The session names an overlay; whether it is in force is asked anew on each request.

    One query, and only with an overlay. Its pages are kept by no cache.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Serve the request through the customer's eyes, or as the person when that is over."""
        key = request.session.get(KEY)
        if not key:
            return self.get_response(request)
        row = overlays.overlay_of(request.user, key)  # type: ignore[arg-type]
        if request.path == reverse(SIGN_OUT):
            response = self.get_response(request)
            if row is not None and not request.user.is_authenticated:
                _end(request, row, "signed_out")
            return response
        why = _over(request, row)
        if row is None or why:
            return _leave(request, row, why)
        if request.path == reverse(END):
            return self.get_response(request)
        request.overlay = row  # type: ignore[attr-defined]
        response = self.get_response(request)
        response["Cache-Control"] = "private, no-store"
        return response

    def process_view(
        self, request: HttpRequest, view: Any, args: Any, kwargs: Any
    ) -> HttpResponse | None:
        """Refuse whatever changes something or is not the customer's; write down what is shown."""
        row = getattr(request, "overlay", None)
        if not isinstance(row, Overlay):
            return None
        why = _refusal(request, getattr(view, "permission", ""))
        if why:
            return render(request, "errors/overlay.html", {"why": why}, status=403)
        if row.may(getattr(view, "permission", "")):
            overlays.note_page(overlay=row, path=request.get_full_path(),
                               partner_id=_partner_id(request), now=timezone.now())  # fmt: skip
        return None


def _refusal(request: HttpRequest, permission: str) -> str:
    """Why an overlay does not reach this address: `changes`, `elsewhere`, or '' when it does."""
    match = request.resolver_match
    if request.method not in SAFE or (match and match.url_name in WRITES):
        return "changes"
    is_customers = permission.startswith("my.") if permission else True
    return "" if is_customers and not request.path.startswith("/accounts/") else "elsewhere"


def _over(request: HttpRequest, row: Overlay | None) -> str:
    if row is None:
        return "ended"
    may = request.user.may(rules.MAY)  # type: ignore[union-attr]
    return rules.over(ends_at=row.ends_at, ended_at=row.ended_at, may=may, now=timezone.now())


def _leave(request: HttpRequest, row: Overlay | None, why: str) -> HttpResponse:
    """Back to one's own pages, told why. A form that was sent does nothing."""
    del request.session[KEY]
    if row is not None:
        _end(request, row, why)
        row.refresh_from_db()
        why = row.ended_how
    if request.method not in SAFE and request.path != reverse(END):
        return render(request, "errors/overlay.html", {"why": "over"}, status=403)
    messages.info(request, str(words.OVERLAY_ENDS.get(why, words.OVERLAY_ENDS["ended"])))
    return HttpResponseRedirect(reverse("partner_overview"))


def _end(request: HttpRequest, row: Overlay, how: str) -> None:
    overlays.end_overlay(overlay_id=row.pk, partner_id=_partner_id(request), how=how,
                         now=timezone.now())  # fmt: skip


def _partner_id(request: HttpRequest) -> uuid.UUID:
    return request.owner.partner_id  # type: ignore[attr-defined,no-any-return]
