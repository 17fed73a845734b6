"""Forms about webhooks and alerts. The actions decide whether it is possible."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cache_api.rules.hooks import catalogue
from portal import words
from portal.forms.fields import SeenForm, date_line, line, number_line, select
from portal.forms.people import OVERLAPS

DAY = timedelta(days=1)


class EndpointForm(SeenForm):
    """An endpoint's address and what it is told."""

    url = forms.CharField(
        label=_("Address"), max_length=1000,
        widget=line(inputmode="url", spellcheck="false", placeholder="https://"),
        help_text=_("Begins with https:// and answers within 15 seconds with a 2xx status."),
    )  # fmt: skip
    label = forms.CharField(label=_("Label"), max_length=80, required=False, widget=line())
    types = forms.MultipleChoiceField(
        label=_("Events"), widget=forms.CheckboxSelectMultiple(),
        error_messages={"required": _("Choose at least one event.")},
    )  # fmt: skip

    def __init__(self, *args: Any, audience: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice: Any = self.fields["types"]
        choice.choices = [
            (one.name, words.HOOK_EVENTS[one.name]) for one in catalogue.offered(audience)
        ]

    def facts(self) -> dict[str, Any]:
        """What was written, as a new endpoint takes it."""
        return {name: self.cleaned_data[name] for name in ("url", "label", "types")}


class RollForm(forms.Form):
    """How long the old secret works beside the new one."""

    overlap = forms.ChoiceField(
        label=_("The old secret"), initial="1d", widget=select(),
        choices=[("0", _("Stop the old secret at once")),
                 *((name, label) for name, (label, _length) in OVERLAPS.items() if name != "0")],
    )  # fmt: skip

    def length(self) -> timedelta:
        """The overlap that was chosen."""
        return OVERLAPS[self.cleaned_data["overlap"]][1]


class ReplayForm(forms.Form):
    """What to send again: whole UTC days, both included."""

    start = forms.DateField(label=_("From (UTC)"), widget=date_line())
    end = forms.DateField(label=_("Until and with (UTC)"), widget=date_line())

    def span(self) -> tuple[datetime, datetime]:
        """The first instant, and the first one after."""
        first, last = self.cleaned_data["start"], self.cleaned_data["end"]
        midnight = time(tzinfo=UTC)
        return datetime.combine(first, midnight), datetime.combine(last, midnight) + DAY


class AlertForm(forms.Form):
    """What to watch; the field `customer` is a partner's only."""

    kind = forms.ChoiceField(
        label=_("Watch"), choices=list(words.ALERT_KINDS.items()), widget=select()
    )
    name = forms.CharField(label=_("Name"), max_length=80, widget=line())
    limit = forms.DecimalField(
        label=_("Limit"), max_digits=15, decimal_places=2, widget=number_line(step="any"),
        help_text=_("Budget: money of a month. Hit rate: percentage points lost against the seven "
                    "days before. Latency: milliseconds. Quota: percent used."),
    )  # fmt: skip
    customer = forms.CharField(
        label=_("Customer"), max_length=200, required=False, widget=line(spellcheck="false"),
        help_text=_("Your id of one customer. Empty: all customers together."),
    )  # fmt: skip
    by_mail = forms.BooleanField(
        label=_("Send mail to everybody who may set alerts"), required=False, initial=True
    )

    def __init__(self, *args: Any, for_customer: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if for_customer:
            del self.fields["customer"]
