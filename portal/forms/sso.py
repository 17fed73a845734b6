"""Forms about connections for single sign-on, and break-glass."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from portal import words
from portal.forms.fields import email_line, line, mono_area, secret_line, select, upload
from portal.words import sso as sso_words
from tenants.accounts.models import Connection
from tenants.rules import roles, sso
from tenants.rules.roles import Audience
from tenants.rules.sso import MOST_METADATA, SsoRefused, Trust

# What a new account gets unless something else is chosen.
MODEST = {Audience.PARTNER: "analyst", Audience.CUSTOMER: "customer_viewer"}


class ConnectionForm(forms.Form):
    """A connection; which of the provider's fields there are depends on its kind."""

    name = forms.CharField(
        label=_("Name"), max_length=60, widget=line(placeholder="Okta"),
        help_text=_("The button on the page for signing in says: Continue with this name."),
    )  # fmt: skip
    issuer = forms.CharField(
        label=_("Issuer"), max_length=1000, widget=line(inputmode="url", placeholder="https://"),
        help_text=_("Its document is read at /.well-known/openid-configuration below it."),
    )  # fmt: skip
    client_id = forms.CharField(
        label=_("Client ID"), max_length=300, widget=line(spellcheck="false")
    )
    secret = forms.CharField(
        label=_("Client secret"), max_length=500, strip=True, widget=secret_line("off"),
        help_text=_("Kept encrypted and never shown again."),
    )  # fmt: skip
    metadata_url = forms.CharField(
        label=_("Address of the metadata"), max_length=1000, required=False,
        widget=line(inputmode="url", placeholder="https://"),
    )  # fmt: skip
    metadata = forms.FileField(
        label=_("Or its file (XML)"), required=False, widget=upload(".xml,application/xml"),
        help_text=_("At most 256 kB."),
    )  # fmt: skip
    domains = forms.CharField(
        label=_("Domains of your e-mail addresses"), max_length=5000, widget=mono_area(2),
        help_text=_("One a line, such as: your-company.com. Nobody with another address gets in."),
    )  # fmt: skip
    trusts_email = forms.BooleanField(
        label=_("The provider vouches for its addresses without saying “email_verified”"),
        required=False,
        help_text=_("Needed for Microsoft Entra ID and for SAML. Only for a directory in which "
                    "people cannot change their address themselves."),
    )  # fmt: skip
    opens_accounts = forms.BooleanField(
        label=_("Open an account for whoever signs in for the first time"), required=False,
        help_text=_("Otherwise only people with an account or an invitation get in."),
    )  # fmt: skip
    default_role = forms.ChoiceField(label=_("Role of a new account"), widget=select())
    role_claim = forms.CharField(
        label=_("Claim that decides about the role"), max_length=200, required=False,
        widget=line(spellcheck="false", placeholder="groups"),
    )  # fmt: skip
    role_map = forms.CharField(
        label=_("Its values and their roles"), max_length=12_000, required=False,
        widget=mono_area(3),
        help_text=_("One a line: value = role. The first line that matches counts, for new "
                    "accounts only. Nobody becomes an owner this way."),
    )  # fmt: skip
    second_factor = forms.ChoiceField(
        label=_("Second factor"), widget=select(),
        choices=[(one, sso_words.SECOND_FACTORS[one]) for one in sso.SECOND_FACTOR],
    )  # fmt: skip
    seen = forms.CharField(max_length=40, required=False, widget=forms.HiddenInput())

    def __init__(
        self, *args: Any, kind: str, giver: str, audience: Audience,
        known: Connection | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        if known is not None:
            kwargs["initial"] = _as_initial(known)
        super().__init__(*args, **kwargs)
        self.kind, self.known, self.audience = kind, known, audience
        other = ("metadata_url", "metadata") if kind == Connection.OIDC else (
            "issuer", "client_id", "secret")  # fmt: skip
        for name in other:
            del self.fields[name]
        role: Any = self.fields["default_role"]
        role.choices = [(one, words.word(words.ROLES, one).label) for one in sso.GIVEN[audience]
                        if roles.may_give(giver, one)]  # fmt: skip
        if known is not None and kind == Connection.OIDC:
            self.fields["secret"].required = False
            self.fields["secret"].help_text = _("Empty: the present one stays.")
        elif known is not None:
            self.fields["metadata"].help_text = _("Both empty: what was read stays.")
        elif kind == Connection.SAML:
            self.fields["trusts_email"].initial = True
        if known is None:
            self.fields["default_role"].initial = MODEST[audience]
        mapping: Any = self.fields["role_map"]
        mapping.widget.attrs["placeholder"] = f"engineers = {MODEST[audience]}"

    def clean_domains(self) -> list[str]:
        """The domains as a list."""
        return self._checked(sso.checked_domains, self.cleaned_data["domains"])

    def clean_role_map(self) -> list[list[str]]:
        """The mapping, in its order."""
        given = sso.GIVEN[self.audience]
        return self._checked(sso.checked_mapping, self.cleaned_data["role_map"], given)

    def clean_metadata(self) -> bytes:
        """The file's content; refused before it is read when it is too large."""
        given = self.cleaned_data.get("metadata")
        if given is not None and given.size > MOST_METADATA:
            most = MOST_METADATA // 1024
            raise ValidationError(sso_words.refusal(SsoRefused("metadata_large", most=most)))
        return given.read() if given is not None else b""

    def clean(self) -> dict[str, Any]:
        """A new SAML connection needs its metadata one way or the other."""
        found: dict[str, Any] = super().clean() or {}
        given = found.get("metadata_url") or found.get("metadata")
        if self.kind == Connection.SAML and self.known is None and not given and not self.errors:
            self.add_error("metadata_url", sso_words.refusal(SsoRefused("no_metadata")))
        return found

    def trust(self) -> Trust:
        """What was decided, as the rules take it."""
        given = self.cleaned_data
        decided = {name: given[name] for name in Trust.__dataclass_fields__ if name in given}
        return Trust(**decided, audience=self.audience)

    @staticmethod
    def _checked(check: Any, *given: Any) -> Any:
        try:
            return check(*given)
        except SsoRefused as refused:
            raise ValidationError(sso_words.refusal(refused)) from refused


def _as_initial(row: Connection) -> dict[str, Any]:
    lines = [f"{value} = {role}" for value, role in row.role_map]
    plain = ("name", "client_id", "trusts_email", "opens_accounts", "default_role", "role_claim",
             "second_factor")  # fmt: skip
    return {**{name: getattr(row, name) for name in plain}, "issuer": row.idp["issuer"],
            "domains": "\n".join(row.domains), "role_map": "\n".join(lines),
            "seen": str(row.seen)}  # fmt: skip


class FindForm(forms.Form):
    """Whose provider somebody looks for."""

    email = forms.EmailField(
        label=_("E-mail"), max_length=254, widget=email_line(autocomplete="username"),
    )  # fmt: skip


class BreakGlassForm(forms.Form):
    """Who an owner is, by all that is left without the provider."""

    email = forms.EmailField(
        label=_("E-mail"), max_length=254, widget=email_line(autocomplete="username"),
    )  # fmt: skip
    password = forms.CharField(
        label=_("Password"), max_length=200, strip=False, widget=secret_line("current-password"),
    )  # fmt: skip
    code = forms.CharField(
        label=_("Code"), max_length=20, widget=line(autocomplete="one-time-code"),
        help_text=_("From your authenticator app, or a recovery code."),
    )  # fmt: skip
