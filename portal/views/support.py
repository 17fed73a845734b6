"""Support: what an id is and whose; looks at portals, from the console and on the host itself."""

from __future__ import annotations

import uuid
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from portal.forms.operations import LookForm
from portal.look import opened
from portal.queries.search import find, public_part
from portal.views.console_partners import actor
from portal.views.step_up import password_problem
from portal.words.told import told
from tenants import queries as tenants
from tenants.accounts.permissions import permission
from tenants.actions.looks import LookRefused, end_look, look_of, open_look, start_look
from tenants.models import SupportLook
from tenants.queries.looks import support_looks
from tenants.queries.partners import partner_choices
from tenants.rules import looks as rules

SHOWN = 50


@permission("support.search")
@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """The search with what it found, looks that are on, and those before."""
    asked = request.GET.get("q", "").replace("\0", "").strip()[:200]
    if public_part(asked) != asked:  # a whole key: its secret stays in no address or page
        return HttpResponseRedirect(f"{request.path}?{urlencode({'q': public_part(asked)})}")
    running, past = support_looks(timezone.now(), SHOWN)
    return render(request, "console/support/search.html", {
        "asked": asked, "found": find(asked) if asked else [], "on": running,
        "past": past,
    })  # fmt: skip


@permission(rules.MAY)
def start(request: HttpRequest) -> HttpResponse:
    """Why, and whose portal; then the link that opens it, once."""
    form = LookForm(request.POST or None, partners=partner_choices(),
                    initial={"slug": request.GET.get("partner", "")})  # fmt: skip
    context = {"form": form, "minutes": int(rules.LASTS.total_seconds() // 60)}
    if request.method == "POST" and form.is_valid():
        problem = password_problem(request, form.cleaned_data.pop("password"))
        if problem:
            form.add_error("password", problem)
        else:
            try:
                look, ticket = start_look(**form.cleaned_data, actor=actor(request),
                                          now=timezone.now())  # fmt: skip
            except LookRefused as refused:
                form.add_error(None, told(refused))
            else:
                context |= {"look": look, "link": _link(look, ticket)}
    return render(request, "console/support/look.html", context)


@permission(rules.MAY)
@require_POST
def end(request: HttpRequest, look_id: uuid.UUID) -> HttpResponse:
    """End a look, one's own or anybody's."""
    if end_look(look_id=look_id, how="ended", now=timezone.now()):
        messages.success(request, _("Ended: its next page is refused."))
    return HttpResponseRedirect(reverse("console_support"))


@require_safe
def open_ticket(request: HttpRequest, ticket: str) -> HttpResponse:
    """On the partner's host: the link of a look that was just started. It opens once."""
    look = open_look(ticket=ticket, now=timezone.now())
    if look is None:
        return render(request, "errors/look.html", {"why": "ticket"}, status=403)
    return opened(request, look)


@require_POST
def end_here(request: HttpRequest) -> HttpResponse:
    """On the partner's host: the end of this browser's look."""
    look = look_of(request.session.get("look", ""))
    if look is not None:
        end_look(look_id=look.pk, how="ended", now=timezone.now())
        request.session.flush()
    return HttpResponseRedirect("/")


def _link(look: SupportLook, ticket: str) -> str:
    path = reverse("look_open", "portal.urls.partner", [ticket])
    return tenants.site(look.partner_id) + path
