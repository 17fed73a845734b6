"""A new agreement for a partner, from a template."""

from __future__ import annotations

from datetime import UTC, datetime, time

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from billing.actions.proposals import propose_agreement
from billing.queries.price_lists import retail_cards
from billing.rules.errors import BillingError
from portal.forms.deals import SignForm
from portal.views.console_partners import actor
from portal.words.told import told
from tenants import queries as tenants
from tenants.accounts.permissions import permission


@permission("agreements.prepare")
def sign(request: HttpRequest, slug: str) -> HttpResponse:
    """Propose a deal; a second person approves it on the agreement's page."""
    partner = tenants.partner_by_slug(slug)
    if partner is None:
        raise Http404
    cards = [(card.id, card.name) for card in retail_cards(partner.id)]
    form = SignForm(request.POST or None, cards=cards)
    if request.method == "POST" and form.is_valid():
        try:
            version = propose_agreement(
                partner_id=partner.id, template=form.cleaned_data["template"], deal=form.deal(),
                starts_at=datetime.combine(form.cleaned_data["day"], time(), UTC),
                created_by=actor(request), now=timezone.now(), name=form.cleaned_data["name"],
                retail_card_id=form.cleaned_data["card"] or None,
                currency=form.cleaned_data["currency"].upper(),
            )  # fmt: skip
        except BillingError as error:
            form.add_error(None, told(error))
        else:
            messages.success(request, _("Proposed. A second person has to approve it."))
            return HttpResponseRedirect(
                reverse("console_agreement", kwargs={"agreement_id": version.agreement_id})
            )
    return render(request, "console/sign.html", {"form": form, "partner": partner})
