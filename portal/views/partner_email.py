"""`/manage/email/`: as whom mails come, how one arrives, and what became of those of papers."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from billing.queries.mailing import mail_counts
from portal.forms.senders import SenderForm
from portal.queries.senders import sender_view
from portal.words import senders as words
from portal.words.bounces import why_bounced
from tenants import queries
from tenants.accounts.permissions import eyes, permission
from tenants.actions import senders
from tenants.actions.bounces import clear_bounced
from tenants.actions.senders import SenderRefused
from tenants.actions.test_mails import TooManyMails, send_test_mail
from tenants.rules.senders import AddressRefused

DAYS = 30


@permission("brand.edit")
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """The sender, a test to oneself, and counts; what is not measured is not shown."""
    return _page(request)


def _page(request: HttpRequest, form: SenderForm | None = None) -> HttpResponse:
    owner: Any = request.owner  # type: ignore[attr-defined]
    now, row = timezone.now(), queries.sender_address(owner.partner_id)
    if row is not None and row.asked_at is not None and request.headers.get("HX-Request"):
        senders.ask_sender_check(partner_id=owner.partner_id, now=now)  # an open page that waits
    return render(request, "partner/email.html", {
        "address": settings.DEFAULT_FROM_EMAIL, "days": DAYS,
        "shown": sender_view(row) if row else None, "form": form or SenderForm(),
        "may_change": eyes(request).may("domains.manage"),
        "counts": mail_counts(owner.partner_id, now - timedelta(days=DAYS)),
        "bounces": [(one, why_bounced(one.status))
                    for one in queries.bounced_rows(owner.partner_id)],
        "languages": settings.LANGUAGES,
    })  # fmt: skip


@permission("domains.manage")
@require_POST
def sender(request: HttpRequest) -> HttpResponse:
    """Ask for mails to come from an address of the partner's own."""
    form = SenderForm(request.POST)
    if not form.is_valid():
        return _page(request, form)
    try:
        senders.claim_sender(text=form.cleaned_data["address"], **_who(request))
    except AddressRefused as refused:
        form.add_error("address", words.refusal(refused.code))
        return _page(request, form)
    except SenderRefused as refused:  # its page has no form: another window was quicker
        messages.error(request, words.refusal(refused.code))
    return HttpResponseRedirect(reverse("partner_email"))


@permission("domains.manage")
@require_POST
def check_sender(request: HttpRequest) -> HttpResponse:
    """Have its records looked at now."""
    owner: Any = request.owner  # type: ignore[attr-defined]
    try:
        asked = senders.ask_sender_check(partner_id=owner.partner_id, now=timezone.now())
    except SenderRefused as refused:
        messages.error(request, words.refusal(refused.code))
    else:
        messages.info(request, _("DNS is being asked.") if asked
                      else _("It was asked a moment ago; look again soon."))  # fmt: skip
    return HttpResponseRedirect(reverse("partner_email"))


@permission("domains.manage")
@require_POST
def end_sender(request: HttpRequest) -> HttpResponse:
    """Mails come from our address again."""
    if senders.end_sender(**_who(request)):
        messages.success(request, _("Removed. Mails come from our address, in your name."))
    return HttpResponseRedirect(reverse("partner_email"))


@permission("brand.edit")
@require_POST
def clear(request: HttpRequest, row_id: UUID) -> HttpResponse:
    """Mails go to an address again that took none."""
    if clear_bounced(row_id=row_id, **_who(request)):
        messages.success(request, _("Mails go there again. What came back meanwhile is not sent "
                                    "again by itself."))  # fmt: skip
    return HttpResponseRedirect(reverse("partner_email"))


def _who(request: HttpRequest) -> dict[str, Any]:
    owner: Any = request.owner  # type: ignore[attr-defined]
    return {"partner_id": owner.partner_id, "now": timezone.now(),
            "actor": str(request.user.email).lower()}  # type: ignore[union-attr]  # fmt: skip


@permission("brand.edit")
@require_POST
def send_test(request: HttpRequest) -> HttpResponse:
    """One mail to whoever asks."""
    owner: Any = request.owner  # type: ignore[attr-defined]
    to = str(request.user.email)  # type: ignore[union-attr]
    text = _("This is how mails of %(product)s look and arrive.\n\nNothing has to be done.")
    try:
        taken = send_test_mail(
            partner_id=owner.partner_id, to=to, brand=owner.brand, now=timezone.now(),
            home=request.build_absolute_uri("/").rstrip("/"),
            subject=_("%(product)s: a test") % {"product": owner.brand.product_name},
            text=text % {"product": owner.brand.product_name},
        )  # fmt: skip
    except TooManyMails:
        messages.error(request, _("Ten were sent within the hour. Wait a little."))
    else:
        if taken:
            messages.success(request, _("Sent to %(to)s. Look at the sender and the colours.")
                             % {"to": to})  # fmt: skip
        else:
            messages.error(request, _("The mail server did not take it. Try again in a minute."))
    return HttpResponseRedirect(reverse("partner_email"))
