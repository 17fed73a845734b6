"""What papers say of a customer, as it or its partner enters it.

`cache_api.rules.customer_facts` judges it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from portal.forms.company import countries
from portal.forms.fields import SeenForm, line, select
from portal.words.billing import MEMBERS
from tenants.rules.company import LANGUAGES


class BillingForm(SeenForm):
    """Who is billed, where papers go, and what the buyer needs to read on them."""

    legal_name = forms.CharField(label=MEMBERS["legal_name"], max_length=160, required=False,
                                 widget=line(), help_text=_("As on documents."))  # fmt: skip
    address = forms.CharField(
        label=MEMBERS["address"], max_length=800, required=False,
        widget=forms.Textarea(attrs={"class": "textarea", "rows": 3}),
        help_text=_("As printed, without the country: at most six lines."),
    )  # fmt: skip
    country = forms.ChoiceField(label=MEMBERS["country"], required=False, widget=select())
    tax_id = forms.CharField(
        label=MEMBERS["tax_id"], max_length=60, required=False,
        widget=line(spellcheck="false"),
        help_text=_("A VAT number, an EIN or what your country has. Check digits are checked; "
                    "whether it is registered is not."),
    )  # fmt: skip
    email = forms.EmailField(
        label=MEMBERS["email"], max_length=254, required=False,
        widget=forms.EmailInput(attrs={"class": "input", "autocomplete": "off"}),
        help_text=_("Where invoices go, and printed on them."),
    )  # fmt: skip
    contacts = forms.CharField(
        label=MEMBERS["contacts"], max_length=2_000, required=False,
        widget=forms.Textarea(attrs={"class": "textarea", "rows": 2, "spellcheck": "false"}),
        help_text=_("One address a line, at most five: they get invoices and reminders, too."),
    )  # fmt: skip
    reference = forms.CharField(
        label=MEMBERS["reference"], max_length=80, required=False, widget=line(),
        help_text=_("A cost centre or routing ID, on each invoice and in its e-invoice."),
    )  # fmt: skip
    purchase_order = forms.CharField(
        label=MEMBERS["purchase_order"], max_length=80, required=False, widget=line(),
        help_text=_("Its number, from the next invoice on until it is changed."),
    )  # fmt: skip
    language = forms.ChoiceField(
        label=MEMBERS["language"], required=False, widget=select(),
        help_text=_("Amounts and months stay the same."),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        country: Any = self.fields["country"]
        held, known = self.initial.get("country", ""), countries()
        kept = [(held, held)] if held and held not in dict(known) else []
        country.choices = [("", "—"), *kept, *known]
        language: Any = self.fields["language"]
        names = dict(settings.LANGUAGES)
        language.choices = [("" if one == LANGUAGES[0] else one, names[one]) for one in LANGUAGES]


class CustomerForm(BillingForm):
    """The same by the partner, with what it calls a customer and what it bills it in."""

    name = forms.CharField(label=_("Name"), max_length=120, required=False, widget=line())
    plan = forms.CharField(label=_("Plan"), max_length=80, required=False, widget=line())
    currency = forms.CharField(
        label=MEMBERS["currency"], max_length=3, required=False, widget=line(placeholder="EUR"),
        help_text=_("Of its next invoices; those that are issued stay as they are."),
    )  # fmt: skip


def written(billing: Mapping[str, Any]) -> dict[str, Any]:
    """A customer's billing facts as the fields of these forms show them."""
    listed = {name: billing.get(name) or [] for name in ("address", "contacts")}
    return {**billing, **{name: value if isinstance(value, str) else "\n".join(value)
                          for name, value in listed.items()}}  # fmt: skip
