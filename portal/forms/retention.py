"""How long a partner wants cached answers kept."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cache_api.rules.retention import CHOICES
from portal.forms.again import AgainForm
from portal.forms.fields import select
from portal.words.retention import hours_text


class RetentionForm(AgainForm):
    """One of the choices up to `most` hours, and the password."""

    hours = forms.TypedChoiceField(
        label=_("Cached answers at most"), coerce=int, widget=select(),
        help_text=_("For answers that are stored from now on; shorter wishes of a request stay "
                    "shorter."),
    )  # fmt: skip
    seen = forms.IntegerField(min_value=0, max_value=2**31 - 2, widget=forms.HiddenInput())

    def __init__(self, *args: Any, most: int, held: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["hours"]
        known = sorted({one for one in (*CHOICES, held, most) if one <= most})
        field.choices = [(one, hours_text(one)) for one in known]


class CustomerRetentionForm(RetentionForm):
    """The same for one customer: shorter than all of its partner's, or as theirs (None)."""

    def __init__(self, *args: Any, most: int, held: int | None, **kwargs: Any) -> None:
        super().__init__(*args, most=most, held=min(held or most, most), **kwargs)
        field: Any = self.fields["hours"]
        field.required, field.empty_value = False, None
        as_all = _("As of all your customers: %s") % hours_text(most)
        field.choices = [("", as_all), *(one for one in field.choices if one[0] < most)]
