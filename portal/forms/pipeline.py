"""Forms of the pipeline: what is known of a prospect and offered to it, notes, the letter."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from billing.rules.money import round_minor, to_major
from billing.rules.planning.offer import CURRENCY, OFFERED, Figures, figures_json
from portal import words
from portal.forms.fields import SeenForm, area, date_line, email_line, line, select
from portal.forms.own_ids import OwnIdsForm
from tenants.actions.prospects import About
from tenants.models import Partner
from tenants.rules.pipeline import SAID

_KINDS = [(kind, name) for kind, name in words.PARTNER_KINDS.items() if kind != Partner.Kind.DIRECT]
PERCENT, MOST = Decimal(100), 10**12


def _number(label: Any, least: Any, most: Any, places: int = 2, **more: Any) -> forms.DecimalField:
    widget = line(inputmode="decimal")
    return forms.DecimalField(label=label, min_value=least, max_value=most, decimal_places=places,
                              max_digits=18, widget=widget, **more)  # fmt: skip


class ProspectForm(SeenForm):
    """A company, who looks after it, and the figures of its proposal."""

    name = forms.CharField(label=_("Company"), max_length=120, widget=line())
    kind = forms.ChoiceField(label=_("Kind of partner"), choices=_KINDS, widget=select(),
                             help_text=_("Chooses the pitch and the default share."))  # fmt: skip
    owner = forms.ChoiceField(label=_("Owner"), widget=select())
    partner = forms.ChoiceField(
        label=_("Opened partner"), required=False, widget=select(),
        help_text=_("Signed, live and first revenue are read from it."),
    )  # fmt: skip
    contact_name = forms.CharField(label=_("Contact"), max_length=120, required=False,
                                   widget=line())  # fmt: skip
    contact_email = forms.EmailField(
        label=_("Contact's e-mail"), required=False, widget=email_line(),
    )  # fmt: skip
    product = forms.CharField(
        label=_("Name under its brand"), max_length=80, required=False, widget=line(),
        help_text=_("As in “ElastiCache AI Edition”. Empty: the company and “AI Cache”."),
    )  # fmt: skip
    template = forms.ChoiceField(
        label=_("Deal"), widget=select(), choices=[(one, words.TEMPLATES[one]) for one in OFFERED]
    )
    monthly_requests = forms.IntegerField(
        label=_("Requests a month, first year"), min_value=0, max_value=MOST,
        widget=line(inputmode="numeric"),
    )  # fmt: skip
    hit_rate = _number(_("Answered from the cache, %"), 0, 100)
    unit_price = _number(_("Price per cached request, $"), 0, 1000, places=6)
    growth = _number(_("Growth a year, %"), 0, 1000)
    base_yearly = _number(_("Base fee a year, $"), 0, MOST, required=False,
                          help_text=_("Empty: the deal's own."))  # fmt: skip

    def __init__(self, *args: Any, owners: Sequence[str], partners: Sequence[tuple[str, str]],
                 **kwargs: Any) -> None:  # fmt: skip
        super().__init__(*args, **kwargs)
        self.fields["owner"].choices = [(one, one) for one in owners]  # type: ignore[attr-defined]
        self.fields["partner"].choices = [("", _("none yet")), *partners]  # type: ignore[attr-defined]

    def about(self) -> About:
        """The cleaned values as the actions take them."""
        given = self.cleaned_data
        base = given["base_yearly"]
        figures = Figures(
            template=given["template"], monthly_requests=given["monthly_requests"],
            hit_rate_bps=int(given["hit_rate"] * PERCENT), unit_price=given["unit_price"],
            growth_bps=int(given["growth"] * PERCENT),
            base_yearly_minor=None if base is None else round_minor(base, CURRENCY),
        )  # fmt: skip
        names = ("name", "kind", "owner", "contact_name", "contact_email", "product", "partner")
        return About(**{name: given[name] for name in names}, offer=figures_json(figures))


def figures_initial(figures: Figures) -> dict[str, Any]:
    """The form's values of an offer."""
    base = figures.base_yearly_minor
    return {
        "template": figures.template, "monthly_requests": figures.monthly_requests,
        "hit_rate": _plain(figures.hit_rate_bps / PERCENT),
        "growth": _plain(figures.growth_bps / PERCENT), "unit_price": _plain(figures.unit_price),
        "base_yearly": None if base is None else _plain(to_major(base, CURRENCY)),
    }  # fmt: skip


def _plain(value: Decimal) -> str:
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


class NewProspectForm(ProspectForm):
    """The same with the number that makes a second click harmless."""

    prospect_id = forms.UUIDField(widget=forms.HiddenInput)


class MoveForm(SeenForm, OwnIdsForm):
    """What stage somebody says it is in."""

    stage = forms.ChoiceField(
        label=_("Stage"),
        widget=select(),
        choices=[(one.value, words.STAGES[one].label) for one in SAID],
    )
    text = forms.CharField(label=_("Why"), max_length=500, required=False, widget=line())


class NoteForm(SeenForm, OwnIdsForm):
    """A note, and what comes next."""

    text = forms.CharField(
        label=_("Note"),
        max_length=2000,
        required=False,
        widget=area(3),
    )
    next_step = forms.CharField(label=_("Next step"), max_length=200, required=False,
                                widget=line())  # fmt: skip
    next_step_on = forms.DateField(
        label=_("Until"), required=False, widget=date_line(),
    )  # fmt: skip


class LetterForm(OwnIdsForm):
    """The pitch, to be edited before it goes out."""

    to = forms.EmailField(label=_("To"), widget=email_line())
    subject = forms.CharField(label=_("Subject"), max_length=200, widget=line())
    text = forms.CharField(
        label=_("Text"),
        max_length=7000,
        widget=area(18),
    )
    with_proposal = forms.BooleanField(label=_("Attach the proposal as PDF"), required=False,
                                       initial=True)  # fmt: skip
