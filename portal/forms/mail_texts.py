"""The form about a partner's own words in its mails. `tenants.rules.mail_texts` judges them."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from portal.forms.fields import area, line
from portal.words.mail_texts import LABELS, problem
from tenants.rules.mail_texts import FOOTER, HOLES, BadMailText, checked


class MailTextsForm(forms.Form):
    """A field for each kind, beside each what the editor saw; empty is our words."""

    def __init__(self, *args: Any, known: dict[str, str], **kwargs: Any) -> None:
        seen = {f"seen_{kind}": text for kind, text in known.items()}
        super().__init__(*args, initial={**known, **seen}, **kwargs)
        for kind, holes in HOLES.items():
            self.fields[kind] = _field(kind, holes)
            self.fields[f"seen_{kind}"] = forms.CharField(
                required=False, strip=False, widget=forms.HiddenInput()
            )

    def clean(self) -> dict[str, Any]:
        """Each text as it is kept."""
        given: dict[str, Any] = super().clean() or {}
        for kind in HOLES:
            try:
                given[kind] = checked(kind, given.get(kind, ""))
            except BadMailText as bad:
                self.add_error(kind, problem(bad))
        return given

    @property
    def shown(self) -> list[Any]:
        """The fields that are seen."""
        return [self[kind] for kind in HOLES]

    @property
    def hidden(self) -> list[Any]:
        """The fields that are not."""
        return [self[f"seen_{kind}"] for kind in HOLES]

    def texts(self) -> dict[str, str]:
        """By kind."""
        return {kind: self.cleaned_data[kind] for kind in HOLES}

    def seen(self) -> dict[str, str]:
        """What the editor saw, by kind."""
        return {kind: self.cleaned_data[f"seen_{kind}"].replace("\r\n", "\n") for kind in HOLES}


def _field(kind: str, holes: tuple[str, ...]) -> forms.CharField:
    widget: Any = area(4) if kind == FOOTER else line()
    help_text: Any = _("Empty: none.")
    if holes:
        help_text = ", ".join(f"{{{hole}}}" for hole in holes)
    return forms.CharField(
        label=LABELS[kind], required=False, strip=False, widget=widget, help_text=help_text
    )
