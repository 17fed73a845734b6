"""What a partner's papers say about its company. `tenants.rules.company` judges it."""

from __future__ import annotations

from typing import Any

from babel.core import Locale
from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from portal import local
from portal.forms.again import AgainForm
from portal.forms.fields import area, email_line, line, select
from tenants.rules.company import LANGUAGES

# What `BadCompany` says, in words.
PROBLEMS: dict[tuple[str, str], Any] = {
    ("country", "unknown"): _("Choose a country."),
    ("address", "long"): _("At most six lines of 120 characters each."),
    ("tax_id", "needs_country"): _("Choose the country first: each has its own form of it."),
    ("tax_id", "wrong"): _("This is no tax ID of that country: its form or its check digits are "
                           "wrong."),
    ("tax_id", "long"): _("At most 40 characters."),
    ("language", "unknown"): _("Choose a language."),
}  # fmt: skip


class CompanyForm(AgainForm):
    """Address, tax ID and where papers go, with the password of whoever changes them."""

    address = forms.CharField(
        label=_("Address"), max_length=800, required=False,
        widget=area(4, autocomplete="street-address"),
        help_text=_("As printed, without the country: at most six lines."),
    )  # fmt: skip
    country = forms.ChoiceField(label=_("Country"), required=False,
                                widget=select())  # fmt: skip
    tax_id = forms.CharField(
        label=_("Tax ID"), max_length=60, required=False, widget=line("mono", spellcheck="false"),
        help_text=_("A VAT number, an EIN or what your country has. Check digits are checked; "
                    "whether it is registered is not."),
    )  # fmt: skip
    email = forms.EmailField(
        label=_("Billing e-mail"), max_length=254, required=False, widget=email_line(),
        help_text=_("Invoices to you and statements go there. Empty: to your owners and finance "
                    "people."),
    )  # fmt: skip
    language = forms.ChoiceField(
        label=_("Language of your papers"), widget=select(),
        help_text=_("Of invoices to you and of your statements; amounts and months stay the same."),
    )  # fmt: skip
    seen = forms.IntegerField(min_value=0, max_value=2**31 - 2, widget=forms.HiddenInput())

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        country: Any = self.fields["country"]
        country.choices = [("", "—"), *countries()]
        language: Any = self.fields["language"]
        names = dict(settings.LANGUAGES)
        language.choices = [(code, names[code]) for code in LANGUAGES]


def countries() -> list[tuple[str, str]]:
    """Codes and names of countries in the page's language, by name."""
    found = Locale.parse(local.code()).territories
    known = [(code, name) for code, name in found.items()
             if len(code) == 2 and code.isalpha() and code not in _NO_COUNTRIES]  # fmt: skip
    return sorted(known, key=lambda pair: pair[1])


_NO_COUNTRIES = frozenset({"EU", "EZ", "QO", "UN", "XA", "XB", "ZZ"})
