"""The last step of a form that was opened on something: do it and say so, or say who was faster."""

from __future__ import annotations

from collections.abc import Callable

from django import forms
from django.contrib import messages
from django.http import HttpRequest
from django.utils.translation import gettext as _

from portal.words.told import told
from tenants.rules.meanwhile import ChangedMeanwhile


def entered(
    request: HttpRequest, form: forms.Form, enter: Callable[[], object], saved: str
) -> bool:
    """Whether `enter` is done, `saved` being what is said of it; if not, the form says why.

    `enter` returns something true where anything changed. What it raises but ChangedMeanwhile
    goes on.
    """
    try:
        done = enter()
    except ChangedMeanwhile as changed:
        form.add_error(None, told(changed))
        return False
    messages.success(request, saved if done else _("Nothing was changed."))
    return True
