"""`/manage/email/`: as whom mails come, how one arrives, and what became of those of papers."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from billing.queries.mailing import mail_counts
from tenants.accounts.permissions import permission
from tenants.actions.test_mails import TooManyMails, send_test_mail

DAYS = 30


@permission("brand.edit")
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """The sender, a test to oneself, and counts; what is not measured is not shown."""
    owner: Any = request.owner  # type: ignore[attr-defined]
    return render(request, "partner/email.html", {
        "address": settings.DEFAULT_FROM_EMAIL, "days": DAYS,
        "counts": mail_counts(owner.partner_id, timezone.now() - timedelta(days=DAYS)),
    })  # fmt: skip


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
