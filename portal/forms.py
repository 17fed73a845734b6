"""Forms of the console. Fields say what is expected; the actions decide whether it is possible."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from portal import words


def _input(**attrs: Any) -> forms.TextInput:
    return forms.TextInput(attrs={"class": "input", "autocomplete": "off", **attrs})


class OpenPartnerForm(forms.Form):
    """The facts a partner starts with; the fields are `request_partner`'s arguments."""

    name = forms.CharField(label=_("Company name"), max_length=120, widget=_input())
    slug = forms.CharField(
        label=_("Short name"), max_length=40, widget=_input(spellcheck="false"),
        help_text=_("Lower-case letters, digits and hyphens. It is part of the partner's fallback "
                    "host and of codes, and never changes."),
    )  # fmt: skip
    kind = forms.ChoiceField(
        label=_("Kind of partner"), choices=list(words.PARTNER_KINDS.items()),
        widget=forms.Select(attrs={"class": "select"}),
        help_text=_("Sets the default share of an agreement."),
    )  # fmt: skip
    legal_name = forms.CharField(
        label=_("Legal name"), max_length=160, required=False, widget=_input(),
        help_text=_("As on documents. Empty: the company name."),
    )  # fmt: skip
    host = forms.CharField(
        label=_("Own hostname"), max_length=253, required=False,
        widget=_input(spellcheck="false", placeholder="cache.example.com", inputmode="url"),
        help_text=_("Where customers will find it. It can be added later; the fallback host works "
                    "at once."),
    )  # fmt: skip
    product_name = forms.CharField(
        label=_("Product name"), max_length=80, required=False, widget=_input(),
        help_text=_("What customers see on every page. Empty: the company name."),
    )  # fmt: skip
    tagline = forms.CharField(label=_("Tagline"), max_length=160, required=False, widget=_input())
    seed_hex = forms.CharField(
        label=_("Brand colour"), initial="#3355CC", max_length=7,
        widget=forms.TextInput(attrs={"class": "input input--color", "type": "color"}),
        help_text=_("One colour; every other tone is derived from it with readable contrast."),
    )  # fmt: skip
    owner_email = forms.EmailField(
        label=_("First owner's e-mail"),
        widget=forms.EmailInput(attrs={"class": "input", "autocomplete": "off"}),
        help_text=_("Signs in on the partner's host after setting a password by mail."),
    )  # fmt: skip


class ReasonForm(forms.Form):
    """Why a run is sent back."""

    reason = forms.CharField(
        label=_("Reason"), max_length=500,
        error_messages={"required": _("Say why: whoever settles it again reads this.")},
        widget=forms.Textarea(attrs={"class": "textarea", "rows": 3}),
    )  # fmt: skip


class CountsForm(forms.Form):
    """A partner's own counts and how to compare them."""

    file = forms.FileField(
        label=_("CSV file"), widget=forms.FileInput(attrs={"class": "input", "accept": ".csv"}),
        help_text=_("Header <code>hour,customer,count</code>; hours in UTC, such as "
                    "2026-10-01T13:00:00Z; the customer's id as in your requests."),
    )  # fmt: skip
    measure = forms.ChoiceField(
        label=_("It counts"), widget=forms.Select(attrs={"class": "select"}),
        choices=[("lookups", _("Lookups")), ("cached_requests", _("Cached requests"))],
    )  # fmt: skip
    tolerance = forms.DecimalField(
        label=_("Tolerance in percent"), min_value=0, max_value=100, decimal_places=2, initial=1,
        widget=forms.NumberInput(attrs={"class": "input", "step": "0.01"}),
        help_text=_("An hour within this part of your own count is called matched."),
    )  # fmt: skip
