"""The form of a brand. The action decides what is possible; the fields are those of BrandFacts."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from portal.forms.fields import line, select, upload
from tenants.rules.brand import FACTS, FONTS, LONGEST

PICTURES = ("logo_light", "logo_dark", "icon")
LARGEST_UPLOAD = 2_000_000
_TAKEN = ".png,.jpg,.jpeg,.webp,.svg,image/png,image/jpeg,image/webp,image/svg+xml"


def _text(name: str, label: Any, required: bool = False, **more: Any) -> forms.CharField:
    return forms.CharField(label=label, max_length=LONGEST.get(name, 7), required=required,
                           **{"widget": line(), **more})  # fmt: skip


def _picture(label: Any, help_text: Any) -> forms.FileField:
    return forms.FileField(label=label, required=False, help_text=help_text,
                           widget=upload(_TAKEN))  # fmt: skip


class BrandForm(forms.Form):
    """Everything a partner decides about its look; `seen` tells whether somebody was faster."""

    product_name = _text("product_name", _("Product name"), required=True)
    short_name = _text("short_name", _("Short name"),
                       help_text=_("Below an icon on a phone; at most 24 characters."))  # fmt: skip
    tagline = _text("tagline", _("Tagline"), help_text=_("Beside the sign-in form."))
    seed_hex = _text("seed_hex", _("Brand colour"), required=True,
                     widget=line("mono", spellcheck="false"))  # fmt: skip
    accent_hex = _text("accent_hex", _("Accent"),
                       help_text=_("Badges and the second series of charts."),
                       widget=line("mono", spellcheck="false"))  # fmt: skip
    font = forms.ChoiceField(
        label=_("Font"), widget=select(),
        choices=[(name, _("The system's own") if name == "system" else family)
                 for name, family in FONTS.items()],
    )  # fmt: skip
    logo_light = _picture(_("Logo for light pages"),
                          _("PNG, JPEG, WebP or SVG of shapes; at most 2 MB."))  # fmt: skip
    logo_dark = _picture(_("Logo for dark pages"),
                         _("Without one the light logo is shown, plated if need be."))  # fmt: skip
    icon = _picture(_("Icon"), _("Square PNG, JPEG or WebP. Without one we draw your initial."))
    remove_logo_light = forms.BooleanField(label=_("Remove it"), required=False)
    remove_logo_dark = forms.BooleanField(label=_("Remove it"), required=False)
    remove_icon = forms.BooleanField(label=_("Remove it"), required=False)
    legal_name = _text("legal_name", _("Legal name"), required=True,
                       help_text=_("In the foot of pages and mails, on documents."))  # fmt: skip
    support_email = _text("support_email", _("Support e-mail"),
                          help_text=_("Answers to mails go here."))  # fmt: skip
    support_url = _text("support_url", _("Support page"), widget=line(placeholder="https://"))
    terms_url = _text("terms_url", _("Terms"), widget=line(placeholder="https://"))
    privacy_url = _text("privacy_url", _("Privacy"), widget=line(placeholder="https://"))
    mail_sender = _text("mail_sender", _("Sender of mails"),
                        help_text=_("The name in From. Empty: the product name."))  # fmt: skip
    powered_by = forms.BooleanField(label=_("Show “Powered by AgentCache”"), required=False)
    seen = forms.CharField(max_length=120, required=False, widget=forms.HiddenInput())

    def clean(self) -> dict[str, Any]:
        """Uploads that are too large are refused before they are read."""
        cleaned: dict[str, Any] = super().clean() or {}
        for name in PICTURES:
            upload = cleaned.get(name)
            if upload and upload.size > LARGEST_UPLOAD:
                self.add_error(name, _("The file has more than 2 MB."))
        return cleaned

    def given(self, before: dict[str, Any]) -> dict[str, Any]:
        """The facts as the action takes them; a picture that was not replaced stays."""
        facts = {name: self.cleaned_data[name] for name in FACTS if name not in PICTURES}
        kept = {name: "" if self.cleaned_data[f"remove_{name}"] else before.get(name, "")
                for name in PICTURES}  # fmt: skip
        return {**facts, **kept}

    def uploads(self) -> dict[str, bytes]:
        """What was uploaded, by member."""
        return {name: self.cleaned_data[name].read() for name in PICTURES
                if self.cleaned_data.get(name)}  # fmt: skip
