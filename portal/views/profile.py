"""One's own profile: name, language, time zone, appearance, and which mails one gets."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _
from django.views.i18n import set_language

from portal.forms.profile import ProfileForm
from tenants.actions.profiles import change_profile, keep_language
from tenants.rules.mails import kinds_for


@login_required
def page(request: HttpRequest) -> HttpResponse:
    """The form; what is saved holds with the next page."""
    user: Any = request.user
    wanted = [kind for kind in kinds_for(user.role) if kind not in user.muted]
    known = {"name": user.name, "language": user.language, "time_zone": user.time_zone,
             "theme": user.theme, "mails": wanted}  # fmt: skip
    form = ProfileForm(request.POST or None, initial=known, role=user.role)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        done = change_profile(person=user, partner_id=request.owner.partner_id,  # type: ignore[attr-defined]
                              now=timezone.now(), **given)  # fmt: skip
        with override(given["language"] or get_language()):
            messages.success(request, _("Saved.") if done else _("Nothing was changed."))
        return HttpResponseRedirect(reverse("account_profile"))
    return render(request, "account/profile.html", {"form": form})


def language(request: HttpRequest) -> HttpResponse:
    """The switch in the menu: for this device, and for the person who is signed in."""
    user: Any = request.user
    chosen = request.POST.get("language", "")
    known = chosen in dict(settings.LANGUAGES)
    if request.method == "POST" and user.is_authenticated and known:
        keep_language(person=user, language=chosen)
    answer: HttpResponse = set_language(request)
    return answer
