"""Agreements: what was signed with whom, proposals on their way, the paper, and the end."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from billing.actions import agreement_papers as papers
from billing.actions.decide_terms import approve_version, decline_version
from billing.actions.proposals import propose_figures
from billing.actions.terminate import approve_termination, ask_termination
from billing.models import AgreementVersion
from billing.queries import agreements as queries
from billing.queries.price_lists import retail_cards
from billing.rules.amending import differences
from billing.rules.errors import BillingError
from portal.forms.agreements import AmendForm, EndForm, ReasonForm
from portal.plain_terms import plain_terms
from portal.views.console_partners import actor
from portal.views.or_404 import or_404
from portal.words.terms import FIGURES
from portal.words.told import told
from tenants.accounts.permissions import permission
from tenants.rules.meanwhile import ChangedMeanwhile, mark


@permission("channel.view")
@require_safe
def agreements(request: HttpRequest) -> HttpResponse:
    """Every agreement: kind, what is in force, what waits for a decision, the paper, the end."""
    rows = queries.agreements(timezone.now())
    return render(request, "console/agreements.html", {
        "rows": rows, "waiting": sum(row.proposed is not None for row in rows),
    })  # fmt: skip


@permission("channel.view")
@require_safe
def agreement(request: HttpRequest, agreement_id: uuid.UUID) -> HttpResponse:
    """One agreement with all its versions and what may be done to it now."""
    return _page(request, agreement_id)


@permission("agreements.prepare")
@require_POST
def amend(request: HttpRequest, agreement_id: uuid.UUID) -> HttpResponse:
    """Propose changed figures from a day on; a second person approves them."""
    row = _found(agreement_id)
    base = row.last_approved
    if base is None:
        raise Http404
    if row.proposed:
        messages.error(request, _("A proposal waits for a decision: approve or decline it first."))
        return _to(agreement_id)
    form = _amend_form(base, request.POST)
    if not form.is_valid():
        return _page(request, agreement_id, amend_form=form)
    try:
        propose_figures(
            agreement_id=agreement_id, texts=form.figures(),
            starts_at=_midnight(form.cleaned_data["day"]),
            created_by=actor(request), reason=form.cleaned_data["reason"], now=timezone.now(),
            retail_card_id=uuid.UUID(card) if (card := form.cleaned_data["card"]) else None,
            seen=form.cleaned_data["seen"],
        )  # fmt: skip
    except (BillingError, ChangedMeanwhile) as error:
        form.add_error(None, told(error))
        return _page(request, agreement_id, amend_form=form)
    messages.success(request, _("Proposed. A second person has to approve it."))
    return _to(agreement_id)


@permission("agreements.approve")
@require_POST
def approve(request: HttpRequest, version_id: uuid.UUID) -> HttpResponse:
    """Put a proposal in force, as the second person."""
    return _do(request, version_id, _("Approved: these terms come into force."),
               lambda: approve_version(version_id=version_id, approved_by=actor(request),
                                       now=timezone.now()))  # fmt: skip


@permission("agreements.prepare")
@require_POST
def decline(request: HttpRequest, version_id: uuid.UUID) -> HttpResponse:
    """Say no to a proposal, or take it back."""
    form = ReasonForm(request.POST)
    reason = form.cleaned_data["reason"] if form.is_valid() else ""
    return _do(request, version_id, _("Declined."),
               lambda: decline_version(version_id=version_id, actor=actor(request), reason=reason,
                                       now=timezone.now()))  # fmt: skip


@permission("agreements.prepare")
@require_POST
def write(request: HttpRequest, version_id: uuid.UUID) -> HttpResponse:
    """Write a version out as a paper to sign."""
    return _do(request, version_id, _("The agreement is written; download it below."),
               lambda: papers.make_paper(version_id=version_id, actor=actor(request),
                                         now=timezone.now()))  # fmt: skip


@permission("agreements.prepare")
@require_POST
def sent(request: HttpRequest, version_id: uuid.UUID) -> HttpResponse:
    """Note that the paper went to the partner."""
    return _do(request, version_id, _("Noted as sent."),
               lambda: papers.mark_sent(paper_id=_paper(version_id), actor=actor(request),
                                        now=timezone.now()))  # fmt: skip


@permission("agreements.prepare")
@require_POST
def signed(request: HttpRequest, version_id: uuid.UUID) -> HttpResponse:
    """Keep the signed copy."""
    file = request.FILES.get("file")
    content = b"" if file is None else file.read(papers.LARGEST_BYTES + 1)

    def keep() -> None:
        papers.keep_signed_copy(paper_id=_paper(version_id), content=content,
                                actor=actor(request), now=timezone.now())  # fmt: skip

    return _do(request, version_id, _("The signed copy is kept."), keep)


@permission("channel.view")
@require_safe
def paper(request: HttpRequest, version_id: uuid.UUID) -> HttpResponse:
    """The paper as PDF; `?signed` gives the signed copy."""
    version, found = _version(version_id), or_404(queries.paper_of(version_id))
    content = found.pdf
    if "signed" in request.GET:
        content = or_404(found.events.filter(kind=papers.SIGNED).last()).file
    name = f"{version.agreement.code}-v{version.number}.pdf"
    return HttpResponse(bytes(content), content_type="application/pdf",
                        headers={"Content-Disposition": f'inline; filename="{name}"'})  # fmt: skip


@permission("agreements.prepare")
@require_POST
def end(request: HttpRequest, agreement_id: uuid.UUID) -> HttpResponse:
    """Ask for the agreement to end on a day."""
    _found(agreement_id)
    form = EndForm(request.POST)
    if not form.is_valid():
        return _page(request, agreement_id, end_form=form)
    try:
        ask_termination(
            agreement_id=agreement_id, ends_at=_midnight(form.cleaned_data["day"]),
            reason=form.cleaned_data["reason"], actor=actor(request), now=timezone.now(),
        )  # fmt: skip
    except BillingError as error:
        form.add_error(None, told(error))
        return _page(request, agreement_id, end_form=form)
    messages.success(request, _("Asked for. A second person has to approve the end."))
    return _to(agreement_id)


@permission("agreements.approve")
@require_POST
def approve_end(request: HttpRequest, agreement_id: uuid.UUID) -> HttpResponse:
    """End the agreement, as the second person."""
    _found(agreement_id)
    try:
        approve_termination(agreement_id=agreement_id, approved_by=actor(request),
                            now=timezone.now())  # fmt: skip
    except BillingError as error:
        messages.error(request, told(error))
    else:
        messages.success(request, _("The agreement ends as asked."))
    return _to(agreement_id)


def _page(
    request: HttpRequest, agreement_id: uuid.UUID, *, amend_form: AmendForm | None = None,
    end_form: EndForm | None = None,
) -> HttpResponse:  # fmt: skip
    row = _found(agreement_id)
    base = row.last_approved
    can_amend = base is not None and not row.proposed
    if amend_form is None and base is not None and can_amend:
        amend_form = _amend_form(base)
    names = {card.id: card.name for card in retail_cards(row.agreement.partner_id)}
    return render(request, "console/agreement.html", {
        "row": row, "base": base,
        "entries": [_entry(row, n, names) for n in range(len(row.versions))],
        "amend_form": amend_form, "end_form": end_form or EndForm(), "reason_form": ReasonForm(),
        "me": actor(request), "can_amend": can_amend,
    })  # fmt: skip


def _amend_form(base: queries.VersionRow, data: Any = None) -> AmendForm:
    now, currency = base.version.retail_card_id, base.terms.currency
    cards = [
        (card.id, card.name) for card in retail_cards(base.version.partner_id)
        if card.currency == currency or card.id == now
    ]  # fmt: skip
    return AmendForm(data, terms=base.terms, cards=cards, card=now,
                     seen=mark(str(base.version.id)))  # fmt: skip


def _entry(row: queries.AgreementRow, position: int, cards: dict[uuid.UUID, str]) -> dict[str, Any]:
    """A version with its sentences and what it changes against the one before it."""
    shown = row.versions[position]
    card = cards.get(shown.version.retail_card_id, "")
    earlier = [one for one in row.versions[position + 1 :] if one.phase != queries.DECLINED]
    changes = differences(earlier[0].terms, shown.terms) if earlier else ()
    shown_changes: list[tuple[Any, ...]] = [
        (told(what), *(FIGURES.get(one, one) for one in both)) for what, *both in changes
    ]
    if earlier and (before := cards.get(earlier[0].version.retail_card_id, "")) != card:
        shown_changes.append((_("Rate card"), before, card))
    return {
        "shown": shown, "sentences": plain_terms(shown.terms), "card": card,
        "changes": shown_changes,
    }  # fmt: skip


def _found(agreement_id: uuid.UUID) -> queries.AgreementRow:
    return or_404(queries.agreement(agreement_id, timezone.now()))


def _version(version_id: uuid.UUID) -> AgreementVersion:
    return or_404(queries.version_by_id(version_id))


def _paper(version_id: uuid.UUID) -> uuid.UUID:
    return or_404(queries.paper_of(version_id)).id


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _do(
    request: HttpRequest, version_id: uuid.UUID, done: str, act: Callable[[], Any]
) -> HttpResponse:
    version = _version(version_id)
    try:
        act()
    except BillingError as error:
        messages.error(request, told(error))
    else:
        messages.success(request, done)
    return _to(version.agreement_id)


def _to(agreement_id: uuid.UUID) -> HttpResponseRedirect:
    return HttpResponseRedirect(reverse("console_agreement", kwargs={"agreement_id": agreement_id}))
