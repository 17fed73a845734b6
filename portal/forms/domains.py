"""Forms about a partner's own domains."""

from django import forms
from django.utils.translation import gettext_lazy as _

from portal.forms.fields import email_line, line


class HostForm(forms.Form):
    """A name to be served under."""

    host = forms.CharField(
        label=_("Domain name"), max_length=300,
        widget=line(spellcheck="false", placeholder="cache.your-company.com"),
        help_text=_("A name below a domain that you own. Its DNS needs two records, which the "
                    "next page shows."),
    )  # fmt: skip


class SendForm(forms.Form):
    """Whom to send the records to."""

    email = forms.EmailField(
        label=_("E-mail of whoever manages the DNS"), max_length=254,
        widget=email_line(spellcheck="false"),
    )  # fmt: skip


class ReleaseForm(forms.Form):
    """To give up a name, it is written once more."""

    host = forms.CharField(label=_("Write the name to confirm"), max_length=300,
                           widget=line(spellcheck="false"))  # fmt: skip
