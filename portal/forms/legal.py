"""The form about one legal text. `tenants.rules.legal` judges it."""

from django import forms
from django.utils.translation import gettext_lazy as _

from portal.forms.fields import area


class LegalForm(forms.Form):
    """A text in Markdown, and the version that the form was opened on."""

    text = forms.CharField(
        label=_("Text"), required=False, strip=False, widget=area(22, "mono"),
        help_text=_("Markdown: headings, lists, tables and links; pictures and HTML are not shown. "
                    "Empty: our start, where there is one."),
    )  # fmt: skip
    seen = forms.IntegerField(min_value=0, max_value=2**31 - 2, widget=forms.HiddenInput())
