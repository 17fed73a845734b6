"""The partner pipeline on the console: prospects from target to first revenue."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from billing.actions.pitches import (
    Written,
    addressee,
    file_name,
    mail_pitch,
    offer_to,
    proposal_pdf,
)
from billing.gateways.mail import MailNotSentError
from billing.gateways.typst import CannotRenderError
from billing.rules.errors import BillingError
from billing.rules.planning.offer import Figures, parse_figures
from billing.rules.planning.pitch import deal_words, pitch
from portal import words
from portal.forms.pipeline import (
    LetterForm,
    MoveForm,
    NewProspectForm,
    NoteForm,
    ProspectForm,
    figures_initial,
)
from portal.queries import pipeline as facts
from portal.views.console_partners import actor
from portal.words.told import told
from tenants import queries as tenants
from tenants.accounts.permissions import permission
from tenants.actions.prospects import (
    PERMISSION,
    ProspectRefused,
    add_prospect,
    change_prospect,
    move_prospect,
    note_prospect,
    prospect_mark,
    step_mark,
)
from tenants.models import Partner, Prospect
from tenants.rules.meanwhile import ChangedMeanwhile, mark
from tenants.rules.pipeline import LATE, ROAD, SLOW, Stage

_REFUSALS = (
    ProspectRefused, ChangedMeanwhile, BillingError, CannotRenderError, MailNotSentError
)  # fmt: skip


@permission("channel.view")
@require_safe
def pipeline(request: HttpRequest) -> HttpResponse:
    """Every prospect by stage, the late ones marked; the health of live partners."""
    rows, unlinked = facts.pipeline(timezone.now())
    by_stage = [
        {"stage": stage, "rows": [row for row in rows if row.standing.stage == stage]}
        for stage in (*ROAD, Stage.LOST)
    ]
    return render(request, "console/pipeline.html", {
        "rows": rows, "unlinked": unlinked, "by_stage": [one for one in by_stage if one["rows"]],
        "counts": by_stage[:-1], "late": sum(row.standing.pace == LATE for row in rows),
        "slow": sum(row.standing.pace == SLOW for row in rows),
        "watched": [row for row in rows if row.health],
    })  # fmt: skip


@permission("channel.view")
@require_safe
def prospect(request: HttpRequest, prospect_id: uuid.UUID) -> HttpResponse:
    """One prospect: where it stands, what it is offered, the letter, what was said."""
    return _page(request, _prospect(prospect_id))


@permission("pipeline.manage")
def new(request: HttpRequest) -> HttpResponse:
    """Take a company up; `?partner=` fills in one that is opened."""
    given = tenants.partner_by_slug(request.GET.get("partner", ""))
    initial: dict[str, Any] = {"prospect_id": uuid.uuid4(), "owner": actor(request),
                               **figures_initial(Figures())}  # fmt: skip
    if given is not None:
        initial |= {"name": given.name, "kind": given.kind, "partner": given.slug}
    form = NewProspectForm(request.POST or None, initial=initial, **_choices())
    if request.method == "POST" and form.is_valid():
        number = form.cleaned_data["prospect_id"]
        done = _try(
            form,
            lambda: add_prospect(
                prospect_id=number, about=form.about(), actor=actor(request), now=timezone.now()
            ),
        )
        if done:
            messages.success(request, _("It is in the pipeline."))
            return _to(number)
    return render(request, "console/prospect_form.html", {"form": form})


@permission("pipeline.manage")
def edit(request: HttpRequest, prospect_id: uuid.UUID) -> HttpResponse:
    """Change what is known, whom it is linked to, and the figures of its proposal."""
    row = _prospect(prospect_id)
    initial = {name: getattr(row, name) for name in
               ("name", "kind", "owner", "contact_name", "contact_email", "product")}  # fmt: skip
    initial |= figures_initial(parse_figures(row.offer))
    initial |= {"partner": row.partner.slug if row.partner else "", "seen": prospect_mark(row)}
    form = ProspectForm(request.POST or None, initial=initial, **_choices(row.owner))
    if request.method == "POST" and form.is_valid():
        done = _try(
            form,
            lambda: change_prospect(
                prospect_id=row.id,
                about=form.about(),
                seen=form.cleaned_data["seen"],
                actor=actor(request),
                now=timezone.now(),
            ),
        )
        if done:
            messages.success(request, _("Saved."))
            return _to(row.id)
    return render(request, "console/prospect_form.html", {"form": form, "prospect": row})


@permission("pipeline.manage")
@require_POST
def move(request: HttpRequest, prospect_id: uuid.UUID) -> HttpResponse:
    """Say another stage."""
    form = MoveForm(request.POST)
    return _do(
        request,
        prospect_id,
        "move_form",
        form,
        _("Moved."),
        lambda: move_prospect(
            prospect_id=prospect_id, **form.cleaned_data, actor=actor(request), now=timezone.now()
        ),
    )


@permission("pipeline.manage")
@require_POST
def note(request: HttpRequest, prospect_id: uuid.UUID) -> HttpResponse:
    """Keep a note and the next step."""
    form = NoteForm(request.POST)
    return _do(
        request,
        prospect_id,
        "note_form",
        form,
        _("Noted."),
        lambda: note_prospect(
            prospect_id=prospect_id, **form.cleaned_data, actor=actor(request), now=timezone.now()
        ),
    )


@permission("pipeline.manage")
@require_POST
def mail(request: HttpRequest, prospect_id: uuid.UUID) -> HttpResponse:
    """Mail the pitch as it was edited."""
    form = LetterForm(request.POST)
    return _do(
        request,
        prospect_id,
        "letter_form",
        form,
        _("Mailed."),
        lambda: mail_pitch(
            prospect_id=prospect_id,
            letter=Written(**form.cleaned_data),
            actor=actor(request),
            now=timezone.now(),
        ),
    )


@permission("channel.view")
@require_safe
def proposal(request: HttpRequest, prospect_id: uuid.UUID) -> HttpResponse:
    """The proposal of the figures as they are now, as PDF."""
    row = _prospect(prospect_id)
    try:
        pdf = proposal_pdf(row, timezone.now())
    except BillingError as error:
        messages.error(request, told(error))
        return _to(row.id)
    return HttpResponse(pdf, content_type="application/pdf", headers={
        "Content-Disposition": f'inline; filename="{file_name(row)}"'})  # fmt: skip


def _page(request: HttpRequest, row: Prospect, **forms_: Any) -> HttpResponse:
    now = timezone.now()
    stands = facts.prospect_row(row, now)
    offered = offer_to(row, now)
    letter = pitch(addressee(row), offered)
    fresh = {
        "move_form": MoveForm(initial={"stage": row.stage, "seen": mark(row.stage)}),
        "note_form": NoteForm(initial={"next_step": row.next_step, "seen": step_mark(row),
                                       "next_step_on": row.next_step_on}),
        "letter_form": LetterForm(initial={"to": row.contact_email, "subject": letter.subject,
                                           "text": letter.text}),
    }  # fmt: skip
    return render(request, "console/prospect.html", {
        "prospect": row, "row": stands, "road": _road(stands.standing.stage), "offered": offered,
        "deal": deal_words(offered), "letter": letter, "entries": row.entries.all(),
        **fresh, **forms_,
    })  # fmt: skip


def _road(at: Stage) -> list[dict[str, Any]]:
    """The stages with what is done, as an opening's steps."""
    here = ROAD.index(at) if at in ROAD else -1
    last = len(ROAD) - 1
    return [
        {"label": words.STAGES[stage].label,
         "state": "done" if n < here or n == here == last else "now" if n == here else "later"}
        for n, stage in enumerate(ROAD)
    ]  # fmt: skip


def _do(
    request: HttpRequest, prospect_id: uuid.UUID, name: str, form: forms.Form, said: str,
    act: Callable[[], bool],
) -> HttpResponse:  # fmt: skip
    row = _prospect(prospect_id)
    if form.is_valid() and _try(form, act):
        messages.success(request, said)
        return _to(row.id)
    return _page(request, row, **{name: form})


def _try(form: forms.Form, act: Callable[[], Any]) -> bool:
    """Whether it was done (or had been before); a refusal stands at its field."""
    try:
        act()
    except _REFUSALS as refused:
        member = getattr(refused, "field", "")
        form.add_error(member if member in form.fields else None, told(refused))
        return False
    return True


def _choices(*kept: str) -> dict[str, Any]:
    """Owners are who may; the one of today stays choosable."""
    owners = tenants.people_with(PERMISSION)
    partners = [(row.slug, row.name) for row in tenants.partner_list()
                if row.kind != Partner.Kind.DIRECT]  # fmt: skip
    return {"owners": [*owners, *(one for one in kept if one not in owners)], "partners": partners}


def _prospect(prospect_id: uuid.UUID) -> Prospect:
    found = tenants.prospect(prospect_id)
    if found is None:
        raise Http404
    return found


def _to(prospect_id: uuid.UUID) -> HttpResponseRedirect:
    return HttpResponseRedirect(reverse("console_prospect", args=[prospect_id]))
