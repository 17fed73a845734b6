"""`/manage/settings/`: what is true of the partner wherever its name stands."""

from __future__ import annotations

import uuid
from dataclasses import asdict
from functools import partial
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from billing.queries.payouts import details_rows
from portal.forms.company import PROBLEMS, CompanyForm
from portal.views.entering import entered
from portal.views.step_up import is_sure
from tenants import queries
from tenants.accounts.permissions import permission
from tenants.actions.company import enter_company
from tenants.rules.company import BadCompany

NOT_FACTS = {"seen", "password"}


@permission("settings.manage")
def page(request: HttpRequest) -> HttpResponse:
    """Company facts in a form; brand, payout account and powered-by with the way to each."""
    owner: Any = request.owner  # type: ignore[attr-defined]
    number, company = queries.company(owner.partner_id)
    form = CompanyForm(request.POST or None, initial={**asdict(company), "seen": number},
                       person=request.user)  # fmt: skip
    if request.method == "POST" and form.is_valid() and _saved(request, form, owner.partner_id):
        return HttpResponseRedirect(reverse("partner_settings"))
    return render(request, "partner/settings.html", {
        "form": form, "number": number,
        "entries": queries.company_entries(owner.partner_id),
        "account": _account(request, owner.partner_id),
        "may_hide": queries.may_hide_powered_by(owner.partner_id),
    })  # fmt: skip


def _saved(request: HttpRequest, form: CompanyForm, partner_id: uuid.UUID) -> bool:
    """Whether it is done; if not, the form says why."""
    if not is_sure(request, form):
        return False
    given = {name: value for name, value in form.cleaned_data.items() if name not in NOT_FACTS}
    enter = partial(
        enter_company, partner_id=partner_id, given=given, seen=form.cleaned_data["seen"],
        actor=str(request.user.email), now=timezone.now(),  # type: ignore[union-attr]
    )  # fmt: skip
    try:
        return entered(request, form, enter, _("Saved: papers issued from now on show it."))
    except BadCompany as bad:
        form.add_error(bad.member, PROBLEMS[bad.member, bad.code])
        return False


def _account(request: HttpRequest, partner_id: uuid.UUID) -> Any:
    """The payout account in use, or the newest one; None for whoever may not see it."""
    user: Any = request.user
    if not user.may("payouts.view"):
        return None
    rows = details_rows(partner_id, timezone.now())
    return next((row for row in rows if row.state == "usable"), rows[0] if rows else None)
