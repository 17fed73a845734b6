"""What erasing a customer asks for."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from portal.forms.again import AgainForm
from portal.forms.fields import line


class EraseForm(AgainForm):
    """The customer's id once more, and the password of whoever erases."""

    confirm = forms.CharField(
        label=_("Write the customer's id to confirm"), max_length=200, widget=line(),
    )  # fmt: skip

    def __init__(self, *args: Any, external_id: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.external_id = external_id

    def clean_confirm(self) -> str:
        """The very id."""
        if self.cleaned_data["confirm"] != self.external_id:
            raise forms.ValidationError(_("This is not the customer's id. Nothing was changed."))
        return self.external_id
