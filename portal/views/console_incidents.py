"""Incidents on the console: what partners are told, to whom, and how it goes on."""

from __future__ import annotations

import uuid

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from portal.forms.incidents import IncidentForm, UpdateForm
from portal.queries.status import status as status_now
from portal.views.console_partners import actor
from portal.words.told import told
from tenants import queries as tenants
from tenants.accounts.permissions import permission
from tenants.actions.incidents import IncidentRefused, open_incident, update_incident
from tenants.rules.meanwhile import ChangedMeanwhile, mark


@permission("incidents.manage")
def incidents(request: HttpRequest) -> HttpResponse:
    """The status as partners see it, incidents of 90 days, and the form for a new one."""
    partners = [(row.slug, row.name) for row in tenants.partner_list()]
    form = IncidentForm(request.POST or None, partners=partners,
                        initial={"incident_id": uuid.uuid4()})  # fmt: skip
    if request.method == "POST" and form.is_valid():
        try:
            row = open_incident(**form.cleaned_data, actor=actor(request), now=timezone.now())
        except IncidentRefused as refused:
            form.add_error(None, told(refused))
        else:
            messages.success(request, _("Published."))
            return HttpResponseRedirect(reverse("console_incident", args=[row.id]))
    context = {"status": status_now(timezone.now()), "form": form}
    return render(request, "console/incidents.html", context)


@permission("incidents.manage")
def update(request: HttpRequest, incident_id: uuid.UUID) -> HttpResponse:
    """One incident: what was said, and the form for what is known now."""
    row = tenants.incident(incident_id)
    if row is None:
        raise Http404
    updates = list(row.updates.all())
    last = max(updates, key=lambda one: (one.at, one.id), default=None)
    form: forms.Form = UpdateForm(request.POST or None,
                                  initial={"seen": mark(last and str(last.id))})  # fmt: skip
    if request.method == "POST" and form.is_valid():
        try:
            update_incident(incident_id=row.id, **form.cleaned_data, actor=actor(request),
                            now=timezone.now())  # fmt: skip
        except (IncidentRefused, ChangedMeanwhile) as refused:
            form.add_error(None, told(refused))
        else:
            messages.success(request, _("Published."))
            return HttpResponseRedirect(reverse("console_incident", args=[row.id]))
    concerned = [one.name for one in tenants.partner_list() if one.id in row.partner_ids]
    context = {"incident": row, "form": form, "concerned": concerned, "updates": updates}
    return render(request, "console/incident.html", context)
