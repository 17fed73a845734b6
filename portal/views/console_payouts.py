"""The payouts queue on the console: prepare, approve as a second person, order, settle."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from billing.actions import payouts as act
from billing.actions.export_payouts import export_payouts
from billing.actions.order_transfers import order_transfers
from billing.gateways.pain001 import Debtor
from billing.queries.payouts import payouts_page
from billing.rules.errors import BillingError
from billing.rules.payments import BANK, STRIPE
from billing.rules.payouts import APPROVED, HELD, PENDING, SENT, allowed_verbs
from portal.views.asked import asked_text
from portal.views.console_partners import actor
from portal.words.told import told
from tenants.accounts.permissions import permission
from tenants.queries import partner_names

OPEN = (PENDING, HELD, APPROVED, SENT)
_WITH_REASON: dict[str, Callable[..., Any]] = {
    "hold": act.hold_payout, "cancel": act.cancel_payout, "fail": act.fail_payout,
    "reverse": act.reverse_payout,
}  # fmt: skip
_PLAIN: dict[str, Callable[..., Any]] = {
    "release": act.release_payout, "settle": act.settle_payout,
}  # fmt: skip


@permission("money.view")
@require_safe
def payouts(request: HttpRequest) -> HttpResponse:
    """What waits, what is under way, what is done."""
    names = partner_names()
    rows = [
        {"payout": one, "partner": names.get(one.partner_id, ""), "mine": _mine(request, one),
         "verbs": [verb for verb in allowed_verbs(one.state) if verb in (*_WITH_REASON, *_PLAIN)],
         "statements": [claim.document.number for claim in one.claims.all()]}
        for one in payouts_page()
    ]  # fmt: skip
    return render(request, "console/payouts.html", {
        "rows": [row for row in rows if row["payout"].state in OPEN],
        "done": [row for row in rows if row["payout"].state not in OPEN],
        "to_approve": [row for row in rows if row["payout"].state == PENDING and not row["mine"]],
        "to_order": {method: [row for row in rows if row["payout"].state == APPROVED
                              and row["payout"].method == method] for method in (BANK, STRIPE)},
    })  # fmt: skip


@permission("money.prepare")
@require_POST
def prepare(request: HttpRequest) -> HttpResponse:
    """Claim what is payable now."""
    made = act.prepare_payouts(actor=actor(request), now=timezone.now())
    messages.success(request, ngettext("%(n)d payout prepared.", "%(n)d payouts prepared.",
                                       len(made.payouts)) % {"n": len(made.payouts)})  # fmt: skip
    for agreement, why in made.left_out:
        messages.warning(request, f"{agreement.name}: {told(why)}")
    return _back()


@permission("money.approve")
@require_POST
def approve(request: HttpRequest) -> HttpResponse:
    """Approve the chosen payouts as one set."""
    return _do(request, _("Approved."), lambda: act.approve_payouts(
        payout_ids=_chosen(request), actor=actor(request), now=timezone.now()))  # fmt: skip


@permission("money.approve")
@require_POST
def order(request: HttpRequest) -> HttpResponse:
    """Order approved payouts: a pain.001 file to download, or transfers that the worker makes."""
    ids, now = _chosen(request), timezone.now()
    if request.POST.get("method") == STRIPE:
        return _do(request, _("Ordered: the worker makes the transfers."), lambda: order_transfers(
            payout_ids=ids, kek=settings.KEK, actor=actor(request), now=now))  # fmt: skip
    debtor = Debtor(settings.PLATFORM_PARTY["legal_name"], **settings.PLATFORM_ACCOUNT)
    try:
        file = export_payouts(payout_ids=ids, debtor=debtor, kek=settings.KEK, now=now,
                              actor=actor(request))  # fmt: skip
    except BillingError as error:
        messages.error(request, told(error))
        return _back()
    return HttpResponse(file.content, content_type="application/xml", headers={
        "Content-Disposition": f'attachment; filename="{file.name}"'})  # fmt: skip


@permission("money.prepare")
@require_POST
def do(request: HttpRequest, payout_id: uuid.UUID, verb: str) -> HttpResponse:
    """Hold, release, cancel, settle, fail or reverse one payout."""
    given: dict[str, Any] = {"payout_id": payout_id, "actor": actor(request)}
    given["now"] = timezone.now()
    if verb in _WITH_REASON:
        given["reason"] = asked_text(request, "reason")
    work = {**_WITH_REASON, **_PLAIN}.get(verb)
    if work is None:
        raise Http404
    return _do(request, _("Done."), lambda: work(**given))


def _mine(request: HttpRequest, payout: Any) -> bool:
    return bool(payout.prepared_by == actor(request))


def _chosen(request: HttpRequest) -> list[uuid.UUID]:
    try:
        return [uuid.UUID(one) for one in request.POST.getlist("payout")]
    except ValueError:
        raise BadRequest(_("The chosen payouts could not be read. Reload the page.")) from None


def _do(request: HttpRequest, done: str, work: Callable[[], Any]) -> HttpResponse:
    try:
        work()
    except BillingError as error:
        messages.error(request, told(error))
    else:
        messages.success(request, done)
    return _back()


def _back() -> HttpResponseRedirect:
    return HttpResponseRedirect(reverse("console_payouts"))
