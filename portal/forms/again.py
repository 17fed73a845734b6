"""The password once more, in a form that moves money, changes papers or forgets somebody."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from portal.forms.fields import secret_line


class AgainForm(forms.Form):
    """Asks `person`, who sends it, for the password; who has none (single sign-on) is not asked.

    `cleaned_data["password"]` is "" then; whether the answer is right is `step_up.is_sure`'s.
    Templates show `form.password` where it is one of `form.fields`.
    """

    asked_because: Any = ""
    password = forms.CharField(
        label=_("Your password"), max_length=200, strip=False,
        widget=secret_line("current-password"),
    )  # fmt: skip

    def __init__(self, *args: Any, person: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        asked = self.fields.pop("password")
        asked.help_text = self.asked_because
        if person.has_usable_password():
            self.fields["password"] = asked  # the last of the fields

    def clean(self) -> dict[str, Any]:
        """What was given, with a password in any case."""
        return {"password": "", **self.cleaned_data}

    def refuse(self, problem: str) -> None:
        """Say why this is not surely the person: beside the password, where one is asked for."""
        self.add_error("password" if "password" in self.fields else None, problem)
