"""`/disputes/` on the console: what partners and customers object to, and decisions."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import date
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from billing.actions import disputes as act
from billing.queries.disputes import DisputeRow, all_disputes, dispute_by_id
from billing.rules.disputes import BadDispute
from billing.rules.errors import BillingError
from billing.rules.money import parse_amount
from portal.views.console_partners import actor
from portal.views.document_lines import attachment
from portal.views.or_404 import or_404
from portal.words.told import told
from tenants.accounts.permissions import permission
from tenants.queries import partner_by_id, partner_names


@permission("runs.view")
@require_safe
def disputes(request: HttpRequest) -> HttpResponse:
    """Open ones first to be due; `?all=1` also the ended."""
    everything = request.GET.get("all") == "1"
    names = partner_names()
    today = timezone.now().date()
    rows = [
        {"row": row, "partner": names.get(row.document.partner_id, ""),
         "age": (today - row.opened_at.date()).days, "is_late": _is_late(row, today)}
        for row in all_disputes(open_only=not everything)
    ]  # fmt: skip
    return render(request, "console/disputes.html", {
        "rows": rows, "everything": everything, "open": sum(one["row"].is_open for one in rows),
        "late": sum(one["is_late"] for one in rows),
    })  # fmt: skip


@permission("runs.view")
@require_safe
def dispute(request: HttpRequest, dispute_id: uuid.UUID) -> HttpResponse:
    """The line, the thread, and what may be done."""
    row = _found(dispute_id)
    return render(request, "console/dispute.html", {
        "row": row, "is_late": _is_late(row, timezone.now().date()),
        "partner": partner_by_id(row.document.partner_id),
        "can": row.is_open and request.user.may("disputes.resolve"),  # type: ignore[union-attr]
    })  # fmt: skip


@permission("disputes.resolve")
@require_POST
def answer(request: HttpRequest, dispute_id: uuid.UUID) -> HttpResponse:
    """`act` is say, take, uphold (with `amount`) or reject."""
    row = _found(dispute_id)
    try:
        _verb(request, row)()
    except BillingError as error:
        messages.error(request, told(error))
    else:
        messages.success(request, _("Done."))
    return HttpResponseRedirect(reverse("console_dispute", args=[dispute_id]))


@permission("runs.view")
@require_safe
def file(request: HttpRequest, dispute_id: uuid.UUID, position: int) -> HttpResponse:
    """A file of the thread, always as a download."""
    for entry in _found(dispute_id).entries:
        if entry.position == position and entry.file is not None:
            answer = HttpResponse(bytes(entry.file), content_type="application/octet-stream")
            answer["Content-Disposition"] = f'attachment; filename="dispute-{position}.bin"'
            return answer
    raise Http404


def _verb(request: HttpRequest, row: DisputeRow) -> Callable[[], object]:
    facts: dict[str, Any] = {"dispute_id": row.id, "actor": actor(request), "now": timezone.now()}
    text, verb = request.POST.get("text", ""), request.POST.get("act", "")
    if verb == "take":
        return lambda: act.take_dispute(**facts)
    if verb == "reject":
        return lambda: act.reject_dispute(text=text, **facts)
    if verb == "uphold":
        amount = request.POST.get("amount", "")
        return lambda: act.uphold_dispute(
            amount_minor=parse_amount(amount, row.document.currency), text=text, **facts
        )
    if verb == "say":
        return lambda: act.say(text=text, attachment=attachment(request), **facts)
    raise BadDispute(_("Choose what to do: take it, answer, uphold or reject."))


def _found(dispute_id: uuid.UUID) -> DisputeRow:
    return or_404(dispute_by_id(dispute_id))


def _is_late(row: DisputeRow, today: date) -> bool:
    return row.is_open and row.deadline < today
