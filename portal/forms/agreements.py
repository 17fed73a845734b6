"""Forms of the console. Fields say what is expected; the actions decide whether it is possible."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from billing.rules.figures import GROUPS, PLAN, PRICE, STEPS, Figure, figures
from billing.rules.terms import Terms
from portal import words
from portal.forms.fields import (
    SeenForm,
    area,
    calendar_day,
    email_line,
    line,
    number_line,
    select,
    upload,
)
from portal.forms.own_ids import OwnIdsForm
from portal.words import terms as terms_words
from portal.words.told import told


class OpenPartnerForm(forms.Form):
    """The facts a partner starts with; the fields are `request_partner`'s arguments."""

    name = forms.CharField(label=_("Company name"), max_length=120, widget=line())
    slug = forms.CharField(
        label=_("Short name"), max_length=40, widget=line(spellcheck="false"),
        help_text=_("Lower-case letters, digits and hyphens. It is part of the partner's fallback "
                    "host and of codes, and never changes."),
    )  # fmt: skip
    kind = forms.ChoiceField(
        label=_("Kind of partner"), choices=list(words.PARTNER_KINDS.items()), widget=select(),
        help_text=_("Sets the default share of an agreement."),
    )  # fmt: skip
    legal_name = forms.CharField(
        label=_("Legal name"), max_length=160, required=False, widget=line(),
        help_text=_("As on documents. Empty: the company name."),
    )  # fmt: skip
    host = forms.CharField(
        label=_("Own hostname"), max_length=253, required=False,
        widget=line(spellcheck="false", placeholder="cache.example.com", inputmode="url"),
        help_text=_("Where customers will find it. It can be added later; the fallback host works "
                    "at once."),
    )  # fmt: skip
    product_name = forms.CharField(
        label=_("Product name"), max_length=80, required=False, widget=line(),
        help_text=_("What customers see on every page. Empty: the company name."),
    )  # fmt: skip
    tagline = forms.CharField(label=_("Tagline"), max_length=160, required=False, widget=line())
    seed_hex = forms.CharField(
        label=_("Brand colour"), initial="#3355CC", max_length=7,
        widget=line("input--color", type="color"),
        help_text=_("One colour; every other tone is derived from it with readable contrast."),
    )  # fmt: skip
    owner_email = forms.EmailField(
        label=_("First owner's e-mail"), widget=email_line(),
        help_text=_("Signs in on the partner's host after setting a password by mail."),
    )  # fmt: skip


class ReasonForm(OwnIdsForm):
    """Why a run is sent back."""

    reason = forms.CharField(
        label=_("Reason"), max_length=500,
        error_messages={"required": _("Say why: whoever settles it again reads this.")},
        widget=area(3),
    )  # fmt: skip


class AmendForm(SeenForm):
    """Every figure of the terms in force and the rate card, to be changed from a day on."""

    day = calendar_day(_("In force from"), _("The first day, from 00:00 UTC."))
    reason = forms.CharField(
        label=_("Why"), max_length=500, widget=area(2),
        error_messages={"required": _("Say why: whoever approves it reads this.")},
    )  # fmt: skip
    card = forms.ChoiceField(
        label=_("Rate card"), required=False, widget=select(),
        help_text=_("What usage costs customers."),
    )  # fmt: skip

    def __init__(
        self, *args: Any, terms: Terms, cards: list[tuple[Any, str]], card: Any, seen: str,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(*args, initial={"card": str(card or ""), "seen": seen}, **kwargs)
        choice: Any = self.fields["card"]
        none = [] if card else [("", _("none"))]
        choice.choices = [*none, *((str(key), name) for key, name in cards)]
        self._figures = figures(terms)
        for one in self._figures:
            self.fields[_name(one.key)] = self._field(one)

    @staticmethod
    def _field(one: Figure) -> forms.Field:
        label = told(one.label)
        if one.choices:
            choices = [(choice, terms_words.FIGURES.get(choice, choice)) for choice in one.choices]
            return forms.ChoiceField(label=label, choices=choices, initial=one.text,
                                     widget=select(), required=not one.is_rare)  # fmt: skip
        widget = line(placeholder=_SHAPES.get(one.unit, ""))
        return forms.CharField(label=label, initial=one.text, widget=widget,
                               max_length=2_000 if one.unit in (PRICE, STEPS) else 60,
                               required=not (one.is_optional or one.is_rare))  # fmt: skip

    def figures(self) -> dict[str, str]:
        """What was written, by the figure's key; a rare one that was not asked stays as it is."""
        return {
            one.key: self.cleaned_data[_name(one.key)]
            for one in self._figures
            if not one.is_rare or _name(one.key) in self.data
        }

    def figure_fields(self) -> list[forms.BoundField]:
        """The fields of the figures that are often amended, in the order of the terms."""
        return [self[_name(one.key)] for one in self._figures if not one.is_rare]

    def rare_groups(self) -> list[tuple[Any, list[forms.BoundField], bool]]:
        """The others' by what they are about, and whether one of them is to be mended."""
        found = []
        for group in GROUPS:
            fields = [self[_name(one.key)] for one in self._figures if one.group == group]
            if group == GROUPS[0]:
                fields.insert(0, self["card"])
            bad = any(field.errors for field in fields)
            found.append((terms_words.GROUPS[group], fields, bad))
        return [one for one in found if one[1]]


_SHAPES = {STEPS: "10000: 0, 50000: 5, more: 10", PLAN: "enterprise: 75000"}


def _name(key: str) -> str:
    return "figure_" + key.replace(".", "_").replace("+", "new_")


class EndForm(OwnIdsForm):
    """When and why an agreement ends before its term."""

    day = calendar_day(_("Ends on"), _("The first day without the agreement, from 00:00 UTC."))
    reason = forms.CharField(
        label=_("Why"), max_length=500, widget=area(2),
        error_messages={"required": _("Say why: the final statement refers to it.")},
    )  # fmt: skip


class CountsForm(forms.Form):
    """A partner's own counts and how to compare them."""

    file = forms.FileField(
        label=_("CSV file"), widget=upload(".csv"),
        help_text=_("Header <code>hour,customer,count</code>; hours in UTC, such as "
                    "2026-10-01T13:00:00Z; the customer's id as in your requests."),
    )  # fmt: skip
    measure = forms.ChoiceField(
        label=_("It counts"), widget=select(),
        choices=[("lookups", _("Lookups")), ("cached_requests", _("Cached requests"))],
    )  # fmt: skip
    tolerance = forms.DecimalField(
        label=_("Tolerance in percent"), min_value=0, max_value=100, decimal_places=2, initial=1,
        widget=number_line(step="0.01"),
        help_text=_("An hour within this part of your own count is called matched."),
    )  # fmt: skip
