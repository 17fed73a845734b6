"""What people say about themselves."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from portal.forms.fields import line, select
from portal.local import zones
from tenants.rules.mails import kinds_for

THEMES = [("", _("As the device has it")), ("light", _("Light")), ("dark", _("Dark"))]
MAILS: dict[str, Any] = {
    "documents": _("Invoices, credit notes and statements"),
    "alerts": _("Alerts that fire"),
    "webhooks": _("Webhooks that fail or are disabled"),
    "domains": _("Domains and their certificates"),
}


class ProfileForm(forms.Form):
    """Name, language, time zone, look; `mails` are the kinds that reach the role at all."""

    name = forms.CharField(
        label=_("Name"), max_length=120, required=False, widget=line(autocomplete="name"),
        help_text=_("As colleagues see it."),
    )  # fmt: skip
    language = forms.ChoiceField(
        label=_("Language"), required=False, widget=select(),
        help_text=_("Of all pages, on every device on which you sign in."),
    )  # fmt: skip
    time_zone = forms.ChoiceField(
        label=_("Time zone"), required=False, widget=select(),
        help_text=_("Shown beside UTC, in which days, months and amounts are counted."),
    )  # fmt: skip
    theme = forms.ChoiceField(
        label=_("Appearance"), required=False, choices=THEMES, widget=select(),
        help_text=_("Where you chose none in the menu of a device."),
    )  # fmt: skip
    mails = forms.MultipleChoiceField(
        label=_("Mails"), required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, role: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        language: Any = self.fields["language"]
        language.choices = [("", _("As the browser asks")), *settings.LANGUAGES]
        zone: Any = self.fields["time_zone"]
        zone.choices = [("", _("UTC alone")), *((one, one.replace("_", " ")) for one in zones())]
        mails: Any = self.fields["mails"]
        mails.choices = [(kind, MAILS[kind]) for kind in kinds_for(role)]
