"""Switches: what is turned off, why, by whom, until when; set with one's password again."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from cache_api.gateways import servers
from portal.forms.operations import SwitchForm
from portal.views.console_partners import actor
from portal.views.step_up import password_problem
from portal.words import operations as words
from portal.words.told import told
from tenants import queries as tenants
from tenants import switches
from tenants.accounts.permissions import permission
from tenants.actions.switches import end_switch, set_switch
from tenants.rules.switches import BadSwitch


@permission("ops.view")
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest) -> HttpResponse:
    """What is in force and what was; posted, one more, with the person's password."""
    now, may_set = timezone.now(), request.user.may("switches.set")  # type: ignore[union-attr]
    form = SwitchForm(
        (request.POST or None) if may_set else None,
        partners=[(row.id, row.name) for row in tenants.partner_list()],
        regions=[one.name for one in servers.regions()],
    )
    if request.method == "POST" and form.is_valid() and _set(request, form):
        messages.success(request, _("In force: every process obeys within five seconds."))
        return HttpResponseRedirect(reverse("console_ops_switches"))
    context = {
        "on": switches.switches_on(now), "past": switches.switches_past(), "form": form,
        "section": "switches", "may_set": may_set,
        "kinds": [(word, words.SWITCHES_DO[kind]) for kind, word in words.SWITCHES.items()],
    }  # fmt: skip
    return render(request, "console/ops/switches.html", context)


@permission("switches.set")
@require_POST
def end(request: HttpRequest, switch_id: uuid.UUID) -> HttpResponse:
    """Let things run again."""
    if end_switch(switch_id=switch_id, actor=actor(request), now=timezone.now()):
        messages.success(request, _("Ended: things run again within five seconds."))
    else:
        messages.info(request, _("It had ended already."))
    return HttpResponseRedirect(reverse("console_ops_switches"))


def _set(request: HttpRequest, form: SwitchForm) -> bool:
    problem = password_problem(request, form.cleaned_data["password"])
    if problem:
        form.add_error("password", problem)
        return False
    now = timezone.now()
    try:
        set_switch(**form.facts(now), actor=actor(request), now=now)
    except BadSwitch as refused:
        form.add_error(None, told(refused))
        return False
    return True
