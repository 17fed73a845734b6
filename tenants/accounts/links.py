"""Addresses that let somebody in without a mail: for who works on the servers."""

from allauth.account import app_settings
from allauth.account.utils import user_pk_to_url_str
from django.urls import reverse

from tenants.accounts.models import User


def password_path(person: User, urlconf: str) -> str:
    """The path of the page that sets a person's password; as the mail of "Forgot it?" has it.

    It works once, for three days (PASSWORD_RESET_TIMEOUT). In the schema of the person's host.
    """
    key = app_settings.PASSWORD_RESET_TOKEN_GENERATOR().make_token(person)
    names = {"uidb36": user_pk_to_url_str(person), "key": key}
    return reverse("account_reset_password_from_key", kwargs=names, urlconf=urlconf)
