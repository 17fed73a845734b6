"""`/legal/…` for anybody, and `/manage/legal/…` where the partner writes them."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from portal.forms.legal import LegalForm
from portal.queries.legal import Legal, legal_texts
from portal.views.entering import entered
from portal.words import legal as words
from tenants.accounts.permissions import permission
from tenants.actions.legal import enter_legal
from tenants.rules.legal import BadLegal


@require_safe
def page(request: HttpRequest, kind: str = "imprint") -> HttpResponse:
    """One text under the partner's brand, with the way to the others. No sign-in."""
    found = _texts(request)
    shown = next((one for one in found if one.kind == kind and one.is_shown), None)
    if shown is None:
        raise Http404
    if shown.link:
        return HttpResponseRedirect(shown.link)
    return render(request, "legal.html", {
        "shown": shown, "others": [one for one in found if one.is_shown],
    })  # fmt: skip


@permission("settings.manage")
@require_safe
def texts(request: HttpRequest) -> HttpResponse:
    """Which texts there are, and whose they are."""
    return render(request, "partner/legal.html", {"texts": _texts(request)})


@permission("settings.manage")
def edit(request: HttpRequest, kind: str) -> HttpResponse:
    """One text in a form, beside what visitors see now."""
    shown = next((one for one in _texts(request) if one.kind == kind), None)
    if shown is None:
        raise Http404
    own = shown.own.text if shown.own else ""
    form = LegalForm(request.POST or None, initial={"text": own, "seen": shown.number})
    if request.method == "POST" and form.is_valid() and _saved(request, form, kind):
        return HttpResponseRedirect(reverse("partner_legal_text", args=[kind]))
    return render(request, "partner/legal_text.html", {"form": form, "shown": shown})


def _saved(request: HttpRequest, form: LegalForm, kind: str) -> bool:
    """Whether it is done; if not, the form says why."""
    owner: Any = request.owner  # type: ignore[attr-defined]
    enter = partial(
        enter_legal, partner_id=owner.partner_id, kind=kind, text=form.cleaned_data["text"],
        seen=form.cleaned_data["seen"], actor=str(request.user.email),  # type: ignore[union-attr]
        now=timezone.now(),
    )  # fmt: skip
    try:
        return entered(request, form, enter, _("Saved: visitors see it from now on."))
    except BadLegal as bad:
        form.add_error("text", words.PROBLEMS[bad.code])
        return False


def _texts(request: HttpRequest) -> list[Legal]:
    owner: Any = request.owner  # type: ignore[attr-defined]
    return legal_texts(owner.partner_id, owner.brand)
