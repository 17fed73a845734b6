"""Forms about keys, people and customers. The actions decide whether it is possible."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from portal import words
from tenants.rules import roles
from tenants.rules.addresses import MOST, pasted

OVERLAPS = {
    "0": (_("Stop the old key at once"), timedelta(0)),
    "1h": (_("Both work for an hour"), timedelta(hours=1)),
    "1d": (_("Both work for a day"), timedelta(days=1)),
    "7d": (_("Both work for seven days"), timedelta(days=7)),
}


def _input(**attrs: Any) -> forms.TextInput:
    return forms.TextInput(attrs={"class": "input", "autocomplete": "off", **attrs})


def _select() -> forms.Select:
    return forms.Select(attrs={"class": "select"})


class KeyForm(forms.Form):
    """A new key; the field `customer` is a partner's only."""

    label = forms.CharField(
        label=_("Label"), max_length=80, required=False, widget=_input(),
        help_text=_("Where the key is used, such as: checkout, production."),
    )  # fmt: skip
    mode = forms.ChoiceField(
        label=_("Mode"), choices=[("test", _("Test: never billed")), ("live", _("Live"))],
        widget=_select(),
    )  # fmt: skip
    customer = forms.CharField(
        label=_("Customer"), max_length=200, required=False, widget=_input(spellcheck="false"),
        help_text=_("Your id of one customer: the key then serves it alone. Empty: requests name "
                    "their customer."),
    )  # fmt: skip

    def __init__(self, *args: Any, for_customer: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if for_customer:
            del self.fields["customer"]


class RotateForm(forms.Form):
    """How long the old key works beside its successor."""

    overlap = forms.ChoiceField(
        label=_("The old key"), initial="1d", widget=_select(),
        choices=[(name, label) for name, (label, _length) in OVERLAPS.items()],
    )  # fmt: skip

    def length(self) -> timedelta:
        """The overlap that was chosen."""
        return OVERLAPS[self.cleaned_data["overlap"]][1]


class InviteForm(forms.Form):
    """Whom to invite, as what."""

    email = forms.EmailField(
        label=_("E-mail"), max_length=254,
        widget=forms.EmailInput(attrs={"class": "input", "autocomplete": "off"}),
    )  # fmt: skip
    name = forms.CharField(label=_("Name"), max_length=120, required=False, widget=_input())
    role = forms.ChoiceField(label=_("Role"), widget=_select())

    def __init__(self, *args: Any, giver: str, audience: roles.Audience, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["role"]
        field.choices = role_choices(giver, audience)
        field.initial = field.choices[-1][0]


class InviteManyForm(forms.Form):
    """Many at once, all with the same role."""

    emails = forms.CharField(
        label=_("E-mail addresses"), max_length=20_000,
        widget=forms.Textarea(attrs={"class": "textarea mono", "rows": 8, "spellcheck": "false"}),
        help_text=_("One a line, or apart by commas. At most 50."),
    )  # fmt: skip
    role = forms.ChoiceField(label=_("Role"), widget=_select())

    def __init__(self, *args: Any, giver: str, audience: roles.Audience, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["role"]
        field.choices = role_choices(giver, audience)
        field.initial = field.choices[-1][0]

    def clean_emails(self) -> tuple[str, ...]:
        """The addresses; every line that is none is named, and nobody is invited."""
        found = pasted(self.cleaned_data["emails"])
        said = _("Line %(number)s is no e-mail address: %(text)s")
        bad = [said % {"number": number, "text": text} for number, text in found.bad]
        if len(found.good) > MOST:
            bad.append(_("These are %(count)s addresses; at most %(most)s go at once.")
                       % {"count": len(found.good), "most": MOST})  # fmt: skip
        if bad:
            raise forms.ValidationError([str(one) for one in bad])
        return found.good


def role_choices(giver: str, audience: roles.Audience) -> list[tuple[str, Any]]:
    """The roles of a circle that somebody with the role `giver` may give."""
    return [
        (role, words.word(words.ROLES, role).label)
        for role in roles.PERMISSIONS[audience]
        if roles.may_give(giver, role)
    ]


class NewCustomerForm(forms.Form):
    """A customer before its first request."""

    external_id = forms.CharField(
        label=_("Your id"), max_length=200, widget=_input(spellcheck="false"),
        help_text=_("What requests send as customer_id. It never changes."),
    )  # fmt: skip
    name = forms.CharField(label=_("Name"), max_length=120, required=False, widget=_input())
    plan = forms.CharField(label=_("Plan"), max_length=80, required=False, widget=_input())


class BillingForm(forms.Form):
    """What a customer itself says of its invoices; country and tax id decide tax: its partner's."""

    legal_name = forms.CharField(label=_("Legal name"), max_length=160, required=False,
                                 widget=_input(), help_text=_("As on documents."))  # fmt: skip
    address = forms.CharField(
        label=_("Address"), max_length=800, required=False,
        widget=forms.Textarea(attrs={"class": "textarea", "rows": 3}),
    )  # fmt: skip
    email = forms.EmailField(
        label=_("Billing e-mail"), max_length=254, required=False,
        widget=forms.EmailInput(attrs={"class": "input", "autocomplete": "off"}),
        help_text=_("Where invoices go."),
    )  # fmt: skip
    reference = forms.CharField(
        label=_("Reference"), max_length=60, required=False, widget=_input(),
        help_text=_("Stands on the next invoices, such as the number of an order."),
    )  # fmt: skip
    seen = forms.CharField(max_length=40, required=False, widget=forms.HiddenInput())


class CustomerForm(BillingForm):
    """The same with name, plan and what decides tax and currency."""

    name = forms.CharField(label=_("Name"), max_length=120, required=False, widget=_input())
    plan = forms.CharField(label=_("Plan"), max_length=80, required=False, widget=_input())
    country = forms.CharField(label=_("Country"), max_length=2, required=False,
                              widget=_input(placeholder="DE"))  # fmt: skip
    tax_id = forms.CharField(label=_("Tax ID"), max_length=40, required=False, widget=_input())
    currency = forms.CharField(
        label=_("Currency"), max_length=3, required=False, widget=_input(placeholder="EUR"),
        help_text=_("Of its next invoices; those that are issued stay as they are."),
    )  # fmt: skip


class QuotaForm(forms.Form):
    """How many lookups a customer may make; both empty for no quota."""

    day = forms.IntegerField(
        label=_("Lookups a day"), min_value=0, max_value=10**15, required=False,
        widget=_input(inputmode="numeric"), help_text=_("A day in UTC. Empty: no daily limit."),
    )  # fmt: skip
    month = forms.IntegerField(
        label=_("Lookups a month"), min_value=0, max_value=10**15, required=False,
        widget=_input(inputmode="numeric"),
        help_text=_("A calendar month in UTC. Empty: no monthly limit."),
    )  # fmt: skip
    hard = forms.BooleanField(
        label=_("Refuse requests beyond it (otherwise they are answered as misses)"),
        required=False,
    )  # fmt: skip

    def quota(self) -> dict[str, Any] | None:
        """As `set_quota` takes it."""
        counts = {name: self.cleaned_data[name] for name in ("day", "month")}
        given = {name: count for name, count in counts.items() if count is not None}
        return {**given, "hard": self.cleaned_data["hard"]} if given else None


class SuspendForm(forms.Form):
    """Why a customer's requests are refused."""

    reason = forms.CharField(
        label=_("Reason"), max_length=500,
        widget=forms.Textarea(attrs={"class": "textarea", "rows": 2}),
        error_messages={"required": _("Say why: whoever resumes it reads this.")},
    )  # fmt: skip


class ViewAsForm(forms.Form):
    """Why somebody looks at a customer's portal, and as which of its roles."""

    role = forms.ChoiceField(label=_("See it as"), initial="customer_viewer", widget=_select())
    reason = forms.CharField(
        label=_("Reason"), max_length=500,
        widget=forms.Textarea(attrs={"class": "textarea", "rows": 2}),
        help_text=_("The customer's owners read it."),
        error_messages={"required": _("Say why: the customer's owners read it.")},
    )  # fmt: skip
    ticket = forms.CharField(
        label=_("Ticket"), max_length=80, required=False, widget=_input(),
        help_text=_("The number under which you were asked."),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["role"]
        field.choices = [(role, words.word(words.ROLES, role).label)
                         for role in roles.PERMISSIONS[roles.Audience.CUSTOMER]]  # fmt: skip


class ImportForm(forms.Form):
    """A table of customers."""

    file = forms.FileField(
        label=_("CSV file"), widget=forms.FileInput(attrs={"class": "input", "accept": ".csv"}),
        help_text=_("UTF-8, at most 10 MB and 100,000 customers."),
    )  # fmt: skip
    only_check = forms.BooleanField(label=_("Only check it; change nothing"), required=False)
    as_file = forms.BooleanField(
        label=_("Lines that cannot be taken as a CSV file, all of them"), required=False
    )
