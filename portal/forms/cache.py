"""What of a customer's cache is to go."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from portal.forms.fields import line, select

LONGEST = 64


class PurgeForm(forms.Form):
    """Everything, or what bears one tag. The form asks, its answer is confirmed by another."""

    what = forms.ChoiceField(
        label=_("What"), widget=select(),
        choices=[("tag", _("Entries with a tag")), ("all", _("All entries"))],
    )  # fmt: skip
    tag = forms.CharField(
        label=_("Tag"), required=False, max_length=LONGEST * 2 + 1, widget=line(spellcheck="false"),
        help_text=_("As it was stored: a name such as faq, or name=value."),
    )  # fmt: skip
    mode = forms.ChoiceField(
        label=_("Mode"), widget=select(),
        choices=[("live", _("Live")), ("test", _("Test: never billed"))],
    )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        """A tag as the API takes it, or none for everything."""
        given: dict[str, Any] = super().clean() or {}
        tag = given.get("tag", "")
        if given.get("what") == "all":
            given["tag"] = ""
        elif "tag" in given and not _is_tag(tag):
            self.add_error("tag", _now("Name a tag: up to 64 printable characters, and as many "
                                       "after a = sign."))  # fmt: skip
        return given


class PartnerPurgeForm(PurgeForm):
    """The same of one of the partner's customers."""

    customer = forms.CharField(
        label=_("Customer"), max_length=200, widget=line(spellcheck="false"),
        help_text=_("Your id of it."),
    )  # fmt: skip
    field_order = ("customer", "what", "tag", "mode")


def _is_tag(tag: str) -> bool:
    name, _is_pair, text = tag.partition("=")
    return bool(name) and tag.isprintable() and max(len(name), len(text)) <= LONGEST
