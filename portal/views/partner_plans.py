"""`/manage/plans/`: what the partner offers its customers, in versions; and who pays by which."""

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
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from billing.actions import plans as actions
from billing.queries import plans as found
from billing.queries.plan_money import plans_money
from billing.queries.plans import PlanView
from billing.rules.errors import BillingError
from billing.rules.plans import TEMPLATES
from portal.forms.plans import MonthForm, MoveForm, NewPlanForm, OfferForm
from portal.queries.estimates import terms_in_force
from portal.queries.overview import customer_of
from portal.words import plans as words
from portal.words.told import told
from tenants.accounts.permissions import permission
from tenants.rules.meanwhile import ChangedMeanwhile, mark


@permission("plans.manage")
@require_safe
def plans(request: HttpRequest) -> HttpResponse:
    """Every plan with its customers, what it brings in, and three templates to begin with."""
    currency, shown = _currency(request), found.plans(_partner(request), timezone.now())
    return render(request, "partner/plans.html", {
        "plans": shown, "money": plans_money(_partner(request), shown, currency),
        "templates": [
            (key, *words.TEMPLATE_NAMES[key], words.offer_lines(offer, currency))
            for key, offer in TEMPLATES.items()
        ],
    })  # fmt: skip


@permission("plans.manage")
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """A plan as a draft, begun from `?template=` where one is named."""
    key = request.GET.get("template", "")
    first = NewPlanForm.first(TEMPLATES[key]) if key in TEMPLATES else {}
    if first:
        first["name"] = words.TEMPLATE_NAMES[key][0]
    form, currency = NewPlanForm(request.POST or None, initial=first), _currency(request)

    def save() -> HttpResponse:
        made = actions.create_plan(
            partner_id=_partner(request), name=form.cleaned_data["name"], currency=currency,
            offer=form.offer(), actor=_actor(request), now=timezone.now(),
        )  # fmt: skip
        return _to_plan(request, made.pk, _("The plan is drafted. Publish it when it is right."))

    return _tried(request, form, save) or render(
        request, "partner/plan_new.html", {"form": form, "currency": currency}
    )


@permission("plans.manage")
@require_http_methods(["GET", "HEAD", "POST"])
def plan(request: HttpRequest, plan_id: uuid.UUID) -> HttpResponse:
    """Versions with who is on them, the draft of the next one and the way to publish it."""
    shown = _shown(request, plan_id)
    form = OfferForm(request.POST or None, initial=_first(shown))

    def save() -> HttpResponse:
        done = actions.change_draft(plan_id=shown.id, offer=form.offer(), seen=_seen(request),
                                    actor=_actor(request), now=timezone.now())  # fmt: skip
        return _to_plan(request, shown.id, _("The draft is saved; nobody pays by it yet.")
                        if done else _("Nothing was changed."))  # fmt: skip

    return _tried(request, form, save) or _page(request, shown, form=form)


@permission("plans.manage")
@require_POST
def publish(request: HttpRequest, plan_id: uuid.UUID) -> HttpResponse:
    """The draft as a version from a month on; nobody is moved."""
    shown = _shown(request, plan_id)
    form = MonthForm(request.POST, now=timezone.now())

    def save() -> HttpResponse:
        actions.publish_plan(plan_id=shown.id, starts_at=form.starts_at(), seen=_seen(request),
                             actor=_actor(request), now=timezone.now())  # fmt: skip
        return _to_plan(request, shown.id, _("Published. Customers of earlier versions stay on "
                                             "theirs until you move them."))  # fmt: skip

    return _tried(request, form, save) or _page(request, shown, month_form=form)


@permission("plans.manage")
@require_POST
def discard(request: HttpRequest, plan_id: uuid.UUID) -> HttpResponse:
    """Throw the draft away."""
    shown = _shown(request, plan_id)
    try:
        actions.change_draft(plan_id=shown.id, offer=None, seen=_seen(request),
                             actor=_actor(request), now=timezone.now())  # fmt: skip
    except ChangedMeanwhile as changed:
        messages.error(request, told(changed))
        return HttpResponseRedirect(reverse("partner_plan", args=[shown.id]))
    return _to_plan(request, shown.id, _("The draft is gone."))


@permission("plans.manage")
@require_http_methods(["GET", "HEAD", "POST"])
def move(request: HttpRequest, customer_id: uuid.UUID) -> HttpResponse:
    """What would change from when (`?version=&starts=`); then, by POST, it does."""
    customer, now = customer_of(customer_id), timezone.now()
    if customer is None:
        raise Http404
    versions = found.joinable(_partner(request), now)
    before = found.on_plan(_partner(request), customer.pk, now)
    given = request.POST or ({"version": "", **request.GET.dict()} if request.GET else None)
    form = MoveForm(given, now=now, versions=words.choices(versions))
    seen = _seen(request) or mark(found.moves_of(_partner(request), customer.pk))
    context: dict[str, Any] = {"customer": customer, "form": form, "before": before, "seen": seen}
    if form.is_valid():
        after = versions.get(form.cleaned_data["version"])
        context["lines"] = words.move_lines(before, after, form.starts_at(), now)

    def save() -> HttpResponse:
        done = actions.move_customer(
            partner_id=_partner(request), customer_id=customer.pk, starts_at=form.starts_at(),
            version_id=after.id if after else None, seen=_seen(request), actor=_actor(request),
            now=now,
        )  # fmt: skip
        messages.success(request, _("Saved.") if done else _("It was so already."))
        return HttpResponseRedirect(reverse("partner_customer", args=[customer.pk]))

    return _tried(request, form, save) or render(request, "partner/customer_plan.html", context)


def _tried(
    request: HttpRequest, form: forms.Form, save: Callable[[], HttpResponse]
) -> HttpResponse | None:
    if request.method == "POST" and form.is_valid():
        try:
            return save()
        except (BillingError, ChangedMeanwhile) as error:
            form.add_error(None, told(error))
    return None


def _seen(request: HttpRequest) -> str:
    return request.POST.get("seen", "")


def _page(request: HttpRequest, shown: PlanView, **bound: forms.Form) -> HttpResponse:
    versions = [(one, words.stops(one.offer)) for one in shown.versions]
    draft = words.offer_lines(shown.draft, shown.currency) if shown.draft else []
    return render(request, "partner/plan.html", {
        "plan": shown, "versions": versions, "draft_lines": draft,
        "seen": _seen(request) or shown.mark,
        "form": OfferForm(initial=_first(shown)),
        "month_form": MonthForm(now=timezone.now()), **bound,
    })  # fmt: skip


def _first(shown: PlanView) -> dict[str, Any]:
    offers = [shown.draft, *(one.offer for one in shown.versions)]
    return next((OfferForm.first(one) for one in offers if one is not None), {})


def _shown(request: HttpRequest, plan_id: uuid.UUID) -> PlanView:
    shown = found.plan_of(_partner(request), plan_id, timezone.now())
    if shown is None:
        raise Http404
    return shown


def _to_plan(request: HttpRequest, plan_id: uuid.UUID, said: str) -> HttpResponse:
    messages.success(request, said)
    return HttpResponseRedirect(reverse("partner_plan", args=[plan_id]))


def _currency(request: HttpRequest) -> str:
    terms = terms_in_force(_partner(request), timezone.now())
    return terms.currency if terms else "USD"


def _partner(request: HttpRequest) -> uuid.UUID:
    return request.owner.partner_id  # type: ignore[attr-defined,no-any-return]


def _actor(request: HttpRequest) -> str:
    return str(request.user.email).lower()  # type: ignore[union-attr]
