"""Forms of incidents; the fields are the arguments of `tenants.actions.incidents`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from portal import words
from portal.forms.fields import SeenForm, area, line, select
from tenants.models import Incident, IncidentUpdate
from tenants.rules.status import COMPONENTS


class IncidentForm(forms.Form):
    """A new incident; without a chosen partner it concerns all of them."""

    incident_id = forms.UUIDField(widget=forms.HiddenInput)
    title = forms.CharField(label=_("Title"), max_length=120,
                            widget=line())  # fmt: skip
    component = forms.ChoiceField(
        label=_("What is affected"), widget=select(),
        choices=[(one, words.COMPONENTS[one]) for one in COMPONENTS],
    )  # fmt: skip
    impact = forms.ChoiceField(
        label=_("How badly"), widget=select(),
        choices=[(one, words.LEVELS[one].label) for one in Incident.Impact.values],
    )  # fmt: skip
    text = forms.CharField(label=_("What is known"), max_length=1000, widget=area(4),
                           help_text=_("Partners and their customers read this."))  # fmt: skip
    slugs = forms.MultipleChoiceField(
        label=_("Only these partners"), required=False, widget=forms.CheckboxSelectMultiple,
        help_text=_("None chosen: all partners."),
    )  # fmt: skip

    def __init__(self, *args: Any, partners: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["slugs"].choices = list(partners)  # type: ignore[attr-defined]


class UpdateForm(SeenForm):
    """What is known now."""

    state = forms.ChoiceField(
        label=_("State"), widget=select(),
        choices=[(one, words.INCIDENT_STATES[one].label) for one in IncidentUpdate.State.values],
    )  # fmt: skip
    text = forms.CharField(label=_("What is known"), max_length=1000, widget=area(4))
