"""Forms of operations: a switch with its reason and end; the fields are the action's arguments."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from portal.forms.fields import line, secret_line, select
from portal.words import operations as words
from tenants.rules.switches import KINDS, REASON_LENGTH

EVERYBODY = "*"
HOURS: dict[str, Any] = {
    "1": _("One hour"), "4": _("4 hours"), "24": _("One day"), "168": _("One week"),
    "": _("Until somebody ends it"),
}  # fmt: skip


class SwitchForm(forms.Form):
    """What is turned off, for whom, why, how long; and the password of who does it."""

    kind = forms.ChoiceField(
        label=_("Switch"), widget=select(),
        choices=[(one, words.SWITCHES[one].label) for one in KINDS],
    )  # fmt: skip
    whom = forms.ChoiceField(
        label=_("For whom"), widget=select(),
        help_text=_("A region for draining, else a partner or all."),
    )  # fmt: skip
    reason = forms.CharField(
        label=_("Why"), max_length=REASON_LENGTH, widget=line(),
        help_text=_("The partner reads this in its audit log."),
    )  # fmt: skip
    hours = forms.ChoiceField(label=_("How long"), widget=select(), required=False,
                              choices=list(HOURS.items()))  # fmt: skip
    password = forms.CharField(label=_("Your password"), widget=secret_line("current-password"))

    def __init__(
        self, *args: Any, partners: Sequence[tuple[uuid.UUID, str]], regions: Sequence[str],
        **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(*args, **kwargs)
        self.fields["whom"].choices = [  # type: ignore[attr-defined]
            (EVERYBODY, _("All partners")),
            (_("Partners"), [(f"partner:{one}", name) for one, name in partners]),
            (_("Regions"), [(f"region:{name}", name) for name in regions]),
        ]

    def facts(self, now: datetime) -> dict[str, Any]:
        """`kind, partner_id, region, reason, until` of a valid form."""
        what, _colon, name = self.cleaned_data["whom"].partition(":")
        hours = self.cleaned_data["hours"]
        return {
            "kind": self.cleaned_data["kind"], "reason": self.cleaned_data["reason"],
            "partner_id": uuid.UUID(name) if what == "partner" else None,
            "region": name if what == "region" else "",
            "until": now.astimezone(UTC) + timedelta(hours=int(hours)) if hours else None,
        }  # fmt: skip


class LookForm(forms.Form):
    """A look at a partner's portal: whose, why; and the password of who looks."""

    slug = forms.ChoiceField(label=_("Partner"), widget=select())
    reason = forms.CharField(
        label=_("Why"), max_length=REASON_LENGTH, widget=line(),
        help_text=_("The partner reads this in its audit log."),
    )  # fmt: skip
    password = forms.CharField(label=_("Your password"), widget=secret_line("current-password"))

    def __init__(self, *args: Any, partners: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["slug"].choices = list(partners)  # type: ignore[attr-defined]
