"""Addresses that programs know without asking (RFC 8615), on every host."""

from __future__ import annotations

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from tenants.resolve import Resolved
from tenants.rules.security_txt import contacts
from tenants.rules.security_txt import security_txt as written


@require_safe
def security_txt(request: HttpRequest) -> HttpResponse:
    """Whom to tell of a weakness; 404 where the brand gives nobody and hides us."""
    owner: Resolved = request.owner  # type: ignore[attr-defined]
    names_us = owner.partner_id is None or owner.brand.powered_by
    found = contacts(owner.brand, settings.SECURITY_EMAIL if names_us else "")
    if not found:
        raise Http404
    text = written(
        contacts=found, languages=[code for code, _name in settings.LANGUAGES],
        canonical=request.build_absolute_uri(request.path), now=timezone.now(),
    )  # fmt: skip
    return HttpResponse(text, content_type="text/plain; charset=utf-8",
                        headers={"Cache-Control": "public, max-age=3600"})  # fmt: skip


@require_safe
def change_password(request: HttpRequest) -> HttpResponse:
    """Where password managers send people (W3C's "A Well-Known URL for Changing Passwords")."""
    return HttpResponseRedirect(reverse("account_change_password"))
