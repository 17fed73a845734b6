"""`/manage/settings/`: what is true of the partner wherever its name stands."""

from __future__ import annotations

import uuid
from dataclasses import asdict
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from billing.queries.payouts import details_rows
from portal.forms.company import PROBLEMS, CompanyForm
from portal.views.step_up import password_problem
from tenants import queries
from tenants.accounts.permissions import permission
from tenants.actions.company import CompanyChanged, enter_company
from tenants.rules.company import BadCompany


@permission("settings.manage")
def page(request: HttpRequest) -> HttpResponse:
    """Company facts in a form; brand, payout account and powered-by with the way to each."""
    owner: Any = request.owner  # type: ignore[attr-defined]
    number, company = queries.company(owner.partner_id)
    form = CompanyForm(request.POST or None, initial={**asdict(company), "seen": number})
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
    given = dict(form.cleaned_data)
    seen, password = given.pop("seen"), given.pop("password")
    problem = password_problem(request, password)
    if problem:
        form.add_error("password", problem)
        return False
    try:
        done = enter_company(partner_id=partner_id, given=given, seen=seen,
                             actor=str(request.user.email),  # type: ignore[union-attr]
                             now=timezone.now())  # fmt: skip
    except BadCompany as bad:
        form.add_error(bad.member, PROBLEMS[bad.member, bad.code])
        return False
    except CompanyChanged:
        form.add_error(None, _("Somebody else changed this meanwhile. Nothing was saved; open the "
                               "page again and look."))  # fmt: skip
        return False
    messages.success(request, _("Saved: papers issued from now on show it.") if done
                     else _("Nothing was changed."))  # fmt: skip
    return True


def _account(request: HttpRequest, partner_id: uuid.UUID) -> Any:
    """The payout account in use, or the newest one; None for whoever may not see it."""
    user: Any = request.user
    if not user.may("payouts.view"):
        return None
    rows = details_rows(partner_id, timezone.now())
    return next((row for row in rows if row.state == "usable"), rows[0] if rows else None)
