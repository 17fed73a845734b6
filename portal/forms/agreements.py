"""Forms of the console. Fields say what is expected; the actions decide whether it is possible."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from billing.rules.amending import Figure, figures
from billing.rules.money import Money
from billing.rules.templates import OEM_UNIT_PRICE, Deal
from billing.rules.terms import (
    COLLECTED,
    CREDITS,
    FEES,
    INVOICED,
    PORTAL,
    REFUNDS,
    REPORTED,
    TAX,
    Terms,
)
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


def _area() -> forms.Textarea:
    return forms.Textarea(attrs={"class": "textarea", "rows": 2})


def _day(label: Any, help_text: Any = "") -> forms.DateField:
    widget = forms.DateInput(attrs={"class": "input", "type": "date"}, format="%Y-%m-%d")
    return forms.DateField(label=label, widget=widget, help_text=help_text)


class AmendForm(forms.Form):
    """Every figure of the terms in force, to be changed from a day on."""

    day = _day(_("In force from"), _("The first day, from 00:00 UTC."))
    reason = forms.CharField(
        label=_("Why"), max_length=500, widget=_area(),
        error_messages={"required": _("Say why: whoever approves it reads this.")},
    )  # fmt: skip

    def __init__(self, *args: Any, terms: Terms, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._figures = figures(terms)
        for one in self._figures:
            self.fields[_name(one.key)] = self._field(one)

    @staticmethod
    def _field(one: Figure) -> forms.Field:
        optional = one.key.endswith("cap_minor")
        if one.choices:
            choices = [(choice, choice) for choice in one.choices]
            select = forms.Select(attrs={"class": "select"})
            return forms.ChoiceField(label=one.label, choices=choices, initial=one.text,
                                     widget=select)  # fmt: skip
        return forms.CharField(label=one.label, initial=one.text, max_length=40, widget=_input(),
                               required=not optional)  # fmt: skip

    def figures(self) -> dict[str, str]:
        """What was written, by the figure's key."""
        return {one.key: self.cleaned_data[_name(one.key)] for one in self._figures}

    def figure_fields(self) -> list[forms.BoundField]:
        """The figures' fields, in the order of the terms."""
        return [self[_name(one.key)] for one in self._figures]


def _name(key: str) -> str:
    return "figure_" + key.replace(".", "_")


class EndForm(forms.Form):
    """When and why an agreement ends before its term."""

    day = _day(_("Ends on"), _("The first day without the agreement, from 00:00 UTC."))
    reason = forms.CharField(
        label=_("Why"), max_length=500, widget=_area(),
        error_messages={"required": _("Say why: the final statement refers to it.")},
    )  # fmt: skip


class SignForm(forms.Form):
    """A deal from a template; empty figures take the template's own."""

    template = forms.ChoiceField(
        label=_("Kind of deal"), choices=list(words.TEMPLATES.items()),
        widget=forms.Select(attrs={"class": "select"}),
    )  # fmt: skip
    name = forms.CharField(label=_("Name"), max_length=160, required=False, widget=_input(),
                           help_text=_("As lists show it. Empty: partner and kind."))  # fmt: skip
    day = _day(_("Starts on"), _("The first day, from 00:00 UTC."))
    currency = forms.CharField(label=_("Currency"), min_length=3, max_length=3, initial="USD",
                               widget=_input())  # fmt: skip
    card = forms.ChoiceField(
        label=_("Rate card"), required=False, widget=forms.Select(attrs={"class": "select"}),
        help_text=_("What usage costs. An OEM licence needs none."),
    )  # fmt: skip
    share = forms.DecimalField(
        label=_("Partner's share, %"), required=False, min_value=0, max_value=100,
        decimal_places=2, widget=_input(inputmode="decimal"),
        help_text=_("Empty: the default of the partner's type and of who collects."),
    )  # fmt: skip
    base_fee = forms.DecimalField(
        label=_("Base fee a year"), required=False, min_value=0, decimal_places=2,
        widget=_input(inputmode="decimal"),
    )  # fmt: skip
    unit_price = forms.DecimalField(
        label=_("OEM price per cached request"), required=False, min_value=0, decimal_places=12,
        widget=_input(inputmode="decimal"), help_text=_("Empty: 0.001."),
    )  # fmt: skip
    minimum = forms.DecimalField(
        label=_("Minimum a month"), required=False, min_value=0, decimal_places=2,
        widget=_input(inputmode="decimal"),
    )  # fmt: skip
    min_payout = forms.DecimalField(
        label=_("Minimum payout"), required=False, min_value=0, decimal_places=2,
        widget=_input(inputmode="decimal"),
    )  # fmt: skip
    poc_months = forms.IntegerField(
        label=_("Free months (proof of concept)"), required=False, min_value=0, max_value=36,
        widget=_input(inputmode="numeric"), help_text=_("Empty: 6 for a proof of concept, else 0."),
    )  # fmt: skip
    term_months = forms.IntegerField(
        label=_("Term, months"), required=False, min_value=1, max_value=120,
        widget=_input(inputmode="numeric"), help_text=_("Empty: 36 for OEM, else open."),
    )  # fmt: skip
    payment_days = forms.IntegerField(
        label=_("Payment within days"), initial=30, min_value=0, max_value=365,
        widget=_input(inputmode="numeric"),
    )  # fmt: skip
    self_billing = forms.BooleanField(label=_("Statements are self-billed invoices"),
                                      required=False)  # fmt: skip
    sales_reported = forms.BooleanField(
        label=_("The partner invoices its customers outside the portal and reports its sales"),
        required=False,
    )  # fmt: skip
    share_base = forms.ChoiceField(
        label=_("The share is taken of"), initial=INVOICED, required=False,
        choices=[(INVOICED, _("what customers are invoiced")),
                 (COLLECTED, _("what customers have paid"))],
        widget=forms.Select(attrs={"class": "select"}),
    )  # fmt: skip
    share_after = forms.MultipleChoiceField(
        label=_("Taken off before the share"), required=False,
        choices=[(CREDITS, _("Credit notes")), (REFUNDS, _("Refunds")), (FEES, _("Payment fees")),
                 (TAX, _("Tax"))],
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None ticked: as usual, which is credit notes and tax of what is invoiced, "
                    "refunds and tax of what is paid."),
    )  # fmt: skip

    def __init__(self, *args: Any, cards: list[tuple[Any, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice: Any = self.fields["card"]
        choice.choices = [("", _("none")), *((str(key), name) for key, name in cards)]

    def deal(self) -> Deal:
        """The figures as a deal, in minor units and basis points. Raises BillingError."""
        data = self.cleaned_data
        price = data["unit_price"]
        return Deal(
            share_bps=None if data["share"] is None else int(data["share"] * 100),
            poc_months=data["poc_months"], base_yearly_minor=self._minor("base_fee"),
            unit_price=OEM_UNIT_PRICE if price is None else price,
            minimum_minor=self._minor("minimum"), payment_days=data["payment_days"],
            min_payout_minor=self._minor("min_payout") or 0, term_months=data["term_months"],
            self_billing=data["self_billing"], share_base=data["share_base"] or INVOICED,
            share_after=tuple(sorted(data["share_after"])) or None,
            sales=REPORTED if data["sales_reported"] else PORTAL,
        )  # fmt: skip

    def _minor(self, name: str) -> int | None:
        amount = self.cleaned_data[name]
        if amount is None:
            return None
        return Money.from_decimal(amount, self.cleaned_data["currency"].upper()).amount_minor


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
