"""The form about a partner's own address for mails."""

from django import forms
from django.utils.translation import gettext_lazy as _

from portal.forms.fields import email_line


class SenderForm(forms.Form):
    """An address of the partner's own domain."""

    address = forms.CharField(
        label=_("Address that mails come from"), max_length=300,
        widget=email_line(placeholder="cache@your-company.com"),
        help_text=_("At a domain of your own, whose DNS needs two records. Mail that cannot be "
                    "delivered comes back to it, so somebody should read it."),
    )  # fmt: skip
