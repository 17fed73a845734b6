"""People: one table per schema, so one e-mail at two partners is two unlinked people."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Django's entry for the accounts app."""

    name = "tenants.accounts"
    label = "accounts"
    verbose_name = "People"
