"""One's own account: password, second factor, and where one is signed in."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from portal.words.account import HOW_SIGNED_IN
from tenants.accounts.second_factor import must_have
from tenants.actions.people import end_sessions, live_sessions
from tenants.queries.people import factors_of, sign_ins_of

SHOWN = 20  # of the tries to sign in, which are kept for 90 days


def nothing(request: HttpRequest, key: str = "") -> HttpResponse:
    """A page of allauth's that we do not have."""
    raise Http404


@login_required
@require_safe
def security(request: HttpRequest) -> HttpResponse:
    """What protects the account, and every session of it."""
    user: Any = request.user
    found = factors_of(user.pk)
    factors = {one.type: one for one in found}
    codes = factors.get("recovery_codes")
    context = {
        "totp": factors.get("totp"),
        "passkeys": [one for one in found if one.type == "webauthn"],
        "codes_left": len(codes.wrap().get_unused_codes()) if codes else None,
        "must_have": must_have(user.role), "here": request.session.session_key,
        "sessions": live_sessions(user),
        "sign_ins": [(one, HOW_SIGNED_IN[one.how]) for one in sign_ins_of(user.pk, SHOWN)],
    }  # fmt: skip
    return render(request, "account/security.html", context)


@login_required
@require_POST
def end(request: HttpRequest) -> HttpResponse:
    """End one other session (`session`), or all others; the one that asks goes on."""
    here, wanted = str(request.session.session_key), request.POST.get("session", "")
    only = int(wanted) if wanted.isascii() and wanted.isdigit() else None
    ended = end_sessions(request.user, keep=here, only=only)  # type: ignore[arg-type]
    messages.success(request, _("Ended sessions: %d.") % ended)
    return HttpResponseRedirect(reverse("account_security"))
