"""An invitation's page, under the brand of the host that it is for."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.forms.fields import line, secret_line
from portal.words.told import told
from tenants.actions.invitations import accept, invitation_of
from tenants.actions.people import PersonRefused


class AcceptForm(forms.Form):
    """A name and a password of one's own; pasting is welcome."""

    name = forms.CharField(
        label=gettext_lazy("Your name"), max_length=120, required=False,
        widget=line(autocomplete="name"),
    )  # fmt: skip
    password = forms.CharField(
        label=gettext_lazy("Password"), max_length=200, strip=False,
        widget=secret_line("new-password"),
        help_text=gettext_lazy("At least ten characters; a few random words are good."),
    )  # fmt: skip


def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Works once, until it expires, on its own host only; anything else is a page that says so."""
    now = timezone.now()
    row = invitation_of(token, now)
    if row is None:
        return _answer(request, {}, status=410)
    form = AcceptForm(request.POST or None, initial={"name": row.name})
    if request.method == "POST" and form.is_valid():
        try:
            accept(token=token, now=now, partner_id=request.owner.partner_id,  # type: ignore[attr-defined]
                   **form.cleaned_data)  # fmt: skip
        except ValidationError as weak:
            form.add_error("password", weak)
        except PersonRefused as refused:
            return _answer(request, {"refused": told(refused)}, status=410)
        else:
            messages.success(request, _("Your account is open. Sign in with your new password."))
            return HttpResponseRedirect(reverse("account_login"))
    return _answer(request, {"row": row, "form": form})


def _answer(request: HttpRequest, context: dict[str, object], status: int = 200) -> HttpResponse:
    answer = render(request, "people/invitation.html", context, status=status)
    answer["Cache-Control"] = "no-store"  # the address is the secret
    return answer
