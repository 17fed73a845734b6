"""The shapes of fields, so that a form says only what is asked and within which bounds."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms


def line(kind: str = "", **attrs: Any) -> forms.TextInput:
    """One line of text; `kind` is a further class, such as "mono"."""
    return forms.TextInput(attrs={"class": _classes("input", kind), "autocomplete": "off", **attrs})


def area(rows: int, kind: str = "", **attrs: Any) -> forms.Textarea:
    """Several lines of text."""
    return forms.Textarea(attrs={"class": _classes("textarea", kind), "rows": rows, **attrs})


def mono_area(rows: int, **attrs: Any) -> forms.Textarea:
    """Several lines that are no prose: one entry a line."""
    return area(rows, "mono", **{"spellcheck": "false", **attrs})


def email_line(**attrs: Any) -> forms.EmailInput:
    """An e-mail address."""
    return forms.EmailInput(attrs={"class": "input", "autocomplete": "off", **attrs})


def number_line(**attrs: Any) -> forms.NumberInput:
    """A number that a browser may count up and down."""
    return forms.NumberInput(attrs={"class": "input", **attrs})


def secret_line(autocomplete: str) -> forms.PasswordInput:
    """A password or a secret, as password managers know it; never shown again."""
    return forms.PasswordInput(attrs={"class": "input", "autocomplete": autocomplete})


def upload(accept: str = "") -> forms.FileInput:
    """A file; `accept` are the endings and types that a browser offers."""
    return forms.FileInput(attrs={"class": "input"} | ({"accept": accept} if accept else {}))


def date_line() -> forms.DateInput:
    """A date, as browsers pick it."""
    return forms.DateInput(attrs={"class": "input", "type": "date"}, format="%Y-%m-%d")


def select() -> forms.Select:
    """One of a list."""
    return forms.Select(attrs={"class": "select"})


def _classes(first: str, more: str) -> str:
    return f"{first} {more}".rstrip()


def calendar_day(label: Any, help_text: Any = "") -> forms.DateField:
    """A date."""
    return forms.DateField(label=label, widget=date_line(), help_text=help_text)


def choice(label: Any, choices: Iterable[tuple[Any, Any]] = (), **more: Any) -> forms.ChoiceField:
    """One of a list that may be left as it is, unless `required`."""
    return forms.ChoiceField(label=label, choices=list(choices), widget=select(),
                             **{"required": False, **more})  # fmt: skip


def amount(label: Any, help_text: Any = "", places: int = 2) -> forms.DecimalField:
    """Not negative and with so many decimals; may be left empty."""
    return forms.DecimalField(label=label, required=False, min_value=0, decimal_places=places,
                              widget=line(inputmode="decimal"), help_text=help_text)  # fmt: skip


def percent(label: Any, help_text: Any = "") -> forms.DecimalField:
    """0 to 100 with two decimals; may be left empty."""
    return forms.DecimalField(
        label=label, required=False, min_value=0, max_value=100, decimal_places=2,
        widget=line(inputmode="decimal"), help_text=help_text,
    )  # fmt: skip


def count(label: Any, most: int, help_text: Any = "", **more: Any) -> forms.IntegerField:
    """A whole number from 0 (or `min_value`) to `most`; may be left empty, unless `required`."""
    bounds = {"min_value": 0, "required": False, **more}
    return forms.IntegerField(label=label, max_value=most, help_text=help_text,
                              widget=line(inputmode="numeric"), **bounds)  # fmt: skip


class SeenForm(forms.Form):
    """A form that knows what it was opened on (`tenants.rules.meanwhile.mark`)."""

    seen = forms.CharField(max_length=64, required=False, widget=forms.HiddenInput())


def flag(label: Any) -> forms.BooleanField:
    """Yes or no."""
    return forms.BooleanField(label=label, required=False)
