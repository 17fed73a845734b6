"""`/manage/settings/data/`: what is kept, where and how long; cached answers as chosen here."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from cache_api.actions.retention import choose_retention
from cache_api.rules.retention import BadRetention, held_hours, most_hours
from portal.forms.retention import RetentionForm
from portal.views.entering import entered
from portal.views.step_up import is_sure
from portal.words.retention import KEPT, hours_text
from tenants import queries
from tenants.accounts.permissions import permission


@permission("settings.manage")
def page(request: HttpRequest) -> HttpResponse:
    """The choice in a form that asks for the password; the rest as it is."""
    partner_id = request.owner.partner_id  # type: ignore[attr-defined]
    row = queries.retention(partner_id)
    allowed = queries.granted(partner_id, "ttl")
    most, held = most_hours(allowed), held_hours(allowed, row.hours if row else None)
    form = RetentionForm(
        request.POST or None, most=most, held=held, person=request.user,
        initial={"hours": held, "seen": row.number if row else 0},
    )  # fmt: skip
    if request.method == "POST" and form.is_valid() and _saved(request, form):
        return HttpResponseRedirect(reverse("partner_retention"))
    entries = queries.retention_entries(partner_id)
    return render(request, "partner/retention.html", {
        "form": form, "kept": KEPT, "held": hours_text(held), "most": hours_text(most),
        "resident": _resident(queries.granted(partner_id, "resident")),
        "entries": [(one, hours_text(one.hours)) for one in entries],
    })  # fmt: skip


def _saved(request: HttpRequest, form: RetentionForm) -> bool:
    """Whether it is done; if not, the form says why."""
    if not is_sure(request, form):
        return False
    given = form.cleaned_data
    choose = partial(
        choose_retention, partner_id=request.owner.partner_id,  # type: ignore[attr-defined]
        hours=given["hours"], seen=given["seen"], now=timezone.now(),
        actor=str(request.user.email),  # type: ignore[union-attr]
    )  # fmt: skip
    saved = _("Saved: it holds for answers that are stored from now on.")
    try:
        return entered(request, form, choose, saved)
    except BadRetention as bad:
        form.add_error("hours", _("At most %s are allowed here.") % hours_text(bad.most))
        return False


def _resident(granted: Any) -> list[str] | None:
    """The customers whose entries stay in the region that stored them; None for all of them."""
    names = sorted(granted or ())
    return None if "*" in names else names
